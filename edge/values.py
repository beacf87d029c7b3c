"""Checks of settings as callers give them: the plain Python value that is meant, or an OptionError.

Numbers of numpy count as numbers, and whole ones written as 2.0 as whole. A truth value is no number, a text is none
either, and NaN is none at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from numbers import Integral, Real
from typing import Any, TypeVar

from .errors import OptionError

T = TypeVar("T")

_LONGEST_SHOWN = 60


def whole(name: str, value: object, least: int, most: int, expected: str) -> int:
    """Return a whole number from `least` to `most`."""
    found = _plain(value)
    is_whole = isinstance(found, Integral) or (isinstance(found, float) and found.is_integer())
    if not is_whole or isinstance(found, bool) or not least <= found <= most:
        raise _refusal(name, value, expected)
    return int(found)


def real(name: str, value: object, least: float, most: float, expected: str) -> float:
    """Return a number from `least` to `most`."""
    found = _plain(value)
    if isinstance(found, Real) and not isinstance(found, bool):
        with suppress(OverflowError):  # a whole number that is larger than any other
            number = float(found)
            if least <= number <= most:
                return number
    raise _refusal(name, value, expected)


def flag(name: str, value: object, expected: str = "True or False") -> bool:
    """Return a truth value; 0 and 1 are such."""
    found = _plain(value)
    if isinstance(found, Integral) and found in (0, 1):
        return bool(found)
    raise _refusal(name, value, expected)


def choice(name: str, value: object, choices: Iterable[str]) -> str:
    """Return one of several words."""
    known = tuple(choices)
    if isinstance(value, str) and value in known:
        return str(value)
    raise OptionError(f"unknown {name} {shown(value)}; expected {' or '.join(known)}")


def text(name: str, value: object, most: int) -> str:
    """Return a text of at most `most` characters, all of them whole."""
    if not isinstance(value, str):
        raise _refusal(name, value, "a text")
    if len(value) > most:
        raise OptionError(f"{name} has {len(value)} characters; expected at most {most}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        broken = ascii(value[error.start : error.end][:8])
        raise OptionError(f"{name} holds {broken}, which is not a character; expected UTF-8 text") from None
    return str(value)


def optional(check: Callable[..., T], name: str, value: object, *bounds: Any) -> T | None:
    """Return None, or what `check` makes of the value."""
    return None if value is None else check(name, value, *bounds)


def several(name: str, values: object, most: int, example: str) -> tuple[Any, ...]:
    """Return the elements of a list or of something like it, at most `most`; a text is none."""
    if isinstance(values, (str, bytes)):
        raise OptionError(f"{name} is the text {shown(values)}; expected a list such as {example}")
    if not isinstance(values, Iterable):
        raise _refusal(name, values, f"a list such as {example}")
    try:
        found = tuple(islice(values, most + 1))
    except TypeError:  # an array of no dimension says that it can be iterated over
        raise _refusal(name, values, f"a list such as {example}") from None
    if len(found) > most:
        raise OptionError(f"{name} has more than {most} elements; expected fewer")
    return found


def shown(value: object) -> str:
    """Write a value for a message, of bearable length."""
    try:
        found = repr(value)
    except ValueError:  # a number of more digits than Python prints
        found = f"a number of type {type(value).__name__}"
    return found if len(found) <= _LONGEST_SHOWN else f"{found[:_LONGEST_SHOWN]}…"


def _plain(value: object) -> Any:
    """Return a number or truth value of numpy as Python's own; anything else as it is."""
    item = getattr(value, "item", None)
    return item() if getattr(value, "ndim", None) == 0 and callable(item) else value


def _refusal(name: str, value: object, expected: str) -> OptionError:
    return OptionError(f"{name} is {shown(value)}; expected {expected}")
