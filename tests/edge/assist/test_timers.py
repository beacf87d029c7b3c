from __future__ import annotations

from pathlib import Path

import pytest

from edge.assist.intent import Intent
from edge.assist.skills.timers import Timers, duration_words


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1e9

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timers(tmp_path: Path, clock: Clock) -> Timers:
    return Timers(tmp_path / "state" / "timers.json", clock)


def _ask(timers: Timers, intent: str, **slots: object) -> str:
    plan = timers.plan(Intent(intent, "", slots))
    assert plan is not None
    plan.act()
    return plan.say


def test_a_timer_rings_once_when_its_time_has_come(timers: Timers, clock: Clock) -> None:
    assert _ask(timers, "HassStartTimer", minutes=5.0) == "Timer for 5 minutes set."
    clock.now_s += 299
    assert timers.due() == []
    assert _ask(timers, "HassTimerStatus") == "1 second left on the timer for 5 minutes."
    clock.now_s += 1
    assert [timer.label for timer in timers.due()] == ["timer for 5 minutes"]
    assert timers.due() == []


def test_making_a_plan_sets_nothing(timers: Timers, clock: Clock) -> None:
    assert timers.plan(Intent("HassStartTimer", "", {"seconds": 1})) is not None
    clock.now_s += 10
    assert timers.due() == []


def test_timers_outlive_the_program(timers: Timers, clock: Clock, tmp_path: Path) -> None:
    _ask(timers, "HassStartTimer", name="pasta", minutes=10)
    clock.now_s += 1000
    again = Timers(tmp_path / "state" / "timers.json", clock)
    assert [timer.label for timer in again.due()] == ["pasta timer"]


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "timers.json"
    for text in ("{", "[1]", '[{"name": 3}]'):
        path.write_text(text)
        assert Timers(path).due() == []


def test_one_of_several_is_meant_by_its_name(timers: Timers) -> None:
    _ask(timers, "HassStartTimer", name="pasta", minutes=10)
    _ask(timers, "HassStartTimer", hours=1, minutes=20)
    assert _ask(timers, "HassCancelTimer") == (
        "Which one? There are the pasta timer and timer for 1 hour and 20 minutes."
    )
    assert _ask(timers, "HassCancelTimer", name="pasta") == "Timer cancelled."
    assert _ask(timers, "HassCancelTimer", name="pasta") == "No pasta timer is set."
    assert _ask(timers, "HassIncreaseTimer", minutes=1) == "1 minute added."
    assert _ask(timers, "HassTimerStatus").startswith("1 hour and 21 minutes left")
    assert _ask(timers, "HassCancelAllTimers") == "1 timer cancelled."
    assert _ask(timers, "HassTimerStatus") == "No timer is set."


def test_without_a_duration_it_asks_for_one(timers: Timers) -> None:
    assert _ask(timers, "HassStartTimer").startswith("For how long?")


def test_durations_are_said_in_full() -> None:
    assert duration_words(3723) == "1 hour, 2 minutes and 3 seconds"
    assert duration_words(60) == "1 minute"
