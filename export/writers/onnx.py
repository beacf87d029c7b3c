"""Folders for onnxruntime: graphs and their weights, what decoding needs, and configurations."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from edge.files import replacing_folder
from edge.gguf.writer import write_gguf
from edge.onnx.folder import FACTS
from edge.progress import Progress, silent
from edge.whisper.engines.onnx_folder import DECODER, DECODER_WITH_PAST, ENCODER
from edge.whisper.file.model import REPORT_KEY

from ..checkpoint.types import Checkpoint
from ..measure.budget import Yardstick, budget_error, make_report, try_model
from ..measure.report import GraphReport, OnnxReport, Report, write_beside
from .gguf import frontend_tensors, model_metadata
from .huggingface import write_configurations, write_huggingface

_STEPS = 8


def write_onnx(
    checkpoint: Checkpoint,
    folder: Path,
    precision: str,
    *,
    clip: Path | None = None,
    yardstick: Yardstick | None = None,
    progress: Progress | None = None,
) -> tuple[OnnxReport, Report | None]:
    """Write `checkpoint`; the folder appears when it is whole and its graphs do what transformers does.

    `clip` is the recording to compare on; made-up sound unless given. With a `yardstick` the folder is measured as
    onnxruntime runs it, and a report written into its facts and beside it.

    Raises:
        EdgeError: a tool is not installed.
        VerificationError: the numbers are too far off.
        BudgetError: the yardstick's budget is not kept.
    """
    from ..onnx import require_exporter

    require_exporter(precision)
    with replacing_folder(folder) as temporary:
        onnx = _fill(temporary, checkpoint, precision, clip, progress or silent)
        measured = None
        if yardstick is not None:
            measured = _measure(temporary, checkpoint, precision, onnx, yardstick)
            _write_facts(temporary, checkpoint, precision, measured)
    if measured is not None:
        write_beside(folder, measured)
    return onnx, measured


def _fill(folder: Path, checkpoint: Checkpoint, precision: str, clip: Path | None, progress: Progress) -> OnnxReport:
    """Write everything but a report into `folder`, and check it."""
    from ..onnx.check import check_folder, make_reference
    from ..onnx.compress import compress
    from ..onnx.graphs import export_graphs, load_reference
    from ..onnx.weights import write_graphs

    step = _steps(progress)
    scratch = folder / "scratch"
    scratch.mkdir()
    next(step)
    write_huggingface(checkpoint, scratch / "source", "f32")
    model = load_reference(scratch / "source")
    next(step)
    reference = make_reference(model, checkpoint, clip)
    next(step)
    graphs = export_graphs(model, scratch / "exported", checkpoint.dims, checkpoint.alignment_heads)
    shutil.rmtree(scratch / "exported")
    del model
    for name in (ENCODER, DECODER, DECODER_WITH_PAST):
        next(step)
        graphs[name] = compress(graphs[name], precision, scratch)
    next(step)
    sizes = write_graphs(graphs, folder)
    graphs.clear()
    _write_facts(folder, checkpoint, precision)
    write_configurations(folder, checkpoint, "f32")
    shutil.rmtree(scratch)
    next(step)
    check = check_folder(folder, precision, reference)
    graph_reports = tuple(GraphReport(name, sizes[name], *astuple(check.errors[name])) for name in sizes)
    return OnnxReport(graph_reports, check.n_same, check.n_tokens)


def _write_facts(folder: Path, checkpoint: Checkpoint, precision: str, report: Report | None = None) -> None:
    metadata = model_metadata(checkpoint, precision)
    if report is not None:
        metadata[REPORT_KEY] = report.as_json()
    write_gguf(folder / FACTS, metadata, frontend_tensors(checkpoint))


def _measure(folder: Path, checkpoint: Checkpoint, precision: str, onnx: OnnxReport, yardstick: Yardstick) -> Report:
    import onnxruntime

    tried = [try_model(yardstick, precision, folder, "onnxruntime")]
    if tried[0].misses:
        raise budget_error(tried, yardstick)
    engine = f"onnxruntime {onnxruntime.__version__}"
    return make_report(checkpoint, yardstick, tried, engine=engine, onnx=onnx)


def _steps(progress: Progress) -> Iterator[None]:
    """Says with each `next` that one more step begins."""
    for done in range(_STEPS):
        progress("exporting to ONNX", done, _STEPS)
        yield
