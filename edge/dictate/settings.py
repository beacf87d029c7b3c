"""The settings file: TOML with a section for each part, written with comments, and read with clear complaints."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..desktop.chords import Chord
from ..desktop.protocol import Way
from ..errors import OptionError
from ..settings import options_from, settings_of
from ..settings_file import commented as commented_section
from ..settings_file import groups_of, plain_values, read_file, replace_file, toml_table
from ..values import shown
from ..written import Replacement, WrittenOptions
from .options import DictateOptions
from .profiles import Profile, read_profile

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

# Settings for one program, by the class of its window, which `edgewise dictate history` shows; keys that paste into it:
# [applications]
# my-terminal = "ctrl+shift+v"

# The same as paste, language, vocabulary, formatted, ways, and what stands in [written] above:
# [applications.code]
# language = "en"
# sentences = false
"""


@dataclass(frozen=True, slots=True)
class DictateSettings:
    """Contents of the file."""

    dictate: DictateOptions = field(default_factory=DictateOptions)
    written: WrittenOptions = field(default_factory=WrittenOptions)
    applications: Mapping[str, Profile] = field(default_factory=dict)
    """Settings of single programs, by the class of their windows in small letters."""

    @property
    def paste_keys(self) -> Mapping[str, Chord]:
        """Keys that paste, by the class of the program."""
        return {name: profile.paste for name, profile in self.applications.items() if profile.paste is not None}

    @property
    def own_ways(self) -> Mapping[str, Collection[Way]]:
        """Ways of typing into single programs, by the class of the program."""
        return {name: profile.ways for name, profile in self.applications.items() if profile.ways}


def read_settings(path: Path) -> DictateSettings:
    """Read the file; defaults where there is none.

    Raises:
        OptionError: it is no TOML, or says something that cannot be; the message names the file.
    """
    return read_file(path, _from_tables) or DictateSettings()


def write_settings(path: Path, chosen: Mapping[str, object]) -> Path | None:
    """Write the file with what was chosen, by name, and what stood in it already; the rest becomes comments.

    Returns where the old one is kept.
    """
    values, rows = _own(path)
    return replace_file(path, commented({**values, **chosen}, rows))


def commented(chosen: Mapping[str, object], rows: str = "") -> str:
    """Return the text of a settings file; `rows` are the user's own tables, as TOML."""
    sections = groups_of(DictateOptions)
    sections[_WRITTEN] = [each for each in settings_of(WrittenOptions).values() if each.group]
    parts = [commented_section(name, settings, chosen) for name, settings in sections.items()]
    return "\n".join([_HEAD, *parts, _ROWS, *([rows] if rows else [])])


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
    return values, "\n".join(line for section, table in rows.items() for line in toml_table(section, table))


def _from_tables(tables: Mapping[str, Any]) -> DictateSettings:
    values = plain_values(DictateOptions, tables, (_WRITTEN, _APPLICATIONS))
    return DictateSettings(
        options_from(DictateOptions, values),
        _written(tables.get(_WRITTEN, {})),
        {name.casefold(): read_profile(name, found) for name, found in tables.get(_APPLICATIONS, {}).items()},
    )


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
