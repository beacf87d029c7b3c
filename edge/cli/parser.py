"""Parsers of the command line: what they show is safe, and a command is loaded when it runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

from ..harmless import harmless

EXIT_USAGE = 2

Defaults = Callable[[argparse.ArgumentParser, Sequence[str]], Mapping[str, object]]
"""Function of a parser and the arguments that it is about to parse, which gives defaults of its options."""


class Command(NamedTuple):
    """One line of a table of commands; a named tuple, because `dataclasses` takes as long to import as argparse."""

    module: str
    """Name of the module in this folder, imported when the command runs or its help is shown."""
    help: str
    """Line about the command, for the help."""
    declare: str = "declare"
    """Name of the module's function that declares arguments, and sets the default `run`."""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of the examples, and lists commands without a line above them."""

    def _format_action(self, action: argparse.Action) -> str:
        if isinstance(action, argparse._SubParsersAction):
            return "".join(map(self._format_action, action._get_subactions()))
        return super()._format_action(action)


class Parser(argparse.ArgumentParser):
    """A parser whose complaints hold nothing that a terminal would obey, and whose help is whole or an error.

    With `command`, what the command declares is added when it is chosen.
    """

    def __init__(self, *, command: Command | None = None, **options: Any) -> None:
        super().__init__(formatter_class=_Formatter, add_help=False, **options)
        self._command = command
        self._groups: dict[str, argparse._ArgumentGroup] = {}
        self._described: list[tuple[argparse.Action, Callable[[], str]]] = []
        self._is_complete = False
        self._find_defaults: Defaults | None = None

    def group(self, title: str, description: str | None = None) -> argparse._ArgumentGroup:
        """Return the group of this title; the first call makes it, and with it its place in the help."""
        if title not in self._groups:
            self._groups[title] = self.add_argument_group(title, description)
        return self._groups[title]

    def describe(self, action: argparse.Action, help_text: Callable[[], str]) -> None:
        """Have the help of an action made when help is shown."""
        self._described.append((action, help_text))

    def take_defaults(self, defaults: Defaults) -> None:
        """Have defaults of options found in the arguments, before these are parsed."""
        self._find_defaults = defaults

    def add_commands(self, title: str, metavar: str, table: Mapping[str, Command], *, required: bool = True) -> None:
        """Declare a table of commands, of which only the one that is chosen is imported."""
        how: dict[str, Any] = {"required": required, "prog": self.prog, "parser_class": Parser}
        commands = self.add_subparsers(title=title, metavar=metavar, **how)
        for name, command in table.items():
            commands.add_parser(name, help=command.help, command=command)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Declare what the command of this parser takes, then parse."""
        self._complete()
        if self._find_defaults is not None:
            self.set_defaults(**self._find_defaults(self, sys.argv[1:] if args is None else args))
        return super().parse_known_args(args, namespace)

    def format_help(self) -> str:
        """Write the help, with what is said of the settings in their tables."""
        self._complete()
        for action, help_text in self._described:
            action.help = help_text()
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Complain on standard error, and leave with status 2."""
        if sys.stderr is None:  # argparse would complain on standard output then
            raise SystemExit(EXIT_USAGE)
        super().error(harmless(message.replace("\n", " ")))

    def _complete(self) -> None:
        if self._is_complete:
            return
        self._is_complete = True
        if self._command is not None:
            getattr(import_module(f".{self._command.module}", __package__), self._command.declare)(self)
        told = argparse.SUPPRESS if self._command is None else "show this help, and end"
        self.add_argument("-h", "--help", action="help", help=told)
        self._action_groups.remove(self._optionals)  # last, after the groups with a title of their own
        self._action_groups.append(self._optionals)
        if self._groups:
            self._optionals.title = "other options"

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is None or file is sys.stderr:
            super()._print_message(message, file)
        else:  # argparse's own passes over what could not be written
            from .console.streams import put_as_it_is

            put_as_it_is(message)
