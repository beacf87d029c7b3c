"""Judges whether the times of a run may be believed and compared, from its conditions and its spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .conditions import Conditions, lowest_clock, others_share

Kind = Literal["valid", "busy", "throttled", "battery", "unstable"]

_MOST_OTHERS = 0.05
"""Share of the cores' time that may go to others."""
_LEAST_CLOCK = 0.9
"""Share of its first clock that a core may fall to."""
_MOST_SPREAD = 0.1
"""Distance of the quartiles, as a share of the median, that the times of one cell may have."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run's times are worth."""

    kind: Kind
    reasons: tuple[str, ...]
    """Sentences that say why; empty for a valid run."""


def judge(seen: Sequence[Conditions], cores: int, cells: Sequence[Sequence[float]], *, is_warm: bool = True) -> Verdict:
    """Judge a run by what was seen at its rounds (n_rounds + 1), the times of each of its cells, and its warming up.

    The first kind that holds is the verdict's; the reasons are all that hold.
    """
    found = [
        *_busy(seen, cores),
        *_throttled(seen),
        *_on_battery(seen),
        *_unstable(cells, is_warm=is_warm),
    ]
    return Verdict(found[0][0] if found else "valid", tuple(reason for _, reason in found))


Found = list[tuple[Kind, str]]


def _busy(seen: Sequence[Conditions], cores: int) -> Found:
    found: Found = []
    share = others_share(seen[0], seen[-1], cores)
    if share is not None and share > _MOST_OTHERS:
        found.append(("busy", f"other work took {share:.0%} of the processor; end it, and measure again"))
    before, after = seen[0].swapped_pages, seen[-1].swapped_pages
    if before is not None and after is not None and after > before:
        found.append(("busy", f"{after - before} pages were swapped; the machine has too little memory for this run"))
    return found


def _throttled(seen: Sequence[Conditions]) -> Found:
    before, after = seen[0].throttled, seen[-1].throttled
    if before is not None and after is not None and after > before:
        return [("throttled", f"cores were slowed down for their heat {after - before} times; cool the machine")]
    if any(one.slowed for one in seen):
        return [("throttled", "the board was slowed down for its heat or its power supply; cool it, or feed it better")]
    first, lowest = lowest_clock(seen[:1]), lowest_clock(seen)
    if first and lowest and lowest < _LEAST_CLOCK * first:
        return [("throttled", f"a core's clock fell from {first:.0f} to {lowest:.0f} MHz")]
    return []


def _on_battery(seen: Sequence[Conditions]) -> Found:
    return [("battery", "the machine ran on its battery; plug it in")] if any(one.on_battery for one in seen) else []


def _unstable(cells: Sequence[Sequence[float]], *, is_warm: bool) -> Found:
    found: Found = []
    if not is_warm:
        found.append(("unstable", "no three times in a row were alike before the first round"))
    worst = max((spread(times) for times in cells if len(times) > 2), default=0.0)
    if worst > _MOST_SPREAD:
        found.append(("unstable", f"the times of one cell differ by {worst:.0%} between their quartiles"))
    return found


def spread(times: Sequence[float]) -> float:
    """Compute the distance of the quartiles as a share of the median."""
    low, middle, high = np.percentile(times, (25, 50, 75))
    return float((high - low) / middle) if middle > 0 else 0.0
