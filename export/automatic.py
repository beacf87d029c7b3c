"""The smallest model that keeps the words: recipes are tried, measured on speech and kept or refused."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from edge.errors import BudgetError, CalibrationError

from .calibrate.recordings import find_recordings
from .evaluate.manifest import Manifest, read_manifest
from .evaluate.measure import SetScore, mean_rate, measure
from .recipe import Kitchen, Made, Recipe
from .report import Report, Tried, write_beside
from .writers.gguf import write_model_file

REDUCTIONS = (0.4, 0.25, 0.15)
"""Shares of the encoder's weights that are tried, where there is speech to recover with."""

_RAISED = (0.25, 0.5)
"""Shares of an INT4 model's linear weights that stay INT8, those where INT4 hurts most first."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a model may cost."""

    sets: tuple[Path, ...]
    """Sets of recordings with their words (`export.evaluate.manifest`)."""
    max_wer_increase: float
    """Percentage points above float32, on the mean of the sets."""
    max_bytes: int | None = None
    target_ms: float | None = None
    """Mean time of a recording, on this machine, with as many threads as it takes by itself."""


def search_recipe(kitchen: Kitchen, base: Recipe, budget: Budget, out: Path) -> Made:
    """Try recipes, smallest first, until one keeps within the budget; write it, with its report, to `out`.

    Raises:
        BudgetError: none does; the message tells of the nearest miss.
        CalibrationError: a recording to measure on is one that was listened to.
        ManifestError: a set is none.
    """
    replace(base, precision="int4").check(kitchen.sources)
    manifests = [read_manifest(path) for path in budget.sets]
    _keep_apart(kitchen, budget, manifests)
    made_at = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        reference = _float32(kitchen, manifests, made_at)
        tried: list[Tried] = []
        for recipe in _recipes(kitchen, base):
            kitchen.progress(f"trying {recipe.label}", 0, 0)
            made = kitchen.make(recipe)
            _write(made, made_at, None, kitchen)
            scores = measure(made_at, manifests, kitchen.progress)
            attempt = Tried(recipe.label, made_at.stat().st_size, scores, misses=())
            tried.append(replace(attempt, misses=tuple(_misses(attempt, reference, budget))))
            if not tried[-1].misses:
                report = _report(made, reference, tried, budget)
                _write(made, made_at, report.as_json(), kitchen)
                made_at.replace(out)
                write_beside(out, report)
                return made
    finally:
        made_at.unlink(missing_ok=True)
    raise BudgetError(_nearest(tried, reference))


def _keep_apart(kitchen: Kitchen, budget: Budget, manifests: Sequence[Manifest]) -> None:
    heard = {recording.sha256: recording.path for recording in kitchen.recordings}
    for path, manifest in zip(budget.sets, manifests, strict=True):
        both = [recording for recording in find_recordings([path]) if recording.sha256 in heard]
        if both:
            raise CalibrationError(
                f"{manifest.name}: {both[0].path} is also a recording to calibrate with ({heard[both[0].sha256]}), as "
                f"are {len(both) - 1} others; a model must be measured on what it has not heard"
            )


def _float32(kitchen: Kitchen, manifests: Sequence[Manifest], made_at: Path) -> tuple[SetScore, ...]:
    kitchen.progress("measuring float32", 0, 0)
    write_model_file(kitchen.checkpoint, made_at, "f32", progress=kitchen.progress)
    return measure(made_at, manifests, kitchen.progress)


def _recipes(kitchen: Kitchen, base: Recipe) -> Iterator[Recipe]:
    """Smallest file first; with speech to learn from, smaller encoders too."""
    reductions = (*REDUCTIONS, 0.0) if base.recover_s else (0.0,)
    for reduction in reductions:
        yield replace(base, precision="int4", reduction=reduction)
    if (
        kitchen.sources and find_spec("torch") is not None
    ):  # what is measured next takes minutes: only where it is needed
        linears = kitchen.costliest()
        for share in _RAISED:
            yield replace(base, precision="int4", reduction=0.0, raised=_first(linears, share))
    for reduction in reductions:
        # INT8 alone loses nothing that training would bring back.
        yield Recipe("int8", reduction, base.recover_s if reduction else 0.0)
    yield Recipe("f16")


def _first(linears: Sequence[tuple[tuple[str, ...], int]], share: float) -> frozenset[str]:
    """The first of the linears that hold so large a share of all weights."""
    wanted = share * sum(n for _, n in linears)
    names: list[str] = []
    for group, n in linears:
        if wanted <= 0:
            break
        names += group
        wanted -= n
    return frozenset(names)


def _misses(attempt: Tried, reference: Sequence[SetScore], budget: Budget) -> Iterator[str]:
    increase = 100 * (mean_rate(attempt.scores) - mean_rate(reference))
    if increase > budget.max_wer_increase:
        yield f"word error rate +{increase:.2f}, allowed are +{budget.max_wer_increase:.2f}"
    if budget.max_bytes is not None and attempt.n_bytes > budget.max_bytes:
        yield f"{attempt.n_bytes / 1e6:.1f} MB, allowed are {budget.max_bytes / 1e6:.1f}"
    ms = sum(score.ms for score in attempt.scores) / len(attempt.scores)
    if budget.target_ms is not None and ms > budget.target_ms:
        yield f"{ms:.0f} ms a recording, allowed are {budget.target_ms:.0f}"


def _nearest(tried: Sequence[Tried], reference: Sequence[SetScore]) -> str:
    fewest = min(tried, key=lambda attempt: (len(attempt.misses), mean_rate(attempt.scores)))
    lines = [f"nothing meets the budget; the nearest miss is {fewest.label}: {'; '.join(fewest.misses)}. Tried:"]
    for attempt in tried:
        increase = 100 * (mean_rate(attempt.scores) - mean_rate(reference))
        lines.append(f"  {attempt.label}: {attempt.n_bytes / 1e6:.1f} MB, word error rate {increase:+.2f}")
    return "\n".join(lines)


def _write(made: Made, path: Path, report: str | None, kitchen: Kitchen) -> None:
    write_model_file(
        made.checkpoint,
        path,
        made.recipe.precision,
        quantized=made.quantized,
        heard=made.heard,
        report=report,
        progress=kitchen.progress,
    )


def _report(made: Made, reference: Sequence[SetScore], tried: Sequence[Tried], budget: Budget) -> Report:
    return Report(
        model=made.checkpoint.name,
        recipe=made.recipe.label,
        n_bytes=tried[-1].n_bytes,
        encoder_macs=made.encoder_macs,
        source_sha256=made.checkpoint.source_sha256,
        calibration_sha256=made.heard,
        max_wer_increase=budget.max_wer_increase,
        float32=tuple(reference),
        scores=tried[-1].scores,
        tried=tuple(tried),
        tensor_errors={name: tensor.error for name, tensor in made.quantized.items() if tensor.error},
        machine=f"{platform.machine()}, {os.cpu_count()} processors",
        command=shlex.join(["edgewise", *sys.argv[1:]]),
    )
