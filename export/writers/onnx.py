"""Folders for onnxruntime (`edge.onnx.folder`): graphs and their weights, what decoding needs, and configurations."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.format import write_gguf
from edge.onnx.folder import DECODER, DECODER_WITH_PAST, ENCODER, FACTS
from edge.progress import Progress, silent

from ..checkpoint import Checkpoint
from ..files import replacing_folder
from .gguf import frontend_tensors, model_metadata
from .huggingface import write_configurations, write_huggingface

_STEPS = 8


@dataclass(frozen=True, slots=True)
class GraphReport:
    """What one graph became."""

    name: str
    n_bytes: int
    """With the weights that it uses; the decoders share theirs, so the folder is smaller than the sum."""
    error: float
    """Root mean square of what it gives too much or too little, as a share of the values' own."""


@dataclass(frozen=True, slots=True)
class OnnxReport:
    """What an export to ONNX wrote, as compared with transformers."""

    graphs: tuple[GraphReport, ...]
    n_same: int
    """Greedy tokens of the clip that are the same, from the first on."""
    n_tokens: int

    def __str__(self) -> str:
        lines = [
            f"  {graph.name:<28}{graph.n_bytes / 1e6:8.1f} MB, off transformers by {graph.error:.1e} of its numbers"
            for graph in self.graphs
        ]
        return "\n".join([*lines, f"  {self.n_same} of {self.n_tokens} greedy tokens as transformers'"])


def write_onnx(
    checkpoint: Checkpoint,
    folder: Path,
    precision: str,
    *,
    clip: Path | None = None,
    progress: Progress | None = None,
) -> OnnxReport:
    """Write `checkpoint`; the folder appears when it is whole and its graphs do what transformers does.

    `clip` is the recording to compare on; made-up sound unless given.

    Raises:
        EdgeError: a tool is not installed.
        VerificationError: the numbers are too far off.
    """
    from ..onnx import require_exporter
    from ..onnx.check import check_folder, make_reference
    from ..onnx.compress import compress
    from ..onnx.graphs import export_graphs, load_reference
    from ..onnx.weights import write_graphs

    require_exporter(precision)
    step = _steps(progress or silent)
    with replacing_folder(folder) as temporary:
        scratch = temporary / "scratch"
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
        sizes = write_graphs(graphs, temporary)
        graphs.clear()
        write_gguf(temporary / FACTS, model_metadata(checkpoint, precision), frontend_tensors(checkpoint))
        write_configurations(temporary, checkpoint, "f32")
        shutil.rmtree(scratch)
        next(step)
        check = check_folder(temporary, precision, reference)
    reports = tuple(GraphReport(name, sizes[name], check.errors[name]) for name in sizes)
    return OnnxReport(reports, check.n_same, check.n_tokens)


def _steps(progress: Progress) -> Iterator[None]:
    """Says with each `next` that one more step begins."""
    for done in range(_STEPS):
        progress("exporting to ONNX", done, _STEPS)
        yield
