"""How far chance moves word error rates: whole recordings are drawn again and again (Bisani and Ney 2004)."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 2000

Counts: TypeAlias = NDArray[np.float64]


def drawn_rates(edits: Counts, words: Counts, rng: np.random.Generator) -> Counts:
    """Draw recordings again and again from those with these counts (n_recordings,); return the rates (n_resamples,).

    With one model's edits less another's of the same recordings, how far its rate is above the other's.
    """
    again = rng.integers(len(words), size=(_RESAMPLES, len(words)))
    rates: Counts = edits[again].sum(axis=1) / np.maximum(words[again].sum(axis=1), 1)
    return rates


def interval(drawn: Counts) -> tuple[float, float]:
    """Return the ends of the interval that holds 95 % of what was drawn."""
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(low), float(high)
