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
from .markdown import as_markdown
from .plausible import impossible
from .result_file import ResultError, read_result, write_result
from .schema import report_schema, wrong_values

_SEAL = "seal"
_BETWEEN_RUNS = 0.05
"""Share by which the times of one machine differ from run to run, beyond what the times of one run tell."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How much longer one report's cell takes than the other's."""

    cell: str
    ratio: float
    low: float
    """Lower end of the interval: 95 % of what the single times let be, and what two runs of one machine differ by."""
    high: float

    @property
    def word(self) -> str:
        """Word for the ratio: whether the interval holds 1."""
        return "slower" if self.low > 1 else "faster" if self.high < 1 else "the same"


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
    misfit = next(wrong_values(result, report_schema()), None)
    if misfit:
        raise ResultError(f"{path} is sealed, but is no report: {misfit}")
    wrong = next(impossible(result), None)
    if wrong:
        raise ResultError(f"{path} {wrong}")
    return result


def compare(one: dict[str, Any], other: dict[str, Any], *, every: bool = False) -> list[Ratio]:
    """Compute how long the cells of `other` take beside those of `one`, with intervals from their single times.

    Raises:
        ResultError: they heard different sound or have no cell in common; or, unless `every`, ran different weights, or
            one of them is not valid, has wrong words or none of the set.
    """
    for result in (one, other):
        if not every and result["verdict"]["kind"] != "valid":
            reasons = "; ".join(result["verdict"]["reasons"])
            kind = result["verdict"]["kind"]
            raise ResultError(f"the report of {result['machine']['cpu']} is {kind} ({reasons}); --all compares it")
        wrong = [model["name"] for model in result["models"] if model["proof"] == "wrong"]
        if wrong and not every:
            raise ResultError(f"the logits of {', '.join(wrong)} are not those of its file; --all compares it")
        if not result["words"] and not every:
            raise ResultError("a report has times without the words of the set; --all compares them")
        if not result["check"]["is_right"] and not every:
            raise ResultError(f"a report has wrong words ({result['check']['text']}); --all compares its times")
    sounds = [{audio["name"]: audio["sha256"] for audio in result["audio"]} for result in (one, other)]
    if any(sounds[0][name] != sounds[1][name] for name in sounds[0].keys() & sounds[1].keys()):
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


def _ratio(name: str, one: Sequence[float], other: Sequence[float], rng: np.random.Generator) -> Ratio:
    drawn = [np.median(rng.choice(times, (2000, len(times))), axis=1) for times in (one, other)]
    low, high = interval(drawn[1] / drawn[0])
    return Ratio(name, float(np.median(other) / np.median(one)), low / (1 + _BETWEEN_RUNS), high * (1 + _BETWEEN_RUNS))


def _named_cells(result: dict[str, Any]) -> dict[str, list[float]]:
    return {
        f"{cell['model']} {cell['precision']}, {cell['threads']} threads, {cell['clip']}": cell["times_s"]
        for cell in result["cells"]
    }


def _hash(result: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(result, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
