"""The settings file: TOML with a section for each part, written with comments, and read with clear complaints."""

from __future__ import annotations

import json
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..desktop.chords import Chord, parse_chord
from ..errors import DesktopError, OptionError
from ..files import write_text
from ..settings import Setting, options_from, settings_of
from ..values import shown
from ..written import Replacement, WrittenOptions
from .options import DictateOptions

_WIDTH = 110
_WRITTEN, _APPLICATIONS = "written", "applications"
_HEAD = """\
# Settings of `edgewise dictate`. A line that begins with # says what holds if nothing is set.
# `edgewise dictate setup` writes this file: it keeps what it does not ask for, and a copy of the one that was there.
"""
_ROWS = """\
# What is heard and what is written for it, as many as you like:
# [[written.replacements]]
# heard = "edge wise"
# written = "edgewise"

# Texts that stand for a phrase said alone or at the end:
# [written.snippets]
# "my address" = "1 Main Street"

# Rows of your own in the tables of a language; false removes one of ours:
# [written.tables.en.commands]
# "next line" = "\\n"

# Keys that paste into a program, by the class of its window, where Ctrl+V does not:
# [applications]
# my-terminal = "ctrl+shift+v"
"""


@dataclass(frozen=True, slots=True)
class DictateSettings:
    """Contents of the file."""

    dictate: DictateOptions = field(default_factory=DictateOptions)
    written: WrittenOptions = field(default_factory=WrittenOptions)
    paste_keys: Mapping[str, Chord] = field(default_factory=dict)
    """Keys that paste, by the class of the program."""


def read_settings(path: Path) -> DictateSettings:
    """Read the file; defaults where there is none.

    Raises:
        OptionError: it is no TOML, or says something that cannot be; the message names the file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return DictateSettings()
    except UnicodeDecodeError:
        raise OptionError(f"{path}: it is not UTF-8; save it as such") from None
    try:
        return _from_tables(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"{path}: it is not TOML: {error}") from None
    except OptionError as error:
        raise OptionError(f"{path}: {error}") from None


def write_settings(path: Path, chosen: Mapping[str, object]) -> Path | None:
    """Write the file with what was chosen, by name, and what stood in it already; the rest becomes comments.

    Returns where the old one is kept.
    """
    values, rows = _own(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    old = path.with_suffix(".toml.old") if path.exists() else None
    if old is not None:
        path.replace(old)
    write_text(path, commented({**values, **chosen}, rows))
    path.chmod(0o600)  # snippets may be private
    return old


def commented(chosen: Mapping[str, object], rows: str = "") -> str:
    """Return the text of a settings file; `rows` are the user's own tables, as TOML."""
    parts = [_HEAD]
    sections: dict[str, list[Setting]] = {}
    for setting in settings_of(DictateOptions).values():
        sections.setdefault(setting.group, []).append(setting)
    sections[_WRITTEN] = [each for each in settings_of(WrittenOptions).values() if each.group]
    for name, settings in sections.items():
        lines = [line for setting in settings for line in _lines(setting, chosen)]
        parts.append("\n".join([f"[{name}]", *lines]) + "\n")
    return "\n".join([*parts, _ROWS, *([rows] if rows else [])])


def _own(path: Path) -> tuple[dict[str, object], str]:
    """Return what stands in a file: values by name, and the user's tables as TOML; nothing where it cannot be read."""
    try:
        read_settings(path)
        tables = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except OptionError:
        return {}, ""
    values: dict[str, object] = {}
    rows: dict[str, dict[str, object]] = {}
    for section, table in tables.items():
        for name, value in table.items():
            if section == _APPLICATIONS or isinstance(value, dict) or name == "replacements":
                rows.setdefault(section, {})[name] = value
            else:
                values[name] = value
    return values, "\n".join(line for section, table in rows.items() for line in _table(section, table))


def _table(name: str, table: Mapping[str, object]) -> Iterator[str]:
    """Yield the lines of a table and of those in it; the head of [written] stands in the file already."""
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    lists = {key: value for key, value in table.items() if isinstance(value, list) and value}
    plain = {key: value for key, value in table.items() if key not in inner and key not in lists}
    if plain:
        yield f"[{name}]"
        yield from (f"{json.dumps(key, ensure_ascii=False)} = {_toml(value)}" for key, value in plain.items())
        yield ""
    for key, rows in lists.items():
        for row in rows:
            yield f"[[{name}.{json.dumps(key, ensure_ascii=False)}]]"
            yield from (f"{field} = {_toml(value)}" for field, value in row.items())
            yield ""
    for key, value in inner.items():
        yield from _table(f"{name}.{json.dumps(key, ensure_ascii=False)}", value)


def _lines(setting: Setting, chosen: Mapping[str, object]) -> Iterator[str]:
    """Yield what the file says of a setting."""
    summary = setting.summary[:1].upper() + setting.summary[1:]
    yield from textwrap.wrap(
        f"{summary} (default: {setting.default_words}).", _WIDTH, initial_indent="# ", subsequent_indent="# "
    )
    if setting.name in chosen and chosen[setting.name] != setting.default:
        yield f"{setting.name} = {_toml(chosen[setting.name])}"
    else:
        yield f"# {setting.name} = {_toml(setting.default) if setting.default is not None else '...'}"


def _toml(value: object) -> str:
    """Write a value as TOML does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value)


def _from_tables(tables: Mapping[str, Any]) -> DictateSettings:
    sections = dict.fromkeys(setting.group for setting in settings_of(DictateOptions).values())
    values: dict[str, object] = {}
    for name, table in tables.items():
        known = (*sections, _WRITTEN, _APPLICATIONS)
        if name not in known:
            raise OptionError(f"there is no section [{name}]; expected {', '.join(known)}")
        if not isinstance(table, Mapping):
            raise OptionError(f"{name} is {shown(table)}; expected a section [{name}]")
        if name in sections:
            values |= _in_section(name, table)
    return DictateSettings(
        options_from(DictateOptions, values),
        _written(tables.get(_WRITTEN, {})),
        _paste_keys(tables.get(_APPLICATIONS, {})),
    )


def _in_section(section: str, table: Mapping[str, object]) -> Mapping[str, object]:
    """Return the values of a section, whose names are those of no other."""
    known = settings_of(DictateOptions)
    for name in table:
        if name in known and known[name].group != section:
            raise OptionError(f"{name} is in [{section}]; it belongs in [{known[name].group}]")
    return table


def _written(table: Mapping[str, Any]) -> WrittenOptions:
    values = dict(table)
    rows = values.get("replacements", [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise OptionError(f"replacements is {shown(rows)}; expected sections [[{_WRITTEN}.replacements]]")
    values["replacements"] = [_replacement(row) for row in rows]
    return options_from(WrittenOptions, values)


def _replacement(row: Mapping[str, Any]) -> Replacement:
    if unknown := row.keys() - {"heard", "written", "regex"} or {"heard", "written"} - row.keys():
        raise OptionError(f"a replacement has {shown(dict(row))}; expected heard, written and perhaps regex: {unknown}")
    return Replacement(row["heard"], row["written"], row.get("regex", False))


def _paste_keys(table: Mapping[str, Any]) -> dict[str, Chord]:
    chords = {}
    for name, keys in table.items():
        if not isinstance(keys, str):
            raise OptionError(f"{name} in [{_APPLICATIONS}] is {shown(keys)}; expected keys such as ctrl+shift+v")
        try:
            chords[name] = parse_chord(keys)
        except DesktopError as error:
            raise OptionError(f"{name} in [{_APPLICATIONS}]: {error}") from None
    return chords
