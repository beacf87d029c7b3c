"""Steps that are taken while there is time for them."""

from __future__ import annotations

from edge.correct.pace import Pace


class Clock:
    """A clock that advances when it is told to."""

    def __init__(self) -> None:
        self.now_s = 5.0

    def __call__(self) -> float:
        return self.now_s

    def work(self, seconds: float) -> str:
        self.now_s += seconds
        return "done"


def test_a_step_that_would_be_late_is_not_begun() -> None:
    clock = Clock()
    pace = Pace(1.0, clock)
    pace.begin()
    assert pace.ask("read", 10, lambda: clock.work(0.4)) == "done"
    assert pace.ask("read", 20, lambda: clock.work(0.8)) is None
    assert pace.is_late
    assert pace.ask("other", 1, lambda: clock.work(0.0)) is None
    pace.begin()
    assert pace.ask("read", 20, lambda: clock.work(0.8)) == "done"
    assert not pace.is_late


def test_what_was_never_done_is_tried_while_there_is_time() -> None:
    clock = Clock()
    pace = Pace(1.0, clock)
    pace.begin()
    assert pace.ask("read", 10, lambda: clock.work(1.5)) == "done"
    assert pace.ask("other", 10, lambda: clock.work(0.1)) is None


def test_without_a_budget_nothing_is_late() -> None:
    clock = Clock()
    pace = Pace(None, clock)
    for _ in range(3):
        pace.begin()
        assert pace.ask("read", 1000, lambda: clock.work(1e6)) == "done"
        assert not pace.is_late
