"""Whisper as ONNX graphs for onnxruntime: exported by optimum, compressed, checked against transformers, run.

All that it needs besides numpy is the extra `edgewise[onnx-export]`, imported inside functions.
"""

from __future__ import annotations

import os
from importlib import import_module

from edge.errors import EdgeError, UnsupportedModelError
from edge.whisper.engines.onnx_folder import PRECISIONS

__all__ = ["PRECISIONS", "require_exporter"]

_NEEDED = ("optimum.exporters.onnx", "torch", "transformers", "onnx", "onnxruntime")
_COMPRESSOR = "nncf"
_COMPRESSED = ("w8", "w4")

_SILENT = {"NNCF_CI": "1"}
"""NNCF tells its makers of each use unless it takes itself to be in a test; this runs on a user's own machine."""


def require_exporter(precision: str) -> None:
    """Import what exporting at `precision` needs.

    Raises:
        UnsupportedModelError: there is no such precision.
        EdgeError: something is not installed, or in a version that does not go with the rest.
    """
    if precision not in PRECISIONS:
        raise UnsupportedModelError(f"onnx is written at {' or '.join(PRECISIONS)} only, not at {precision}")
    os.environ.update(_SILENT)
    for name in (*_NEEDED, *([_COMPRESSOR] if precision in _COMPRESSED else [])):
        try:
            import_module(name)
        except Exception as error:  # versions that do not go together fail in ways of their own
            reason = " ".join(str(error).split())[:200]
            advice = 'pip install "edgewise[onnx-export]"'
            raise EdgeError(f"exporting to ONNX needs {name} ({type(error).__name__}: {reason}): {advice}") from error
