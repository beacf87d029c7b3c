"""Reports of `edgewise bench`: sealed JSON with every single time, and the same as Markdown for people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..files import write_text
from .intervals import interval
from .result_file import ResultError, read_result, write_result
from .tables import table

_SEAL = "seal"
_MOST_CELLS, _MOST_TIMES = 1_000, 100_000
_LEAST_REAL_TIME = 1e-5
"""Share of a clip's length below which no processor has transcribed it: such a time was not measured."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How much longer one report's cell takes than the other's."""

    cell: str
    ratio: float
    low: float
    """Lower end of the interval of 95 %."""
    high: float


def seal(result: dict[str, Any]) -> dict[str, Any]:
    """Add to a report the SHA-256 of all else that it says."""
    return {**result, _SEAL: _hash(result)}


def save(path: Path, result: dict[str, Any]) -> Path:
    """Write a sealed report, and the Markdown beside it; gives the Markdown's path."""
    write_result(path, result)
    beside = path.with_suffix(".md")
    write_text(beside, as_markdown(result))
    return beside


def read_report(path: Path) -> dict[str, Any]:
    """Read a report whose seal is whole and whose times are possible.

    Raises:
        ResultError: it cannot be read, was changed after it was sealed, or holds what nobody can have measured.
    """
    result = read_result(path)
    if result["kind"] != "bench":
        raise ResultError(f"{path} holds results of `{result['kind']}`, not a report of `edgewise bench`")
    if result.get(_SEAL) != _hash({key: value for key, value in result.items() if key != _SEAL}):
        raise ResultError(f"{path} was changed after it was measured: its seal does not fit; measure again")
    wrong = _impossible(result)
    if wrong:
        raise ResultError(f"{path} {wrong}")
    return result


def compare(one: dict[str, Any], other: dict[str, Any], *, every: bool = False) -> list[Ratio]:
    """Compute how long the cells of `other` take beside those of `one`, with intervals from their single times.

    Raises:
        ResultError: they heard different sound or have no cell in common; or, unless `every`, ran different weights, or
            one of them is not valid or has wrong words.
    """
    for result in (one, other):
        if not every and result["verdict"]["kind"] != "valid":
            reasons = "; ".join(result["verdict"]["reasons"])
            kind = result["verdict"]["kind"]
            raise ResultError(f"the report of {result['machine']['cpu']} is {kind} ({reasons}); --all compares it")
        if not result["check"]["is_right"] and not every:
            raise ResultError(f"a report has wrong words ({result['check']['text']}); --all compares its times")
    if one["audio"]["sha256"] != other["audio"]["sha256"]:
        raise ResultError("the reports heard different recordings; compare reports of the same one")
    cells, others = (_named_cells(result) for result in (one, other))
    common = [name for name in cells if name in others]
    if not common:
        raise ResultError("the reports have no model, precision, threads and length in common")
    weights = [{model["name"]: model["sha256"] for model in result["models"]} for result in (one, other)]
    different = [name for name in weights[0] if name in weights[1] and weights[0][name] != weights[1][name]]
    if different and not every:
        raise ResultError(f"the weights of {', '.join(different)} differ; --all compares the times all the same")
    rng = np.random.default_rng(0)
    return [_ratio(name, cells[name], others[name], rng) for name in common]


def as_markdown(result: dict[str, Any]) -> str:
    """Write a report for people: the machine, what its times are worth, and the times."""
    machine, verdict = result["machine"], result["verdict"]
    lines = [
        f"# {machine['board'] or machine['cpu']}: {verdict['kind']}",
        "",
        *(f"- {reason}" for reason in verdict["reasons"]),
        f"- {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:g} GB, kernels {result['level']}",
        f"- edgewise {result['version']}, {machine['system']} {machine['kernel']}, Python {machine['python']}",
        f"- words of the check: {'right' if result['check']['is_right'] else 'WRONG: ' + result['check']['text']}",
        "",
        times_table(result),
        "",
    ]
    return "\n".join(lines)


def times_table(result: dict[str, Any]) -> str:
    """Write a row for each cell: its times in milliseconds, and how many times as fast as speech that is."""
    rows = []
    for cell in result["cells"]:
        p50, p95 = (float(np.percentile(cell["times_s"], q)) for q in (50, 95))
        rows.append(
            (
                *(cell["model"], cell["precision"], str(cell["threads"]), f"{cell['audio_s']:.0f}"),
                *(f"{1e3 * p50:.0f}", f"{1e3 * p95:.0f}", f"{cell['audio_s'] / p50:.0f}", str(len(cell["times_s"]))),
            )
        )
    header = ("model", "precision", "threads", "clip s", "p50 ms", "p95 ms", "times as fast as speech", "n")
    return table(header, rows, n_left=2)


def _ratio(name: str, one: Sequence[float], other: Sequence[float], rng: np.random.Generator) -> Ratio:
    drawn = [np.median(rng.choice(times, (2000, len(times))), axis=1) for times in (one, other)]
    low, high = interval(drawn[1] / drawn[0])
    return Ratio(name, float(np.median(other) / np.median(one)), low, high)


def _named_cells(result: dict[str, Any]) -> dict[str, list[float]]:
    return {
        f"{cell['model']} {cell['precision']}, {cell['threads']} threads, {cell['audio_s']:.1f} s": cell["times_s"]
        for cell in result["cells"]
    }


def _hash(result: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(result, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _impossible(result: dict[str, Any]) -> str | None:
    """Say what in a report nobody can have measured; None where all of it is possible."""
    try:
        cells = result["cells"]
        if not 0 < len(cells) <= _MOST_CELLS:
            return "holds no cells"
        for cell in cells:
            times = np.asarray(cell["times_s"], np.float64)
            if times.ndim != 1 or not 0 < len(times) <= _MOST_TIMES or not np.isfinite(times).all():
                return f"holds a cell of {cell['model']} without times"
            if times.min() < _LEAST_REAL_TIME * float(cell["audio_s"]):
                return f"says that {cell['model']} took {times.min():g} s for {cell['audio_s']} s: no processor can"
        for name in ("version", "level", "audio", "models", "verdict", "check", "conditions"):
            result[name]
        if not result["check"]["text"].strip():
            return "has times without words"
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return f"lacks what a report needs ({error!r})"
    return None
