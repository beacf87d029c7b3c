"""What is taken for a number, a truth value, a word, a text or a list."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import repeat
from typing import Any

import numpy as np
import pytest

from edge.errors import OptionError
from edge.values import choice, flag, optional, real, several, shown, text, whole


@pytest.mark.parametrize("value", [2, 2.0, np.int8(2), np.float64(2), np.array(2)])
def test_whole(value: Any) -> None:
    found = whole("n", value, 1, 3, "1 to 3")
    assert (found, type(found)) == (2, int)


@pytest.mark.parametrize("value", [0, 4, 2.5, True, "2", None, math.inf, math.nan, 10**400, [2], np.array([2])])
def test_not_whole(value: Any) -> None:
    with pytest.raises(OptionError, match=r"^n is .*; expected 1 to 3$"):
        whole("n", value, 1, 3, "1 to 3")


@pytest.mark.parametrize("value", [0.25, Fraction(1, 4), np.float16(0.25), np.array(0.25)])
def test_real(value: Any) -> None:
    found = real("n", value, 0, 1, "0 to 1")
    assert (found, type(found)) == (0.25, float)
    assert type(real("n", 1, 0, 1, "0 to 1")) is float


@pytest.mark.parametrize("value", [2, math.nan, np.float32(np.nan), False, "1", 1j, 10**400, None])
def test_not_real(value: Any) -> None:
    with pytest.raises(OptionError, match=r"^n is .*; expected 0 to 1$"):
        real("n", value, 0, 1, "0 to 1")


def test_flag() -> None:
    assert [flag("f", value) for value in (True, 1, np.bool_(True), np.array(True))] == [True] * 4
    assert flag("f", 0) is False


@pytest.mark.parametrize("value", [2, "yes", None, 1.0, [], np.array([True])])
def test_not_a_flag(value: Any) -> None:
    with pytest.raises(OptionError, match=r"^f is .*; expected True or False$"):
        flag("f", value)


def test_choice() -> None:
    assert choice("task", np.str_("a"), ("a", "b")) == "a"
    for value in ("c", None, ["a"], np.array(["a", "b"])):
        with pytest.raises(OptionError, match=r"unknown task .*; expected a or b"):
            choice("task", value, ("a", "b"))


def test_text() -> None:
    assert text("t", "größer 👍", 8) == "größer 👍"
    refused = (
        ("x" * 9, "has 9 characters; expected at most 8"),
        ("\ud800", "not a character"),
        (b"x", "expected a text"),
    )
    for value, message in refused:
        with pytest.raises(OptionError, match=message):
            text("t", value, 8)


def test_several() -> None:
    assert several("l", (n for n in range(3)), 3, "[1]") == (0, 1, 2)
    for value in ("abc", b"abc", 3, None, np.array(3), repeat(1), range(4)):
        with pytest.raises(OptionError):
            several("l", value, 3, "[1]")


def test_optional() -> None:
    assert optional(flag, "f", None) is None
    assert optional(whole, "n", 2.0, 1, 3, "1 to 3") == 2


def test_what_is_shown_is_short() -> None:
    for value in (10**10_000, "x" * 1000, [0] * 1000):
        assert len(shown(value)) <= 61
