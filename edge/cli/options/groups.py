"""Options of the command line that are made from a table of settings."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from typing import Any

from ...errors import OptionError
from ...kinds import Choice, Flag, Whole
from ...settings import Setting, keywords_from, settings_of
from ..parser import Parser

_SHORT = {"language": ("-l",)}
"""Short names of options, by setting."""


def add_settings(
    parser: Parser, title: str, options: type, names: Iterable[str] | None = None, *, but: str | None = None
) -> None:
    """Declare options in the group `title`: the settings `names` of a table, or those of the table's group `title`.

    An option is called as its setting, with dashes; its help is the first sentence of the field's docstring and the
    default. What is not given is absent from the parsed arguments. Left out is `but`, and what is declared already.
    """
    table = settings_of(options)
    chosen = (table[name] for name in names) if names is not None else _in_group(table.values(), title)
    declared = {action.dest for action in parser._actions}
    for setting in chosen:
        if setting.name not in declared and setting.name != but:
            _add(parser, title, setting)


def given(args: argparse.Namespace, options: type) -> dict[str, Any]:
    """Return what was asked for as keyword arguments of a dataclass of options, and nothing that is the default anyway.

    Raises:
        OptionError: a value is out of range.
    """
    values = {name: getattr(args, name) for name in settings_of(options) if hasattr(args, name)}
    defaults = options()
    return {name: value for name, value in keywords_from(options, values).items() if value != getattr(defaults, name)}


def positive(text: str) -> int:
    """Read a whole number of 1 or more."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number of 1 or more, found {text!r}")
    return value


def option_name(name: str) -> str:
    """Return the option of a setting."""
    return f"--{name.replace('_', '-')}"


def _in_group(settings: Iterable[Setting], title: str) -> Iterable[Setting]:
    return (setting for setting in settings if setting.group == title)


def _add(parser: Parser, title: str, setting: Setting) -> None:
    names = (*_SHORT.get(setting.name, ()), option_name(setting.name))
    how: dict[str, Any] = {"metavar": setting.metavar, "type": _reader(setting)}
    if isinstance(setting.kind, Choice):
        how = {"choices": setting.kind.words}
    elif isinstance(setting.kind, Flag):
        how = {"action": "store_true" if setting.default is False else argparse.BooleanOptionalAction}
    action = parser.group(title).add_argument(*names, dest=setting.name, default=argparse.SUPPRESS, **how)
    parser.describe(action, lambda: _help(setting))


def _reader(setting: Setting) -> Callable[[str], object]:
    if isinstance(setting.kind, Whole) and setting.kind.least == 1:
        return positive

    def read(text: str) -> object:
        try:
            return setting.read(text)
        except OptionError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def _help(setting: Setting) -> str:
    """Write what a setting is, and its default, as the command line calls things."""
    default = "" if setting.default is False else f" (default: {setting.default_words})"
    text = re.sub(r"`(\w+)`", lambda match: option_name(match[1]), setting.summary + default)
    return text.replace("%", "%%")
