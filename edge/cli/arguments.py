"""Argument types and choices that several subcommands share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Subcommands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subcommands = object

HELP = argparse.RawDescriptionHelpFormatter
"""Keeps the line breaks of the examples."""

PRECISIONS = ("int8", "int4", "q8_0", "f16", "f32")
ONNX_PRECISIONS = ("w8", "w4")
"""Of onnxruntime alone; it has f32 and int8 as well."""


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
