"""Which recordings are read in parts, and in how many."""

from __future__ import annotations

import pytest

from edge.cli.cluster.division import n_parts, part_s

HOUR = 3600.0


@pytest.mark.parametrize(
    ("durations_s", "n_workers", "expected_s"),
    [
        ([], 3, 120),
        ([HOUR], 3, 300),
        ([HOUR, None, HOUR], 4, 450),
        ([HOUR], 1000, 120),
        ([10_000 * HOUR], 1000, 2.5 * HOUR),
        ([HOUR / 2], 0, 450),
    ],
)
def test_each_worker_gets_several_parts_of_a_sensible_length(
    durations_s: list[float | None], n_workers: int, expected_s: float
) -> None:
    assert part_s(durations_s, n_workers) == expected_s


@pytest.mark.parametrize(
    ("duration_s", "expected"), [(None, 1), (0.0, 1), (599.0, 1), (600.0, 2), (1700.0, 5), (14 * HOUR, 8)]
)
def test_a_recording_has_as_many_parts_as_fit(duration_s: float | None, expected: int) -> None:
    assert n_parts(duration_s, 300.0) == expected
