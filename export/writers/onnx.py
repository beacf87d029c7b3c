"""Folders for onnxruntime: graphs and their weights, what decoding needs, and configurations."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from edge.gguf.writer import write_gguf
from edge.onnx.folder import FACTS
from edge.progress import Progress, silent
from edge.whisper.engines.onnx_folder import DECODER, DECODER_WITH_PAST, ENCODER
from edge.whisper.file.model import REPORT_KEY

from ..checkpoint.types import Checkpoint
from ..onnx.result import OnnxReport
from .gguf import frontend_tensors, model_metadata
from .huggingface import write_configurations, write_huggingface

_STEPS = 8


def write_onnx(
    checkpoint: Checkpoint, folder: Path, precision: str, *, clip: Path | None = None, progress: Progress = silent
) -> OnnxReport:
    """Fill the empty folder `folder` with `checkpoint`, and compare what its graphs do with transformers.

    `clip` is the recording to compare on; made-up sound unless given. What was written before a failure is the
    caller's to remove.

    Raises:
        UnsupportedModelError: a tool gave up on the model.
        VerificationError: the numbers are too far off.
    """
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
    write_facts(checkpoint, folder, precision)
    write_configurations(folder, checkpoint, "f32")
    shutil.rmtree(scratch)
    next(step)
    return check_folder(folder, precision, reference, sizes)


def write_facts(checkpoint: Checkpoint, folder: Path, precision: str, report: str | None = None) -> None:
    """Write what onnxruntime needs besides graphs, with a report as it is; replaces the facts that are there."""
    metadata = model_metadata(checkpoint, precision)
    if report is not None:
        metadata[REPORT_KEY] = report
    write_gguf(folder / FACTS, metadata, frontend_tensors(checkpoint))


def _steps(progress: Progress) -> Iterator[None]:
    """Say with each `next` that one more step begins."""
    for done in range(_STEPS):
        progress("exporting to ONNX", done, _STEPS)
        yield
