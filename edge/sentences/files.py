"""Reads sentences: plain lists, Home Assistant's sentence files, folders of them, and what Home Assistant ships."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import EdgeError, FormatError, OptionError

SHIPPED = "homeassistant"
"""Name of the sentences that come with `home-assistant-intents`."""

_NEEDED = ("hassil", "yaml", "home_assistant_intents")
_PLAIN, _STRUCTURED = (".txt",), (".yaml", ".yml", ".json")
_MOST_BYTES = 32 << 20


def require() -> None:
    """Raise EdgeError where something is missing; it says what to install."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise EdgeError(f'sentences need {", ".join(missing)}: pip install "edgewise[assist]"')


def read_all(sources: tuple[str | Path, ...], language: str | None) -> dict[str, Any]:
    """Read sources and merge them into one table of Home Assistant's form."""
    from hassil.util import merge_dict

    merged: dict[str, Any] = {}
    for source in sources:
        for found in _read(source, language):
            merge_dict(merged, found)
    if not merged.get("intents"):
        raise OptionError(f"expected sentences, found none in {', '.join(map(str, sources)) or 'no file'}")
    merged["language"] = language or merged.get("language") or "en"
    return merged


def _read(source: str | Path, language: str | None) -> Iterator[dict[str, Any]]:
    if source == SHIPPED:
        yield _shipped(language or "en")
        return
    path = Path(source)
    if not path.exists():
        raise OptionError(f'{path}: expected a file or folder of sentences, or "{SHIPPED}"; found nothing there')
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.suffix in _PLAIN + _STRUCTURED and one.is_file())
        if not files:
            raise OptionError(f"{path}: expected files of sentences (.txt, .yaml, .json), found none")
    else:
        files = [path]
    for file in files:
        yield _plain(file) if file.suffix not in _STRUCTURED else _structured(file)


def _text(path: Path) -> str:
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise FormatError(f"{path}: expected at most {_MOST_BYTES >> 20} MiB of sentences, found {size >> 20} MiB")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: expected text in UTF-8, found the byte {error.object[error.start]:#x}") from None


def _plain(path: Path) -> dict[str, Any]:
    """Read a plain list: a sentence a line; empty lines, and those that begin with #, do not count."""
    lines = [line.strip() for line in _text(path).splitlines()]
    sentences = [line for line in lines if line and not line.startswith("#")]
    return {"intents": {path.stem: {"data": [{"sentences": sentences}]}}} if sentences else {}


def _structured(path: Path) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(_text(path))
    except (yaml.YAMLError, RecursionError) as error:
        raise FormatError(f"{path}: expected YAML, found what is none: {' '.join(str(error).split())}") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise FormatError(f"{path}: expected intents, lists or expansion_rules, found a {type(found).__name__}")
    for key in ("intents", "lists", "expansion_rules"):
        if not isinstance(found.get(key, {}), dict):
            raise FormatError(f"{path}: {key}: expected a table, found a {type(found[key]).__name__}")
    return found


def _shipped(language: str) -> dict[str, Any]:
    from home_assistant_intents import get_intents, get_languages

    found = get_intents(language)
    if not found:
        known = ", ".join(sorted(get_languages()))
        raise OptionError(f"language is {language!r}; Home Assistant has sentences in {known}")
    return dict(found)
