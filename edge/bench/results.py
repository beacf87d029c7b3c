"""Results of a comparison of engines: what was heard and how long it took, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .parts import Parts
from .roofline import Floor
from .scoring import Errors, total

OURS = "edgewise"
"""Name of the engine that is compared; all others are peers."""
PEAK = "the machine's peak"
"""Name of what a ratio to the roofline is to."""


@dataclass(frozen=True, slots=True)
class UtteranceResult:
    """One recording through one engine."""

    name: str
    audio_s: float
    seconds: tuple[float, ...]
    """Times of the recording, one for each pass over the set."""
    text: str
    errors: Errors | None
    """Edits against the reference; None where the words are not known."""
    parts: Parts | None = None
    """Median of each part's time over the passes; None where the engine does not report parts."""
    floor: Floor | None = None
    """Least time that the recording's work takes at the machine's peak."""
    language: str | None = None
    """Language spoken in the recording."""

    @property
    def median_s(self) -> float:
        """Latency of the recording."""
        return float(np.median(self.seconds))


@dataclass(frozen=True, slots=True)
class EngineResult:
    """One engine with one model over the whole set."""

    engine: str
    precision: str
    label: str
    """Engine, precision and options, as the command line has them."""
    model: str
    set: str
    """Name of the set."""
    load_s: float
    first_s: float
    """Seconds of the first transcription, before anything is warm."""
    peak_rss_mb: float
    utterances: tuple[UtteranceResult, ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Times relative to another engine's, recording by recording."""

    to: str
    """Label of the other engine, or the machine's peak."""
    median: float
    lower: float
    """First quartile."""
    upper: float
    """Third quartile."""
    of_means: float
    """Mean time over mean time."""


@dataclass(frozen=True, slots=True)
class PartSummary:
    """A part of the work, over the set."""

    name: str
    ms: float | None
    """Mean of a recording; None where it is measured only as part of another."""
    peak_ms: float | None
    """Mean of a recording at the machine's peak; None where it is not known."""
    ratio: Ratio | None
    """Ratio to the machine's peak."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of a table of engines."""

    mean_ms: float
    median_ms: float
    p95_ms: float
    pass_spread: float
    """(slowest - fastest) / mean over the passes' own mean times: the noise of this run."""
    real_time_factor: float
    """Seconds of work for a second of audio."""
    errors: Errors
    word_error_rate: float | None
    second_looks: tuple[int, int] | None
    """Windows decoded again in full context, and all windows; None where the engine does not report them."""
    ratios: tuple[Ratio, ...]
    """Ratios to each peer, the fastest first."""
    parts: tuple[PartSummary, ...]
    """Parts beside the machine's peak; empty where the engine does not report its parts."""

    @property
    def ratio(self) -> Ratio | None:
        """Ratio to the fastest peer; None without one."""
        return self.ratios[0] if self.ratios else None


def summarize(result: EngineResult, peers: Sequence[EngineResult] = ()) -> Summary:
    """Compute the statistics of one engine, and its ratio to each peer over the same recordings."""
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
        second_looks=_second_looks(result.utterances),
        ratios=tuple(ratio_to(result, peer) for peer in peers),
        parts=tuple(_parts(result.utterances)),
    )


def mean_ms(result: EngineResult) -> float:
    """Compute the mean latency over the set."""
    return float(np.mean([one.median_s for one in result.utterances])) * 1e3


def ratio_to(result: EngineResult, peer: EngineResult) -> Ratio:
    """Compare a result's times with a peer's: below one is faster."""
    times = [[one.median_s for one in engine.utterances] for engine in (result, peer)]
    return _ratio(peer.label, *times)


def by_speed(results: Sequence[EngineResult]) -> list[EngineResult]:
    """Sort the peers, the one with the lowest mean latency first."""
    return sorted((one for one in results if one.engine != OURS), key=mean_ms)


def median_parts(passes: Sequence[Parts]) -> Parts:
    """Take the median time of each part over the passes."""
    return replace(
        passes[-1],
        features_s=float(np.median([one.features_s for one in passes])),
        encode_s=float(np.median([one.encode_s for one in passes])),
        decode_s=float(np.median([one.decode_s for one in passes])),
    )


def mean_rate(rates: Sequence[float | None]) -> float | None:
    """Compute the mean of the word error rates that are known."""
    known = [rate for rate in rates if rate is not None]
    return float(np.mean(known)) if known else None


def _ratio(to: str, ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    ratios = np.divide(ours, theirs)
    lower, median, upper = (float(value) for value in np.percentile(ratios, (25, 50, 75)))
    return Ratio(to, median, lower, upper, float(np.mean(ours) / np.mean(theirs)))


def _second_looks(utterances: Sequence[UtteranceResult]) -> tuple[int, int] | None:
    told = [one.parts for one in utterances if one.parts is not None]
    if not told:
        return None
    again = sum(parts.n_second_looks for parts in told)
    return again, sum(parts.n_windows for parts in told) - again


def _parts(utterances: Sequence[UtteranceResult]) -> list[PartSummary]:
    """Set our parts beside the peak's, where all recordings have both."""
    told = [(one, one.parts, one.floor) for one in utterances if one.parts is not None and one.floor is not None]
    if len(told) < len(utterances):
        return []
    floors = [floor for _, _, floor in told]
    features = [parts.features_s for _, parts, _ in told]
    encode = [parts.encode_s for _, parts, _ in told]
    decode = [parts.decode_s for _, parts, _ in told]
    total_s = [one.median_s for one, _, _ in told]
    other = [max(0.0, whole - sum(some)) for whole, *some in zip(total_s, features, encode, decode, strict=True)]
    return [
        _part("features", features),
        _part("encode", encode, [floor.encode_s for floor in floors]),
        _part("- encoder", peak=[floor.encoder_s for floor in floors]),
        _part("- cross keys and values", peak=[floor.cross_s for floor in floors]),
        _part("decode", decode, [floor.decode_s for floor in floors]),
        _part("- decoder", peak=[floor.decoder_s for floor in floors]),
        _part("- vocabulary", peak=[floor.vocabulary_s for floor in floors]),
        _part("other", other),
        _part("all", total_s, [floor.total_s for floor in floors]),
    ]


def _part(name: str, ours: Sequence[float] | None = None, peak: Sequence[float] | None = None) -> PartSummary:
    return PartSummary(
        name,
        ms=None if ours is None else float(np.mean(ours)) * 1e3,
        peak_ms=None if peak is None else float(np.mean(peak)) * 1e3,
        ratio=None if ours is None or peak is None else _ratio(PEAK, ours, peak),
    )
