"""Settings files: TOML with a section for each part, written with comments, and read with clear complaints."""

from __future__ import annotations

import json
import textwrap
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from .errors import OptionError
from .files import write_text
from .settings import Setting, settings_of
from .values import shown

T = TypeVar("T")

_WIDTH = 110


def read_file(path: Path, make: Callable[[Mapping[str, Any]], T]) -> T | None:
    """Make something of the tables of a file; None where there is none.

    Raises:
        OptionError: it is no TOML, or `make` raised it; the message names the file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise OptionError(f"{path}: it is not UTF-8; save it as such") from None
    try:
        return make(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"{path}: it is not TOML: {error}") from None
    except OptionError as error:
        raise OptionError(f"{path}: {error}") from None


def replace_file(path: Path, text: str) -> Path | None:
    """Write a file that the user alone can read; returns where the one that was there is kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    old = path.with_suffix(f"{path.suffix}.old") if path.exists() else None
    if old is not None:
        path.replace(old)
    write_text(path, text)
    path.chmod(0o600)  # texts of the user's and tokens are private
    return old


def groups_of(options: type) -> dict[str, list[Setting]]:
    """List the settings of a table by their group, in order."""
    groups: dict[str, list[Setting]] = {}
    for setting in settings_of(options).values():
        groups.setdefault(setting.group, []).append(setting)
    return groups


def commented(name: str, settings: Iterable[Setting], chosen: Mapping[str, object]) -> str:
    """Return a section of a file: what was chosen, by name, and what holds for the rest, as comments."""
    lines = [line for setting in settings for line in _lines(setting, chosen)]
    return "\n".join([f"[{name}]", *lines]) + "\n"


def plain_values(options: type, tables: Mapping[str, Any], others: Iterable[str]) -> dict[str, object]:
    """Return the values of the sections that belong to a table of options; `others` are sections besides them.

    Raises:
        OptionError: there is no such section, or a name stands in the wrong one.
    """
    groups = groups_of(options)
    values: dict[str, object] = {}
    for name, table in tables.items():
        known = (*groups, *others)
        if name not in known:
            raise OptionError(f"there is no section [{name}]; expected {', '.join(known)}")
        if not isinstance(table, Mapping):
            raise OptionError(f"{name} is {shown(table)}; expected a section [{name}]")
        if name in groups:
            values |= _in_section(options, name, table)
    return values


def toml(value: object) -> str:
    """Write a value as TOML does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(toml, value))}]"
    return str(value)


def toml_table(name: str, table: Mapping[str, object]) -> Iterator[str]:
    """Yield the lines of a table and of those in it."""
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    lists = {key: value for key, value in table.items() if isinstance(value, list) and _has_tables(value)}
    plain = {key: value for key, value in table.items() if key not in inner and key not in lists}
    if plain:
        yield f"[{name}]"
        yield from (f"{_key(key)} = {toml(value)}" for key, value in plain.items())
        yield ""
    for key, rows in lists.items():
        for row in rows:
            yield f"[[{name}.{_key(key)}]]"
            yield from (f"{field} = {toml(value)}" for field, value in row.items())
            yield ""
    for key, value in inner.items():
        yield from toml_table(f"{name}.{_key(key)}", value)


def _has_tables(rows: list[object]) -> bool:
    return any(isinstance(row, dict) for row in rows)


def _key(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _lines(setting: Setting, chosen: Mapping[str, object]) -> Iterator[str]:
    """Yield what the file says of a setting."""
    summary = setting.summary[:1].upper() + setting.summary[1:]
    yield from textwrap.wrap(
        f"{summary} (default: {setting.default_words}).", _WIDTH, initial_indent="# ", subsequent_indent="# "
    )
    if setting.name in chosen and chosen[setting.name] != setting.default:
        yield f"{setting.name} = {toml(chosen[setting.name])}"
    else:
        yield f"# {setting.name} = {toml(setting.default) if setting.default is not None else '...'}"


def _in_section(options: type, section: str, table: Mapping[str, object]) -> Mapping[str, object]:
    """Return the values of a section, whose names are those of no other."""
    known = settings_of(options)
    for name in table:
        if name in known and known[name].group != section:
            raise OptionError(f"{name} is in [{section}]; it belongs in [{known[name].group}]")
    return table
