"""Argument types and choices that several subcommands share."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from ..harmless import harmless

if TYPE_CHECKING:
    Subcommands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subcommands = object

HELP = argparse.RawDescriptionHelpFormatter
"""Keeps the line breaks of the examples."""

EXIT_USAGE = 2

PRECISIONS = ("int8", "int4", "q8_0", "f16", "f32")
ONNX_PRECISIONS = ("w8", "w4")
"""Of onnxruntime alone; it has f32 and int8 as well."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints hold nothing that a terminal would obey, and whose help is whole or an error."""

    def error(self, message: str) -> NoReturn:
        """Complain on standard error, and leave with status 2."""
        if sys.stderr is None:  # argparse would complain on standard output then
            raise SystemExit(EXIT_USAGE)
        super().error(harmless(message.replace("\n", " ")))

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is None or file is sys.stderr:
            super()._print_message(message, file)
        else:  # argparse's own passes over what could not be written
            from .console.streams import put_as_it_is

            put_as_it_is(message)


def positive(text: str) -> int:
    """An integer of 1 or more."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number of 1 or more, found {text!r}")
    return value


def language(text: str) -> str | None:
    """The code of a language given by code or English name; "auto" is None."""
    from ..errors import OptionError
    from ..languages import language_code

    if text.strip().lower() == "auto":
        return None
    try:
        return language_code(text)
    except OptionError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
