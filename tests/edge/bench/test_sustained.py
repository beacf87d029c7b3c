from __future__ import annotations

import pytest

from edge.bench.sustained import rates


def test_burst_is_the_first_ten_seconds_and_sustained_the_second_half() -> None:
    times = [1.0] * 10 + [2.0] * 45
    burst, sustained = rates(times, audio_s=30.0)
    assert burst == pytest.approx(30.0)
    assert sustained == pytest.approx(15.0)


def test_one_run_is_both() -> None:
    assert rates([2.0], audio_s=30.0) == (15.0, 15.0)
