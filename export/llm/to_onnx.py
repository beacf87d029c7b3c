"""ONNX folders: the graph with its cache by optimum, its weights in fewer bits by NNCF, as onnxruntime runs them.

Both print, warn and draw bars of their own, and take gigabytes: they work in a process of their own.
"""

from __future__ import annotations

import json
from pathlib import Path

from edge.progress import Progress

from ..errors import VerificationError
from ..onnx.result import GraphReport, OnnxReport
from ..tools.children import run_script

ONNX_PRECISIONS = ("f32", "w8", "w4")
"""Precisions of ONNX folders. w8: INT8, a scale for each output. w4: INT4, a scale for 32; the embedding stays INT8."""

_GRAPH = "model.onnx"
_FARTHEST_LOGIT = 1e-2
"""Largest difference of float32 logits from transformers'; 1e-4 is usual."""


def write_onnx(source: Path, out: Path, precision: str, *, progress: Progress | None = None) -> OnnxReport:
    """Fill the empty folder `out` from a Hugging Face folder, and run what was written.

    What was written before a failure is the caller's to remove.

    Raises:
        EdgeError: a tool failed; says which.
        VerificationError: what was written does not compute what transformers does.
    """
    script = Path(__file__).with_name("onnx_script.py")
    what = "exporting to ONNX" if precision == "f32" else "exporting to ONNX and compressing, some minutes"
    said = run_script(script, [str(source), str(out), precision], what, progress=progress)
    found = json.loads(said.splitlines()[-1])
    if not found["largest"] <= (_FARTHEST_LOGIT if precision == "f32" else float("inf")):  # NaN is not
        raise VerificationError(
            f"{source}: onnxruntime's logits are {found['largest']:g} away from transformers'; nothing is written"
        )
    n_bytes = sum(file.stat().st_size for file in out.glob(f"{_GRAPH}*"))  # with its weights
    graph = GraphReport(_GRAPH, n_bytes, error=found["error"], largest=found["largest"], mean=found["mean"])
    return OnnxReport((graph,), found["n_same"], found["n_tokens"])
