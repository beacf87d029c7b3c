"""What is lost is found from the clock alone, to the sample where the device is as exact as that."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.audio.microphone.clock import DROPPED, LATE, OVERFLOWED, PAUSED, SETTLE_S, TOLERANCE_S, UNSEEN
from edge.audio.microphone.pieces import Captured
from edge.gaps import Gap

from .simulator import RATE_HZ, Simulated, check_balance, worst_place


def test_sound_that_comes_in_time_has_no_gap() -> None:
    device = Simulated()
    device.record(10)
    pieces = device.end()
    assert check_balance(pieces) == []
    assert sum(len(piece.samples) for piece in pieces if isinstance(piece, Captured)) == 10 * RATE_HZ


def test_sound_that_was_held_up_is_not_lost() -> None:
    device = Simulated()
    device.record(3)
    device.hold_up(4)
    device.record(3)
    assert check_balance(device.end()) == []


def test_what_was_held_up_waits_for_nothing() -> None:
    device = Simulated()
    device.record(3)
    device.hold_up(4)
    assert not device.clock.is_waiting


def test_a_pause_after_which_less_comes_is_a_gap_of_that_length() -> None:
    device = Simulated()
    device.record(3)
    device.lose(2.5)
    device.record(3)
    pieces = device.end()
    (gap,) = check_balance(pieces)
    assert (gap.start, gap.reason, gap.cause) == (3, PAUSED, "lost")
    assert gap.end == pytest.approx(5.5, abs=1e-4)
    assert worst_place(pieces) <= 1


def test_what_comes_after_a_pause_waits_until_its_place_is_known() -> None:
    device = Simulated()
    device.record(1)
    device.lose(1)
    n_before = len(device.heard)
    device.record(SETTLE_S / 2)
    assert device.clock.is_waiting
    assert len(device.heard) == n_before
    device.record(SETTLE_S)
    assert not device.clock.is_waiting


def test_waiting_ends_with_time_where_nothing_more_comes() -> None:
    device = Simulated()
    device.record(1)
    device.lose(1)
    assert device.clock.wait(device.now + SETTLE_S / 2) == []
    assert len(device.clock.wait(device.now + SETTLE_S + 0.01)) == 2


def test_an_overflow_is_a_gap_even_where_its_length_is_unknown() -> None:
    device = Simulated()
    device.record(2)
    device.lose(0, is_flagged=True)
    device.record(2)
    device.lose(0.011, is_flagged=True)
    device.record(2)
    pieces = device.end()
    nothing, little = check_balance(pieces)
    assert (nothing.start, nothing.end, nothing.reason) == (2, 2, OVERFLOWED)
    assert little.end - little.start == pytest.approx(0.011, abs=1e-4)
    assert worst_place(pieces) <= 1


def test_the_flag_of_the_first_block_says_nothing() -> None:
    device = Simulated()
    device.lose(0, is_flagged=True)
    device.record(2)
    assert check_balance(device.end()) == []


def test_what_found_the_ring_full_is_counted_to_the_sample() -> None:
    device = Simulated()
    device.record(2)
    device.drop(7)
    device.record(2)
    pieces = device.end()
    (gap,) = check_balance(pieces)
    assert (gap.start, round(gap.end * RATE_HZ), gap.reason) == (2, 2 * RATE_HZ + 7 * 320, DROPPED)
    assert worst_place(pieces) == 0


def test_a_new_stream_begins_behind_a_gap() -> None:
    device = Simulated()
    device.record(2)
    device.reopen(1.7)
    device.record(2)
    pieces = device.end()
    (gap,) = check_balance(pieces)
    assert (gap.start, gap.reason) == (2, "gone")
    assert worst_place(pieces) <= 1


def test_an_end_without_sound_is_a_gap() -> None:
    device = Simulated()
    device.record(2)
    device.now += 3
    (gap,) = check_balance(device.end())
    assert gap.start == 2
    assert gap.end == pytest.approx(5, abs=1e-4)


def test_sound_that_comes_late_at_first_has_a_gap_before_it() -> None:
    device = Simulated(now=1003.0)
    device.record(1)
    (gap,) = check_balance(device.end())
    assert (gap.start, gap.reason) == (0, LATE)
    assert gap.end == pytest.approx(3, abs=1e-4)


def test_a_microphone_that_never_gives_anything_is_a_gap() -> None:
    (gap,) = Simulated(now=1003.0).end()
    assert isinstance(gap, Gap)
    assert gap.end == pytest.approx(3)


def test_a_recording_of_nothing_has_no_gap() -> None:
    assert Simulated().end() == []


def test_sound_lost_without_a_sign_is_a_gap_soon_after() -> None:
    device = Simulated(block=3200)  # the pause is not longer than blocks are
    device.record(3)
    device.lose(0.07)
    device.record(4)
    assert [each.reason for each in device.heard if not hasattr(each, "samples")] == [UNSEEN]


@pytest.mark.parametrize("speed", [1 - 300e-6, 1 + 300e-6])
def test_a_clock_that_runs_wrong_is_no_loss(speed: float) -> None:
    device = Simulated(speed=speed)
    device.record(400)
    assert check_balance(device.end()) == []


def test_a_loss_after_long_drift_is_measured_by_what_is_usual_then() -> None:
    device = Simulated(speed=1 - 300e-6)
    device.record(300)
    device.lose(1)
    device.record(2)
    (gap,) = check_balance(device.end())
    assert gap.end - gap.start == pytest.approx(1, abs=0.01)


DELAYS = st.lists(st.floats(0, 0.06), max_size=100)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.floats(0.5, 4), DELAYS),
        st.tuples(st.just("hold_up"), st.floats(0.1, 10)),
        st.tuples(st.just("lose"), st.floats(0.1, 20)),
        st.tuples(st.just("drop"), st.integers(1, 200)),
        st.tuples(st.just("reopen"), st.floats(0, 20)),
    ),
    max_size=12,
)


@given(events=EVENTS)
@settings(max_examples=150, deadline=None)
def test_nothing_is_lost_without_a_record(events: list[tuple[str, ...]]) -> None:
    """Whatever happens: each sample is there or in a gap, and has the index of the moment in which it was made."""
    device = Simulated()
    device.record(1)
    for name, *arguments in events:
        getattr(device, name)(*arguments)
        device.record(0.6)
    pieces = device.end()
    check_balance(pieces)
    assert worst_place(pieces) <= TOLERANCE_S * RATE_HZ
    n_losses = sum(name in ("lose", "drop", "reopen") for name, *_ in events)
    assert sum(not isinstance(piece, Captured) for piece in pieces) == n_losses
