from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import OptionError
from edge.listen.vad.options import VadOptions
from edge.listen.vad.regions import Chunker, Region, RegionFinder
from edge.listen.vad.silero import FRAME_SAMPLES

EXACT = VadOptions(min_silence_ms=64, speech_pad_ms=0)
"""Two frames of silence end speech, and nothing is added."""

PROBABILITIES = st.lists(st.sampled_from([0.0, 0.1, 0.4, 0.45, 0.6, 0.9, 1.0]), max_size=400)


def find(probabilities: list[float], options: VadOptions, size: int = 7) -> list[Region]:
    finder = RegionFinder(options)
    found: list[Region] = []
    for start in range(0, len(probabilities), size):
        settled = finder.settled
        new = finder.feed(probabilities[start : start + size])
        assert all(region.start >= settled for region in new), "a region began before what was settled"
        assert finder.settled >= settled
        found += new
    return found + finder.finish()


def in_frames(regions: list[Region]) -> list[tuple[float, float]]:
    return [(region.start / FRAME_SAMPLES, region.end / FRAME_SAMPLES) for region in regions]


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([], []),
        ([0.4, 0.3], []),
        ([0.9], [(0, 1)]),
        ([0.1, 0.9, 0.9, 0.1, 0.1, 0.1], [(1, 3)]),
        ([0.9, 0.1, 0.9, 0.1, 0.1], [(0, 3)]),  # one frame of silence is a pause
        ([0.9, 0.4, 0.4, 0.4, 0.1, 0.1], [(0, 4)]),  # between the thresholds speech goes on
        ([0.4, 0.4, 0.9, 0.1, 0.1, 0.9], [(2, 3), (5, 6)]),  # but does not begin
    ],
)
def test_hysteresis(probabilities: list[float], expected: list[tuple[float, float]]) -> None:
    assert in_frames(find(probabilities, EXACT)) == expected


def test_short_speech_is_none() -> None:
    options = VadOptions(min_silence_ms=64, speech_pad_ms=0, min_speech_ms=96)
    assert in_frames(find([0.9, 0.9, 0, 0, 0, 0.9, 0.9, 0.9, 0, 0], options)) == [(5, 8)]


def test_padding_ends_at_the_ends_and_is_shared_in_short_pauses() -> None:
    options = VadOptions(min_silence_ms=64, speech_pad_ms=96)
    silence = [0.0] * 20
    assert in_frames(find([0.9, *silence, 0.9], options)) == [(0, 4), (18, 22)]
    assert in_frames(find([0, 0.9, 0, 0, 0, 0, 0.9, 0], options)) == [(0, 4), (4, 8)]


def test_long_speech_is_cut_where_it_is_least_likely() -> None:
    options = VadOptions(min_silence_ms=96, speech_pad_ms=0, max_speech_s=1.0)
    speech = [0.9] * 60
    speech[5], speech[20], speech[25] = 0.36, 0.7, 0.5
    assert in_frames(find(speech, options)) == [(0, 25), (25, 40), (40, 60)]  # cut again in the middle of all alike


@given(
    PROBABILITIES,
    st.integers(0, 400),
    st.integers(0, 700),
    st.integers(0, 300),
    st.floats(1.7, 8),
    st.integers(1, 50),
)
def test_regions_are_ordered_apart_and_bounded(
    probabilities: list[float], speech_ms: int, silence_ms: int, pad_ms: int, max_s: float, size: int
) -> None:
    options = VadOptions(min_speech_ms=speech_ms, min_silence_ms=silence_ms, speech_pad_ms=pad_ms, max_speech_s=max_s)
    regions = find(probabilities, options, size)
    assert regions == find(probabilities, options, 1000), "the size of the pieces matters"
    assert all(0 <= region.start < region.end <= len(probabilities) * FRAME_SAMPLES for region in regions)
    assert all(before.end <= after.start for before, after in pairwise(regions))
    assert all(region.end - region.start <= max_s * 16000 for region in regions)


@given(PROBABILITIES)
def test_no_speech_is_lost(probabilities: list[float]) -> None:
    regions = find(probabilities, VadOptions())
    for frame, probability in enumerate(probabilities):
        if probability >= 0.5:
            middle = frame * FRAME_SAMPLES + FRAME_SAMPLES // 2
            assert any(region.start <= middle < region.end for region in regions)


def chunks(regions: list[Region], max_s: float, max_gap_s: float = 1e9) -> list[Region]:
    chunker, found = Chunker(max_s, max_gap_s), []
    for region in regions:
        found += chunker.feed([region], region.end)
        assert chunker.settled <= region.end
    return found + chunker.finish()


@given(st.lists(st.tuples(st.integers(0, 80_000), st.integers(1, 160_000)), max_size=30), st.floats(10, 30))
def test_chunks_hold_all_regions_in_order_and_fit(lengths: list[tuple[int, int]], max_s: float) -> None:
    regions, at = [], 0
    for gap, length in lengths:
        regions.append(Region(at + gap, at + gap + length))
        at = regions[-1].end
    found = chunks(regions, max_s, 2.0)
    assert all(chunk.end - chunk.start <= max_s * 16000 for chunk in found)
    assert all(before.end <= after.start for before, after in pairwise(found))
    assert {region.start for region in regions} >= {chunk.start for chunk in found}
    for region in regions:
        assert sum(chunk.start <= region.start and region.end <= chunk.end for chunk in found) == 1
    assert len(found) <= len(regions)


def test_neighbours_are_merged_until_the_window_is_full() -> None:
    second = 16000
    regions = [Region(start * second, (start + 9) * second) for start in (0, 10, 20, 30)]
    assert chunks(regions, 30) == [Region(0, 29 * second), Region(30 * second, 39 * second)]
    assert chunks(regions, 30, max_gap_s=0.5) == regions


def test_a_chunk_is_given_as_soon_as_nothing_more_can_join() -> None:
    chunker = Chunker(30, 3)
    assert chunker.feed([Region(0, 16000)], 16000) == []
    assert chunker.feed([], 60_000) == []
    assert chunker.settled == 0
    assert chunker.feed([], 16000 + 48_001) == [Region(0, 16000)]
    assert chunker.settled == 64_001


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": 1.5}, "threshold is 1.5"),
        ({"threshold": float("nan")}, "threshold is nan"),
        ({"neg_threshold": 0.7}, "neg_threshold is 0.7; expected at most threshold"),
        ({"min_silence_ms": -1}, "min_silence_ms is -1"),
        ({"speech_pad_ms": 10**6}, "speech_pad_ms"),
        ({"max_speech_s": 1.0}, "max_speech_s is 1.0; expected seconds, at least 1.8"),
        ({"max_speech_s": float("nan")}, "max_speech_s is nan"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        VadOptions(**settings)  # type: ignore[arg-type]


def test_the_threshold_of_silence_follows() -> None:
    assert VadOptions(threshold=0.6).silence_threshold == pytest.approx(0.45)
    assert VadOptions(threshold=0.1).silence_threshold == 0.01
    assert VadOptions(neg_threshold=0.2).silence_threshold == 0.2
