"""Words in the colors of their probabilities."""

from __future__ import annotations

import io

import pytest

from edge.cli.console.colors import colored_line, shows_colors
from edge.transcript.types import Segment, Word


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def line(*words: tuple[str, float]) -> str:
    timed = tuple(Word(0.0, 1.0, text, probability) for text, probability in words)
    return colored_line(Segment(0, 0.0, 1.0, "", timed))


def test_only_doubts_have_colors() -> None:
    assert line((" Ask", 0.99), (" not", 0.7), (" what.", 0.2), (" you\n", 0.8)) == (
        "Ask \x1b[33mnot\x1b[0m \x1b[1;31mwhat.\x1b[0m you\n"
    )


def test_blanks_stay_plain() -> None:
    assert line((" ", 0.1), (" a ", 0.1)) == "\x1b[1;31ma\x1b[0m\n"


def test_colors_are_for_terminals_whose_user_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert shows_colors(Terminal())
    assert not shows_colors(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not shows_colors(Terminal())
    monkeypatch.setenv("NO_COLOR", "")  # empty is unset, by the convention
    assert shows_colors(Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert not shows_colors(Terminal())
