"""Small parts: held sound, the pace of readings, levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import OptionError
from edge.live.hearing import Hearing
from edge.live.options import LiveOptions
from edge.live.pace import Pace
from edge.live.sound import HeldSound

from .parts import LoudIsSpeech


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30), st.data())
def test_held_sound_is_what_came(sizes: list[int], data: st.DataObject) -> None:
    whole = np.arange(sum(sizes), dtype=np.float32)
    held, at, kept = HeldSound(7), 0, 0
    for size in sizes:
        held.append(whole[at : at + size])
        at += size
        assert held.stop == 7 + at
        first = data.draw(st.integers(kept, at))
        stop = data.draw(st.integers(first, at))
        np.testing.assert_array_equal(held.between(7 + first, 7 + stop), whole[first:stop])
        kept = data.draw(st.integers(kept, at))
        held.forget(7 + kept)


def test_readings_become_rarer_where_they_cost_more() -> None:
    now = 0.0
    pace = Pace(0.4, 0.25, lambda: now)
    assert not pace.is_due(0.39)
    assert pace.is_due(0.4)
    with pace.reading():
        now = 0.5
    now = 1.9
    assert not pace.is_due(5.0)
    now = 2.0
    assert pace.is_due(0.4)


def test_a_quiet_voice_is_heard_after_a_loud_one() -> None:
    detector: Any = LoudIsSpeech()
    rng = np.random.default_rng(0)
    loud = rng.uniform(-0.9, 0.9, 16_000).astype(np.float32)
    quiet = rng.uniform(-0.02, 0.02, 6 * 16_000).astype(np.float32)
    hearing = Hearing(detector)
    heard = hearing.feed(np.concatenate([loud, quiet]))
    assert heard[5].probability == 1
    assert heard[-1].probability == 1
    silence = hearing.feed(np.full(16_000, 0.0005, np.float32))
    assert silence[-1].probability == 0


@given(st.lists(st.integers(0, 3000), max_size=12))
def test_frames_are_the_same_in_pieces_of_any_size(sizes: list[int]) -> None:
    detector: Any = LoudIsSpeech()
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, sum(sizes)).astype(np.float32)
    whole = Hearing(detector).feed(samples)
    hearing, at, found = Hearing(detector), 0, []
    for size in sizes:
        found += hearing.feed(samples[at : at + size])
        at += size
    assert found == whole


@pytest.mark.parametrize(("given_as", "seconds"), [("aggressive", 0.25), ("default", 0.7), (0.5, 0.5), (None, None)])
def test_an_endpoint_has_a_name_or_a_number(given_as: float | str | None, seconds: float | None) -> None:
    assert LiveOptions(endpoint=given_as).endpoint == seconds


@pytest.mark.parametrize("wrong", ["eager", 0.1, float("nan"), 11])
def test_other_endpoints_are_refused(wrong: float | str) -> None:
    with pytest.raises(OptionError, match="endpoint is"):
        LiveOptions(endpoint=wrong)
