"""What changed between two files of results, and nothing below the noise.

Times: a change is told where the median of the ratios is further from 1 than the noise, and the middle half
of the ratios does not hold 1. The noise is the largest of a floor, the spread between passes within either
run, and, where both runs hold the same peers, how much those seem to have changed, which they did not.
Words: the errors of B are compared with those of A recording by recording, by resampling the recordings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .result_file import ResultError, read_result
from .results import OURS
from .tables import table

NOISE_FLOOR = 0.02
"""Smallest change of a time that is ever told, as a share."""
_RESAMPLES = 2000
_CONFIDENCE = 0.95
_SAME = "-"
"""Mark in a table for no difference beyond the noise."""

Row = Mapping[str, Any]


def compare(first: Path, second: Path) -> str:
    """Return the table of differences between two result files of one kind."""
    a, b = read_result(first), read_result(second)
    if a["kind"] != b["kind"]:
        raise ResultError(f"{first} holds {a['kind']} results, {second} {b['kind']}: nothing to compare")
    warnings = [
        f"Not the same {what}: {a['machine'][what]} and {b['machine'][what]}."
        for what in ("cpu", "cores", "governor")
        if a["machine"][what] != b["machine"][what]
    ]
    if a["kind"] not in ("asr", "kernels", "step"):
        raise ResultError(f"{first} and {second} hold {a['kind']} results: read them side by side")
    body = {"asr": _compare_asr, "kernels": _compare_kernels, "step": _compare_steps}[a["kind"]](a, b)
    return "\n".join([*warnings, body])


def speed_change(ratios: Sequence[float], noise: float) -> str:
    """Say how times changed, given times of B over times of A, one for each recording."""
    lower, median, upper = np.percentile(ratios, (25, 50, 75))
    if abs(median - 1) <= noise or lower <= 1 <= upper:
        return _SAME
    verdict = "faster" if median < 1 else "slower"
    return f"{100 * abs(1 - median):.0f} % {verdict} ({lower:.2f}-{upper:.2f})"


def error_change(first: Sequence[int], second: Sequence[int], words: int) -> str:
    """Say by how many points the word error rate changed, if it did, given edits for each recording in A and in B."""
    differences = np.subtract(second, first)
    resampled = np.random.default_rng(0).choice(differences, (_RESAMPLES, len(differences))).sum(axis=1)
    tail = 50 * (1 - _CONFIDENCE)
    lower, upper = np.percentile(resampled, (tail, 100 - tail))
    if words == 0 or lower <= 0 <= upper:
        return _SAME
    points = 100 / words
    return f"{differences.sum() * points:+.2f} ({lower * points:+.2f} to {upper * points:+.2f})"


def _compare_asr(a: Row, b: Row) -> str:
    for setting in ("threads", "beam", "timestamps"):
        if a["settings"][setting] != b["settings"][setting]:
            raise ResultError(
                f"the runs differ in {setting} ({a['settings'][setting]} and {b['settings'][setting]}): "
                "nothing to compare"
            )
    pairs = _pairs(a["results"], b["results"], ("label", "model", "set"))
    for one, other in pairs:
        _check_set(one["set"], a, b, one, other)
    peers = [abs(1 - float(np.median(_ratios(*pair)))) for pair in pairs if pair[0]["engine"] != OURS]
    drift = max(peers, default=0.0)
    rows = []
    for one, other in pairs:
        ours = one["engine"] == OURS
        spread = max(one["summary"]["pass_spread"], other["summary"]["pass_spread"])
        noise = max(NOISE_FLOOR, spread, drift if ours else 0.0)
        rows.append(
            (
                one["label"],
                one["model"],
                one["set"],
                f"{one['summary']['mean_ms']:.0f}",
                f"{other['summary']['mean_ms']:.0f}",
                f"{100 * noise:.1f}",
                speed_change(_ratios(one, other), noise),
                _rate(one),
                _rate(other),
                _errors(one, other),
            )
        )
    header = ("engine", "model", "set", "ms A", "ms B", "noise %", "time", "WER A", "WER B", "WER")
    return table(header, rows, n_left=3)


def _compare_kernels(a: Row, b: Row) -> str:
    rows = []
    for one, other in _pairs(a["results"], b["results"], ("kind", "model", "m", "n", "k", "threads")):
        size = f"{one['model']} {one['m']} x {one['n']} x {one['k']}, {one['threads']} threads"
        rows += _changed(one["kind"], size, one["seconds"], other["seconds"], "us", 1e6)
    if a["elementwise"] and b["elementwise"]:
        for one, other in _pairs(a["elementwise"], b["elementwise"], ("kind", "shape", "level")):
            rows += _changed(one["kind"], one["shape"], one["ns_per_element"], other["ns_per_element"], "ns", 1)
    if not rows:
        return "No kernel changed beyond the noise."
    return table(("kernel", "size", "A", "B", "time"), rows, n_left=2)


def _compare_steps(a: Row, b: Row) -> str:
    rows = []
    for one, other in _pairs(a["results"], b["results"], ("model", "precision", "threads", "seconds", "cache")):
        size = f"{one['model']} {one['precision']}, {one['seconds']:g} s, {one['threads']} threads"
        for what in ("call", "step"):
            rows += _changed(f"{what}, {one['cache']}", size, one[f"{what}_s"], other[f"{what}_s"], "ms", 1e3)
    return table(("decoder", "size", "A", "B", "time"), rows, n_left=2) if rows else "No step changed beyond the noise."


def _check_set(name: str, a: Row, b: Row, one: Row, other: Row) -> None:
    """Refuse rows of a set that was not the same recordings and references in both runs."""
    sums = [run["settings"]["sets"][name]["manifest_sha256"] for run in (a, b)]
    recordings = [[utterance["name"] for utterance in row["utterances"]] for row in (one, other)]
    if sums[0] != sums[1] or recordings[0] != recordings[1]:
        raise ResultError(f"the runs differ in the recordings of {name}: nothing to compare")


def _changed(
    kind: str, size: str, first: Sequence[float], second: Sequence[float], unit: str, scale: float
) -> list[tuple[str, ...]]:
    """Return the row of a kernel whose median changed by more than its rounds differ, or no row."""
    spread = max(float(np.ptp(times) / np.median(times)) for times in (first, second))
    a, b = float(np.median(first)), float(np.median(second))
    change = speed_change([b / a], max(NOISE_FLOOR, spread)).partition(" (")[0]
    if change == _SAME:
        return []
    return [(kind, size, f"{a * scale:.4g} {unit}", f"{b * scale:.4g} {unit}", change)]


def _pairs(first: Sequence[Row], second: Sequence[Row], keys: tuple[str, ...]) -> list[tuple[Row, Row]]:
    """Return the rows that both runs hold."""
    by_key = {tuple(row[key] for key in keys): row for row in second}
    named = [(tuple(row[key] for key in keys), row) for row in first]
    pairs = [(row, by_key[key]) for key, row in named if key in by_key]
    if not pairs:
        raise ResultError(f"the two runs have no row in common (by {', '.join(keys)})")
    return pairs


def _ratios(one: Row, other: Row) -> list[float]:
    return [
        float(np.median(b["seconds"]) / np.median(a["seconds"]))
        for a, b in zip(one["utterances"], other["utterances"], strict=True)
    ]


def _errors(one: Row, other: Row) -> str:
    first, second = (
        [_edits(utterance["errors"]) for utterance in row["utterances"] if utterance["errors"] is not None]
        for row in (one, other)
    )
    return error_change(first, second, one["summary"]["errors"]["words"]) if first else _SAME


def _edits(errors: Row) -> int:
    return int(errors["substitutions"] + errors["deletions"] + errors["insertions"])


def _rate(row: Row) -> str:
    rate = row["summary"]["word_error_rate"]
    return "-" if rate is None else f"{100 * rate:.2f}"
