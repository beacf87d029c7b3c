"""Models of the user's own: a file beside the store's folders, in the form of the catalogue."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import OptionError, StoreError
from ..files import write_text
from ..names import given_path
from .catalogue import Asset, parse_asset

_FILE = "own.toml"
_MOST_BYTES = 1 << 20
_LONGEST_NAME = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HEADING = "# Models that `edgewise models add` made known. Where files lie, and what they held then.\n"

_TEXTS = ("kind", "summary", "license", "needs", "folder", "precision")
_NUMBERS_OF_SIZES = 10
"""Sizes of a Whisper model."""


def own_file(home: Path) -> Path:
    """Return where the models of the user's own are written down."""
    return home / _FILE


def check_name(name: str, taken: Mapping[str, Asset]) -> None:
    """Refuse a name that could not be told from a path, or from that of another model.

    Raises:
        OptionError: the message says what a name may be.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME or given_path(name) is not None:
        raise OptionError(
            f"{name!r:.80} cannot be the name of a model: expected at most {_LONGEST_NAME} letters, digits, dots, "
            "dashes and underscores, a letter or digit first, and not the ending of a model file"
        )
    names = {other.lower(): asset for asset in taken.values() for other in (asset.name, *asset.aliases)}
    if name.lower() in names:
        asset = names[name.lower()]
        advice = "choose another name"
        if asset.folder or asset.sizes:
            advice += f", or run `edgewise models remove {asset.name}` first"
        raise OptionError(f"{name} is a model already ({asset.summary}): {advice}")


def read_own(home: Path) -> dict[str, Asset]:
    """Read the models of the user's own, by name; none where nothing was added.

    Raises:
        StoreError: the file is damaged; says where.
    """
    path = own_file(home)
    try:
        with path.open("rb") as file:
            body = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        if len(body) > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES} bytes")
        content = tomllib.loads(body.decode())
        if content.keys() - {"assets"} or not isinstance(content.get("assets", {}), dict):
            raise ValueError("expected tables [assets.NAME] alone")
        return {name: _checked(name, fields) for name, fields in content.get("assets", {}).items()}
    except (ValueError, RecursionError) as error:
        raise StoreError(
            f"{path}: damaged ({str(error)[:200]}): mend it, or delete it and run `edgewise models add` again"
        ) from None


def write_own(home: Path, assets: Mapping[str, Asset]) -> None:
    """Write all models of the user's own; the file is whole at any time. Call it under a lock."""
    home.mkdir(parents=True, exist_ok=True)
    write_text(own_file(home), _HEADING + "".join(map(_table, assets.values())))


def _table(asset: Asset) -> str:
    lines = [f"\n[assets.{_text(asset.name)}]"]
    lines += [f"{key} = {_text(getattr(asset, key))}" for key in _TEXTS if getattr(asset, key)]
    lines.append(f"sizes = {list(asset.sizes)}")
    for file in asset.files:
        lines += [f"\n[[assets.{_text(asset.name)}.files]]", f"name = {_text(file.name)}", f"size = {file.size}"]
        lines.append(f'sha256 = "{file.sha256}"')
        if file.urls:
            lines.append(f"urls = [{', '.join(map(_text, file.urls))}]")
        if file.changed_ns:
            lines.append(f"changed_ns = {file.changed_ns}")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Write a string of TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _checked(name: str, fields: Any) -> Asset:
    """Make an asset of a table that anybody may have written; ValueError says what is wrong."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ValueError(f"{name!r:.80} is no name of a model")
    _check_fields(name, fields, {**dict.fromkeys(_TEXTS, str), "sizes": list, "files": list})
    sizes, files = fields.get("sizes", []), fields.get("files")
    if not files:
        raise ValueError(f"{name}: expected files")
    if len(sizes) != _NUMBERS_OF_SIZES or not all(type(size) is int and 0 < size < 1 << 31 for size in sizes):
        raise ValueError(f"{name}: sizes: expected {_NUMBERS_OF_SIZES} whole numbers")
    for file in files:
        _check_fields(name, file, {"name": str, "size": int, "sha256": str, "urls": list, "changed_ns": int})
        plain = Path(file.get("name", "")).name
        if not plain or plain != file["name"] or "\\" in plain:
            raise ValueError(f"{name}: a file needs a name without a folder")
        if not _SHA256.fullmatch(file.get("sha256", "")) or file.get("size", -1) < 0:
            raise ValueError(f"{name}: {plain!r:.80}: expected its size, and its SHA-256 in hexadecimal")
        if not all(isinstance(url, str) for url in file.get("urls", [])):
            raise ValueError(f"{name}: {plain!r:.80}: expected addresses")
    given = {"kind": "whisper", "summary": "a model of yours", "license": "yours", **fields}
    return parse_asset(name, given, {})


def _check_fields(name: str, fields: Any, kinds: Mapping[str, type]) -> None:
    if not isinstance(fields, dict):
        raise ValueError(f"{name}: expected a table")
    for key, value in fields.items():
        if type(value) is not kinds.get(key):
            raise ValueError(f"{name}: {key!r:.80} is unknown here, or not of the kind that is expected")
