from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest

from edge.whisper.engines.protocol import State
from edge.whisper.idle import IdleStates


class _State:
    def __init__(self, n_beams: int) -> None:
        self.n_beams = n_beams


def n_beams_of(state: object) -> int:
    assert isinstance(state, _State)
    return state.n_beams


class _Maker:
    """Counts the states that it made, and those that are still there."""

    def __init__(self) -> None:
        self.n_made = 0
        self._there: weakref.WeakSet[_State] = weakref.WeakSet()

    def __call__(self, n_beams: int) -> State:
        self.n_made += 1
        state = _State(n_beams)
        self._there.add(state)
        return cast("State", state)  # nobody here decodes with it

    @property
    def n_there(self) -> int:
        gc.collect()
        return len(self._there)


@contextmanager
def lent(states: IdleStates, n_beams: int) -> Iterator[State]:
    """A state that comes back unless something is raised."""
    state = states.take(n_beams)
    yield state
    states.give_back(n_beams, state)


def test_a_state_is_used_again() -> None:
    make = _Maker()
    states = IdleStates(make, most=2)
    for _ in range(3):
        with lent(states, 5) as state:
            assert n_beams_of(state) == 5
    assert make.n_made == 1


def test_who_has_one_has_it_alone() -> None:
    states = IdleStates(_Maker(), most=2)
    with lent(states, 1) as first, lent(states, 1) as second:
        assert first is not second


def test_those_that_wait_are_let_go_and_those_that_are_lent_come_back() -> None:
    make = _Maker()
    states = IdleStates(make, most=2)
    with lent(states, 1):
        with lent(states, 1):
            pass
        assert make.n_there == 2
        states.clear()
        assert make.n_there == 1
    assert (make.n_there, make.n_made) == (1, 2)
    with lent(states, 1):
        assert make.n_made == 2


def test_no_more_wait_than_are_allowed() -> None:
    make = _Maker()
    states = IdleStates(make, most=2)

    def hold(depth: int) -> None:
        with lent(states, 1):
            if depth:
                hold(depth - 1)

    hold(5)
    assert (make.n_made, make.n_there) == (6, 2)
    for n_beams in range(2, 9):
        with lent(states, n_beams):
            pass
    assert make.n_there == 2
    with lent(states, 8) as state:  # the last ones stayed
        assert n_beams_of(state) == 8
    assert make.n_made == 6 + 7


def test_one_that_failed_does_not_come_back() -> None:
    make = _Maker()
    states = IdleStates(make, most=2)
    with pytest.raises(KeyError), lent(states, 1):
        raise KeyError
    assert make.n_there == 0


def test_threads_share_it() -> None:
    make = _Maker()
    states = IdleStates(make, most=3)
    in_use: set[int] = set()
    shared: list[int] = []

    def work() -> None:
        for turn in range(200):
            with lent(states, 1 + turn % 3) as state:
                if id(state) in in_use:
                    shared.append(turn)
                in_use.add(id(state))
                in_use.discard(id(state))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shared == []
    assert make.n_there <= 3
