"""Decides which recordings the workers of a cluster read in parts, and in how many."""

from __future__ import annotations

from collections.abc import Iterable

MOST_PARTS = 8
"""Parts of a recording, at most: each decodes the recording from its beginning."""
LEAST_PART_S = 120.0
"""Seconds of a part, at least: in less there is little to divide."""
_TURNS = 4
"""Parts in an even share of the work: a recording of half a share or less is read in time as it is."""


def part_s(durations_s: Iterable[float | None], n_workers: int) -> float:
    """Choose how long a part is, where all these recordings are shared by so many workers."""
    all_s = sum(duration_s for duration_s in durations_s if duration_s is not None)
    return max(all_s / (_TURNS * max(n_workers, 1)), LEAST_PART_S)


def n_parts(duration_s: float | None, part_s: float) -> int:
    """Choose the number of parts of a recording; 1 leaves it whole, as where its length is not known beforehand."""
    return 1 if duration_s is None else min(max(int(duration_s / part_s), 1), MOST_PARTS)
