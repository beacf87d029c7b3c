"""The settings file of the assistant."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import OptionError
from ..settings import options_from
from ..settings_file import commented as commented_section
from ..settings_file import groups_of, plain_values, read_file, replace_file, toml_table
from ..values import shown
from .options import AssistOptions

_COMMANDS = "commands"
_HEAD = """\
# Settings of `edgewise assist`. A line that begins with # says what holds if nothing is set.
# `edgewise assist setup` writes this file: it keeps what it does not ask for, and a copy of the one that was there.
"""
_ROWS = """\
# Sentences of your own, and the program that each runs; what a program prints is said. (a|b) and [c] may stand in them.
# [commands]
# "(good night|sleep well)" = "systemctl poweroff"
# "what is my address" = "hostname -I"
"""


@dataclass(frozen=True, slots=True)
class AssistSettings:
    """Contents of the file."""

    assist: AssistOptions = field(default_factory=AssistOptions)
    commands: Mapping[str, str] = field(default_factory=dict)
    """Programs by the sentence that runs them."""


def read_settings(path: Path) -> AssistSettings:
    """Read the file; defaults where there is none.

    Raises:
        OptionError: it is no TOML, or says something that cannot be; the message names the file.
    """
    return read_file(path, _from_tables) or AssistSettings()


def write_settings(path: Path, chosen: Mapping[str, object]) -> Path | None:
    """Write the file with what was chosen, by name, and what stood in it already; the rest becomes comments.

    Returns where the old one is kept.
    """
    try:
        settings = read_settings(path)
    except OptionError:  # the old one is kept, and a new one is written
        settings = AssistSettings()
    values = {name: getattr(settings.assist, name) for name in AssistOptions.__dataclass_fields__}
    return replace_file(path, commented({**values, **chosen}, settings.commands))


def commented(chosen: Mapping[str, object], commands: Mapping[str, str]) -> str:
    """Return the text of a settings file."""
    parts = [commented_section(name, settings, chosen) for name, settings in groups_of(AssistOptions).items()]
    own = "\n".join(toml_table(_COMMANDS, commands))
    return "\n".join([_HEAD, *parts, _ROWS, *([own] if own else [])])


def _from_tables(tables: Mapping[str, Any]) -> AssistSettings:
    values = plain_values(AssistOptions, tables, (_COMMANDS,))
    return AssistSettings(options_from(AssistOptions, values), _commands(tables.get(_COMMANDS, {})))


def _commands(table: Mapping[str, Any]) -> Mapping[str, str]:
    for said, program in table.items():
        try:
            is_right = isinstance(program, str) and bool(said.strip()) and bool(shlex.split(program))
        except ValueError:
            is_right = False
        if not is_right:
            raise OptionError(f"{said!r} in [{_COMMANDS}] is {shown(program)}; expected a program with its arguments")
    return table
