"""ONNX folders: the graph with its cache by optimum, its weights in fewer bits by NNCF, as onnxruntime runs them.

Both print, warn and draw bars of their own, and take gigabytes: they work in a process of their own.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EdgeError
from edge.progress import Progress

from ..tools.children import run_script
from ..tools.packages import needing

ONNX_PRECISIONS = ("f32", "w8", "w4")
"""w8: weights in INT8, a scale for each output. w4: in INT4, a scale for 32; embedding and vocabulary stay INT8."""

_PACKAGES = ("optimum.exporters.onnx", "onnx", "onnxruntime", "torch", "transformers")
_FARTHEST_LOGIT = 1e-2
"""How far float32 logits may be from transformers'; 1e-4 is usual."""


@dataclass(frozen=True, slots=True)
class OnnxCheck:
    """What onnxruntime makes of the folder, beside transformers and the source's weights."""

    farthest_logit: float
    """Largest difference of two logits, over every position of a prompt."""
    n_same: int
    """Tokens of a greedy continuation before the first that differs."""
    n_tokens: int
    """Tokens compared."""

    def __str__(self) -> str:
        return (
            f"  onnxruntime beside transformers: logits within {self.farthest_logit:.2g}, "
            f"the first {self.n_same} of {self.n_tokens} greedy tokens the same"
        )


def need_onnx(precision: str) -> None:
    """Say early that a package is missing.

    Raises:
        EdgeError: one is; names the extra to install.
    """
    with needing("onnx-export"):
        for package in (*_PACKAGES, *(("nncf",) if precision != "f32" else ())):
            if not _is_installed(package):
                raise ImportError(name=package)


def write_onnx(source: Path, out: Path, precision: str, *, progress: Progress | None = None) -> OnnxCheck:
    """Fill the empty folder `out` from a Hugging Face folder, and run what was written.

    What was written before a failure is the caller's to remove.

    Raises:
        EdgeError: a tool failed, or what it wrote does not compute what transformers does; says which.
    """
    script = Path(__file__).with_name("onnx_script.py")
    what = "exporting to ONNX" if precision == "f32" else "exporting to ONNX and compressing, some minutes"
    said = run_script(script, [str(source), str(out), precision], what, progress=progress)
    check = OnnxCheck(**json.loads(said.splitlines()[-1]))
    if not check.farthest_logit <= (_FARTHEST_LOGIT if precision == "f32" else float("inf")):  # NaN is not
        raise EdgeError(
            f"{source}: onnxruntime's logits are {check.farthest_logit:g} away from transformers'; nothing is written"
        )
    return check


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:  # not even the package that it is in
        return False
