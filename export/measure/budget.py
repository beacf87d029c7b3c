"""What a model may cost, and what it does cost: measured on speech and compared with its checkpoint in float32."""

from __future__ import annotations

import math
import os
import platform
import shlex
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.bench.scoring import require_scoring
from edge.bench.sets import Manifest, read_manifest
from edge.files import workshop
from edge.progress import Progress

from ..calibrate.recordings import Recording, keep_apart, unheard
from ..checkpoint.types import Checkpoint
from ..errors import BudgetError
from ..maker import make_plain
from ..onnx.result import OnnxReport
from ..tools.files import size_of
from ..tools.spool import spooling
from .measure import AS_RECORDED, EngineName, SetScore, increase, mean_rate, measure
from .report import Report, Tried, increase_text


@dataclass(frozen=True, slots=True)
class Budget:
    """Sets to measure a model on, and limits that it must keep; without a limit it is measured alone."""

    sets: tuple[Path, ...]
    """Sets of recordings with their words (`edge.bench.sets`)."""
    max_wer_increase: float | None = None
    """Largest rise of the word error rate over float32, in percentage points, on the mean of the sets."""
    max_bytes: int | None = None
    target_ms: float | None = None
    """Largest mean time of a recording, on this machine, with as many threads as it takes by itself."""
    levels_db: tuple[float, ...] = AS_RECORDED
    """Gains in dB at which each recording is scored; more of them average out chance."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Measurements that models of one checkpoint are compared with."""

    budget: Budget
    manifests: tuple[Manifest, ...]
    """Manifests of the budget's sets, in their order."""
    float32: tuple[SetScore, ...]
    """Scores of the checkpoint in float32 on each set, run by our own engine."""
    progress: Progress


def make_yardstick(
    checkpoint: Checkpoint,
    budget: Budget,
    out: Path,
    progress: Progress,
    recordings: Sequence[Recording] = (),
    left_out: Collection[str] = (),
) -> Yardstick:
    """Read the budget's sets, and measure `checkpoint` in float32; its file lies beside `out` meanwhile.

    Recordings whose SHA-256 is in `left_out` do not count: the calibration that comes with edgewise heard them.

    Raises:
        CalibrationError: a recording to measure on is among `recordings`, which were listened to.
        ManifestError: a set is missing or not a manifest.
        EdgeError: what compares words is not installed.
    """
    require_scoring()
    manifests = tuple(unheard(read_manifest(path), left_out) for path in budget.sets)
    keep_apart(recordings, budget.sets)
    progress("measuring float32", 0, 0)
    with workshop(out) as folder:
        whole = folder / "float32.gguf"
        with spooling(folder) as keep:
            make_plain(checkpoint, "f32", progress, keep).write(whole)
        float32 = measure(whole, manifests, progress, levels_db=budget.levels_db)
        return Yardstick(budget, manifests, float32, progress)


def try_model(yardstick: Yardstick, label: str, path: Path, engine: EngineName = "edgewise") -> Tried:
    """Measure the model at `path`, a file or a folder, against the budget; one too large is not listened to."""
    n_bytes, most = size_of(path), yardstick.budget.max_bytes
    if most is not None and n_bytes > most:
        return Tried(label, n_bytes, (), (f"{n_bytes / 1e6:.1f} MB, allowed are {most / 1e6:.1f}",))
    levels_db = yardstick.budget.levels_db
    scores = measure(path, yardstick.manifests, yardstick.progress, engine=engine, levels_db=levels_db)
    return Tried(label, n_bytes, scores, tuple(_misses(scores, yardstick)))


def measure_onnx(
    checkpoint: Checkpoint, folder: Path, precision: str, onnx: OnnxReport, yardstick: Yardstick
) -> Report:
    """Measure a folder that was made of `checkpoint` as onnxruntime runs it.

    Raises:
        BudgetError: the yardstick's budget is not kept.
    """
    import onnxruntime

    tried = [try_model(yardstick, precision, folder, "onnxruntime")]
    if tried[0].misses:
        raise budget_error(tried, yardstick)
    engine = f"onnxruntime {onnxruntime.__version__}"
    return make_report(checkpoint, yardstick, tried, engine=engine, onnx=onnx)


def budget_error(tried: Sequence[Tried], yardstick: Yardstick) -> BudgetError:
    """Say of what was tried how near it comes to the budget."""
    fewest = min(tried, key=_distance)
    found = f"{fewest.label} does not meet the budget"
    if len(tried) > 1:
        found = f"nothing meets the budget; the nearest miss is {fewest.label}"
    lines = [f"{found}: {'; '.join(fewest.misses)}. Measured:"]
    for attempt in tried:
        if not attempt.scores:
            lines.append(f"  {attempt.label}: {attempt.n_bytes / 1e6:.1f} MB, too large to count its words")
            continue
        more = increase_text(attempt.scores, yardstick.float32)
        sets = ", ".join(
            f"{one.name} {100 * one.rate:.2f} %, float32 {100 * whole.rate:.2f} %"
            for one, whole in zip(attempt.scores, yardstick.float32, strict=True)
        )
        lines.append(f"  {attempt.label}: {attempt.n_bytes / 1e6:.1f} MB, word error rate {more} ({sets})")
    return BudgetError("\n".join(lines))


def _distance(attempt: Tried) -> tuple[float, ...]:
    """Rank what was tried by how near it comes: what was measured first, then the smallest of what is too large."""
    if not attempt.scores:
        return math.inf, attempt.n_bytes
    return len(attempt.misses), mean_rate(attempt.scores)


def make_report(
    checkpoint: Checkpoint,
    yardstick: Yardstick,
    tried: Sequence[Tried],
    *,
    engine: str = "edgewise",
    heard: tuple[str, ...] = (),
    tensor_errors: Mapping[str, float] | None = None,
    onnx: OnnxReport | None = None,
) -> Report:
    """Make the report of the last model that was tried, made of `checkpoint` by the command that runs."""
    last = tried[-1]
    return Report(
        model=checkpoint.name,
        recipe=last.label,
        n_bytes=last.n_bytes,
        encoder_macs=checkpoint.dims.encoder_weights,
        source_sha256=checkpoint.source_sha256,
        calibration_sha256=heard,
        max_wer_increase=yardstick.budget.max_wer_increase,
        levels_db=yardstick.budget.levels_db,
        float32=yardstick.float32,
        scores=last.scores,
        tried=tuple(tried),
        tensor_errors=tensor_errors or {},
        machine=f"{platform.machine()}, {os.cpu_count()} processors",
        command=shlex.join(["edgewise", *sys.argv[1:]]),
        engine=engine,
        onnx=onnx,
    )


def _misses(scores: Sequence[SetScore], yardstick: Yardstick) -> Iterator[str]:
    budget = yardstick.budget
    more = 100 * increase(scores, yardstick.float32)[0]
    if budget.max_wer_increase is not None and more > budget.max_wer_increase:
        yield f"word error rate {more:+.2f}, allowed are {budget.max_wer_increase:+.2f}"
    ms = sum(score.ms for score in scores) / len(scores)
    if budget.target_ms is not None and ms > budget.target_ms:
        yield f"{ms:.0f} ms a recording, allowed are {budget.target_ms:.0f}"
