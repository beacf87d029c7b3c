"""Results of a comparison of engines: what was heard and how long it took, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .scoring import Errors, total

OURS = "edgewise"
"""The engine that is compared; all others are peers."""


@dataclass(frozen=True, slots=True)
class UtteranceResult:
    """One recording through one engine."""

    name: str
    audio_s: float
    seconds: tuple[float, ...]
    """One time for each pass over the set."""
    text: str
    errors: Errors | None
    """None where the words are not known."""

    @property
    def median_s(self) -> float:
        """Its latency."""
        return float(np.median(self.seconds))


@dataclass(frozen=True, slots=True)
class EngineResult:
    """One engine with one model over the whole set."""

    engine: str
    precision: str
    model: str
    load_s: float
    first_s: float
    """The first transcription, before anything is warm."""
    peak_rss_mb: float
    utterances: tuple[UtteranceResult, ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Times relative to another engine's, recording by recording."""

    to: str
    """The other engine."""
    median: float
    lower: float
    """First quartile."""
    upper: float
    """Third quartile."""
    of_means: float
    """Mean time over mean time."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the table."""

    mean_ms: float
    median_ms: float
    p95_ms: float
    pass_spread: float
    """(slowest - fastest) / mean over the passes' own mean times: the noise of this run."""
    real_time_factor: float
    """Seconds of work for a second of audio."""
    errors: Errors
    word_error_rate: float | None
    ratio: Ratio | None
    """To the fastest peer; None without one."""


def summarize(result: EngineResult, peer: EngineResult | None) -> Summary:
    """Statistics of one engine, and its ratio to a peer over the same recordings."""
    times_s = np.array([utterance.seconds for utterance in result.utterances])  # (n_utterances, n_passes)
    latencies_s = np.median(times_s, axis=1)
    pass_means_s = times_s.mean(axis=0)
    errors = total(one.errors for one in result.utterances if one.errors is not None)
    return Summary(
        mean_ms=mean_ms(result),
        median_ms=float(np.median(latencies_s)) * 1e3,
        p95_ms=float(np.percentile(latencies_s, 95)) * 1e3,
        pass_spread=float(np.ptp(pass_means_s) / pass_means_s.mean()),
        real_time_factor=float(latencies_s.sum()) / sum(one.audio_s for one in result.utterances),
        errors=errors,
        word_error_rate=errors.rate,
        ratio=None if peer is None else ratio_to(result, peer),
    )


def mean_ms(result: EngineResult) -> float:
    """Mean latency over the set."""
    return float(np.mean([one.median_s for one in result.utterances])) * 1e3


def ratio_to(result: EngineResult, peer: EngineResult) -> Ratio:
    """How a result's times compare with a peer's: below one is faster."""
    pairs = zip(result.utterances, peer.utterances, strict=True)
    ratios = np.array([ours.median_s / theirs.median_s for ours, theirs in pairs])
    lower, median, upper = (float(value) for value in np.percentile(ratios, (25, 50, 75)))
    return Ratio(peer.engine, median, lower, upper, mean_ms(result) / mean_ms(peer))


def fastest_peer(results: Sequence[EngineResult]) -> EngineResult | None:
    """The engine with the lowest mean latency that is not ours."""
    return min((one for one in results if one.engine != OURS), key=mean_ms, default=None)
