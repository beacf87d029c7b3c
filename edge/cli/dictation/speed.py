"""The model that this machine is fast enough for."""

from __future__ import annotations

import time

import numpy as np

from ...errors import EdgeError
from ...names import DEFAULT_MODEL

_HEARD_S = 8
_ENOUGH_S = 0.25
"""Seconds from the release of the key until the text is there that nobody minds."""

_COSTS = {"small.en": 9.0, "base.en": 2.2, "tiny.en": 1.0}
"""Work of a model beside the smallest, the largest first."""

_TIMES = 3


def time_of(threads: int | None) -> float | None:
    """Return the seconds that the smallest model takes for 8 s of sound, at best; None where it is not here."""
    from ... import load

    noise = np.random.default_rng(0).normal(0, 0.01, _HEARD_S * 16000).astype(np.float32)
    times_s = []
    try:
        model = load(DEFAULT_MODEL, threads=threads, offline=True)
        for _ in range(_TIMES):
            began_s = time.perf_counter()
            model.transcribe(noise)
            times_s.append(time.perf_counter() - began_s)
    except EdgeError:
        return None
    return min(times_s)


def fitting(seconds: float) -> str:
    """Return the largest model whose text comes soon enough where the smallest one takes so long."""
    return next((name for name, cost in _COSTS.items() if cost * seconds <= _ENOUGH_S), DEFAULT_MODEL)
