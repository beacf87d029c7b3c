"""Silence where time stamps leave room, and nowhere else."""

from __future__ import annotations

from itertools import pairwise

import pytest

from edge.audio.timeline import DRIFT_S, MOST_SILENCE_S, TOLERANCE_S, Timeline

FRAME_S = 0.02


def placed(stamps: list[float | None], zero_s: float = 0.0, length_s: float | None = None) -> list[float]:
    """Where frames with these time stamps begin."""
    timeline = Timeline(zero_s, length_s)
    begins = []
    for stamp, following in zip(stamps, [*stamps[1:], None], strict=True):
        timeline.place(stamp, FRAME_S, following)
        begins.append(round(timeline.at_s - FRAME_S, 6))
    return begins


def frames(start_s: float, n_frames: int = 4) -> list[float | None]:
    return [start_s + FRAME_S * number for number in range(n_frames)]


def test_frames_without_stamps_follow_each_other() -> None:
    assert placed([None] * 3) == pytest.approx([0, FRAME_S, 2 * FRAME_S])


def test_a_late_start_counts_from_where_the_clock_begins() -> None:
    assert placed(frames(5))[0] == 5
    assert placed(frames(26.4), zero_s=21.4)[0] == pytest.approx(5)


def test_small_differences_mean_nothing() -> None:
    jittered = [stamp + (-1) ** number * 0.04 for number, stamp in enumerate(frames(1.0, 20)) if stamp is not None]
    begins = placed(jittered)
    assert begins == pytest.approx([begins[0] + FRAME_S * number for number in range(20)])
    assert placed(frames(TOLERANCE_S * 0.9))[0] == 0
    assert placed(frames(-TOLERANCE_S * 0.9))[0] == 0


def test_a_gap_keeps_what_follows_in_its_place() -> None:
    assert placed(frames(0) + frames(3))[4:] == pytest.approx([3, 3.02, 3.04, 3.06])


def test_a_stamp_that_is_alone_is_not_believed() -> None:
    stamps = frames(0, 8)
    for wrong in (1000.0, -1000.0):
        stamps[3] = wrong
        assert placed(stamps) == pytest.approx([FRAME_S * number for number in range(8)])


def test_a_clock_that_is_set_back_loses_nothing() -> None:
    begins = placed(frames(0, 10) + frames(0, 10) + frames(2))
    assert begins[10:12] == pytest.approx([0.2, 0.22])
    assert begins[20] == pytest.approx(2.2)


def test_a_slow_drift_is_made_up_for_in_few_steps() -> None:
    begins = placed([number * (FRAME_S + 0.001) for number in range(1000)])
    steps = [after - before for before, after in pairwise(begins)]
    assert sum(step > FRAME_S + 0.01 for step in steps) == 1
    assert begins[-1] == pytest.approx(999 * (FRAME_S + 0.001), abs=DRIFT_S)


def test_what_is_known_to_be_missing_counts_exactly() -> None:
    timeline = Timeline(0)
    timeline.place(0, FRAME_S, 3 * FRAME_S)
    missing_s, begins_anew = timeline.place(3 * FRAME_S, FRAME_S, 4 * FRAME_S, exactly=True)
    assert missing_s == pytest.approx(2 * FRAME_S)
    assert begins_anew
    assert timeline.at_s == pytest.approx(4 * FRAME_S)


def test_what_the_stamps_do_not_show_is_skipped() -> None:
    timeline = Timeline(0)
    timeline.place(0, FRAME_S, FRAME_S)
    timeline.skip(1.5)
    timeline.place(FRAME_S, FRAME_S, None)
    assert timeline.at_s == pytest.approx(1.5 + 2 * FRAME_S)


@pytest.mark.parametrize("far_s", [2.0**40, MOST_SILENCE_S * 1.1])
def test_hostile_stamps_make_no_silence(far_s: float) -> None:
    timeline = Timeline(0)
    timeline.place(0, FRAME_S, FRAME_S)
    timeline.place(far_s, FRAME_S, far_s + FRAME_S)
    timeline.place(far_s + FRAME_S, FRAME_S, None)
    assert timeline.at_s == pytest.approx(3 * FRAME_S)
    assert timeline.disbelieved_s == pytest.approx(far_s, rel=0.01)


def test_all_silence_together_is_bounded() -> None:
    begins = placed([stamp for hour in range(100) for stamp in frames(hour * 3600)])
    assert begins[-1] < MOST_SILENCE_S + 10


def test_leaps_beyond_the_promised_length_are_not_believed() -> None:
    assert placed(frames(0) + frames(500), length_s=60)[-1] < 1
    assert placed(frames(0) + frames(50), length_s=60)[-1] > 50
