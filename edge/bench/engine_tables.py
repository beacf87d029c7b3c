"""Tables of engines side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .results import OURS, EngineResult, Ratio, Summary, mean_rate
from .scoring import total
from .tables import table

_NONE = "-"

_ASR_HEADER = (
    "engine",
    "WER %",
    "sub/del/ins",
    "loops",
    "again",
    "mean ms",
    "median",
    "p95",
    "noise %",
    "RTF",
    "x real time",
    "load s",
    "first ms",
    "RSS MB",
    "to fastest peer (quartiles)",
    "means",
)


def asr_table(results: Sequence[EngineResult], summaries: Sequence[Summary]) -> str:
    """Write a table of one row an engine."""
    rows = [_asr_row(result, summary) for result, summary in zip(results, summaries, strict=True)]
    return table(_ASR_HEADER, rows)


def peer_table(results: Sequence[EngineResult], summaries: Sequence[Summary]) -> str | None:
    """Write our times over each peer's; None where there is nothing to compare."""
    rows = [
        (result.label, ratio.to, *_ratio_cells(ratio), f"{1 / ratio.of_means:.1f}")
        for result, summary in zip(results, summaries, strict=True)
        if result.engine == OURS
        for ratio in summary.ratios
    ]
    header = ("engine", "peer", "ratio (quartiles)", "means", "times as fast")
    return table(header, rows, n_left=2) if rows else None


def roofline_table(results: Sequence[EngineResult], summaries: Sequence[Summary]) -> str | None:
    """Write each part of our work beside the machine's peak; None where no engine reports its parts."""
    rows = [
        (result.label, part.name, _number(part.ms), _number(part.peak_ms), *_ratio_cells(part.ratio))
        for result, summary in zip(results, summaries, strict=True)
        for part in summary.parts
    ]
    header = ("engine", "part", "ms", "at the peak", "ratio (quartiles)", "means")
    return table(header, rows, n_left=2) if rows else None


def sets_table(by_set: Sequence[Sequence[tuple[EngineResult, Summary]]]) -> str:
    """Write word error rates and loops of one model, a column a set, and over all of them."""
    names = [results[0][0].set for results in by_set]
    rows = []
    for results in zip(*by_set, strict=True):
        rates = [summary.word_error_rate for _, summary in results]
        loops = sum(summary.errors.loops for _, summary in results)
        rows.append((results[0][0].label, *map(_percent, rates), _percent(mean_rate(rates)), str(loops)))
    return table(("WER %", *names, "mean", "loops"), rows)


def languages_table(results: Sequence[EngineResult]) -> str | None:
    """Write error rates on one set, a column a language; None where one language is spoken."""
    languages = list(dict.fromkeys(one.language for one in results[0].utterances if one.language is not None))
    if len(languages) < 2:
        return None
    rows = []
    for result in results:
        spoken = {name: [one for one in result.utterances if one.language == name] for name in languages}
        rates = [total(one.errors for one in some if one.errors is not None).rate for some in spoken.values()]
        rows.append((result.label, *map(_percent, rates), _percent(mean_rate(rates))))
    counts = [sum(one.language == name for one in results[0].utterances) for name in languages]
    header = ("errors %", *(f"{name} ({n})" for name, n in zip(languages, counts, strict=True)), "mean")
    return table(header, rows)


def speeds_table(by_set: Sequence[Sequence[tuple[EngineResult, Summary]]]) -> str:
    """Write the mean latency of one model, a column a set, and the mean ratio of means to the fastest peer."""
    names = [results[0][0].set for results in by_set]
    rows = []
    for results in zip(*by_set, strict=True):
        ratios = [summary.ratio.of_means for _, summary in results if summary.ratio is not None]
        mean = _times(float(np.exp(np.mean(np.log(ratios))))) if ratios else _NONE
        rows.append((results[0][0].label, *(f"{summary.mean_ms:.0f}" for _, summary in results), mean))
    return table(("mean ms", *names, "to fastest peer"), rows)


def _asr_row(result: EngineResult, summary: Summary) -> tuple[str, ...]:
    errors = summary.errors
    return (
        result.label,
        _percent(summary.word_error_rate),
        f"{errors.substitutions}/{errors.deletions}/{errors.insertions}",
        str(errors.loops),
        _NONE if summary.second_looks is None else "{}/{}".format(*summary.second_looks),
        f"{summary.mean_ms:.0f}",
        f"{summary.median_ms:.0f}",
        f"{summary.p95_ms:.0f}",
        f"{100 * summary.pass_spread:.1f}",
        f"{summary.real_time_factor:.3f}",
        f"{1 / summary.real_time_factor:.1f}",
        f"{result.load_s:.2f}",
        f"{1e3 * result.first_s:.0f}",
        f"{result.peak_rss_mb:.0f}",
        *_ratio_cells(summary.ratio),
    )


def _ratio_cells(ratio: Ratio | None) -> tuple[str, str]:
    if ratio is None:
        return _NONE, _NONE
    return f"{_times(ratio.median)} ({_times(ratio.lower)}-{_times(ratio.upper)})", _times(ratio.of_means)


def _times(ratio: float) -> str:
    """Write a ratio in three digits, none of which are lost on a small one."""
    return f"{ratio:.2f}" if ratio >= 1 else f"{ratio:.3f}"


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:.1f}"


def _percent(rate: float | None) -> str:
    return _NONE if rate is None else f"{100 * rate:.2f}"
