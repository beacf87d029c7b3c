"""The progress bar and the messages around it."""

from __future__ import annotations

import io
import logging

import pytest

from edge.cli.console.bar import BAR_AFTER_S, Console, ConsoleHandler, bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setenv("TERM", "xterm")
    return Clock()


def test_short_work_shows_no_bar(clock: Clock) -> None:
    stream = Terminal()
    console = Console(stream, clock=clock)
    for done in range(10):
        console.progress("work", done, 10)
        clock.now += BAR_AFTER_S / 11
    assert stream.getvalue() == ""


def test_long_work_shows_one_and_takes_it_away(clock: Clock) -> None:
    stream = Terminal()
    console = Console(stream, clock=clock)
    console.progress("work", 0, 10)
    clock.now += 3
    console.progress("work", 5, 10)
    assert "work  [############............]  50 %  0:03 left" in stream.getvalue()
    console.say("done")
    assert stream.getvalue().endswith("\r\x1b[Kedgewise: done\n")


def test_no_bar_without_a_terminal(clock: Clock) -> None:
    stream = io.StringIO()
    console = Console(stream, clock=clock)
    console.progress("work", 0, 10)
    clock.now += 60
    console.progress("work", 5, 10)
    console.clear()
    assert stream.getvalue() == ""


def test_no_bar_on_a_dumb_terminal(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    console = Console(stream, clock=clock)
    console.progress("work", 0, 10)
    clock.now += 60
    console.progress("work", 5, 10)
    assert stream.getvalue() == ""


def test_the_bar_is_redrawn_only_now_and_then(clock: Clock) -> None:
    stream = Terminal()
    console = Console(stream, clock=clock)
    console.progress("work", 0, 1000)
    clock.now += 3
    for done in range(1000):
        console.progress("work", done, 1000)
        clock.now += 0.001
    assert 5 < stream.getvalue().count("work") < 15


@pytest.mark.parametrize(
    ("done", "total", "line"),
    [
        (0, 0, "x  1:05"),
        (0, 10, "x  [........................]   0 %"),
        (20, 10, "x  [########################] 100 %  0:00 left"),
        (1, 100, "x  [........................]   1 %  1:47:15 left"),
    ],
)
def test_bars(done: int, total: int, line: str) -> None:
    assert bar("x", done, total, 65.0) == line


def test_a_message_is_one_line() -> None:
    stream = io.StringIO()
    Console(stream).say("first\n  second")
    assert stream.getvalue() == "edgewise: first second\n"


def test_log_records_become_messages() -> None:
    stream = io.StringIO()
    record = logging.LogRecord("edge.store", logging.WARNING, "", 0, "fetching %s", ("tiny.en",), None)
    ConsoleHandler(Console(stream)).handle(record)
    assert stream.getvalue() == "edgewise: fetching tiny.en\n"


def test_a_closed_standard_error_is_no_failure() -> None:
    stream = io.StringIO()
    console = Console(stream)
    stream.close()
    console.say("nobody hears this")
