"""Packages that only some exports need: whether they are there, and what to install where one is missing."""

from __future__ import annotations

import importlib.util
import os
from importlib import import_module

from edge.errors import EdgeError

_ADVICE = {"llm": "; llama-cpp-python has no ready-made wheel and compiles for 5 to 30 minutes"}

_PROJECTS = {"llama_cpp": "llama-cpp-python"}
"""Names of projects whose module is called otherwise."""

_ONNX = ("optimum.exporters.onnx", "torch", "transformers", "onnx", "onnxruntime")
_COMPRESSOR = "nncf"
_COMPRESSED = ("w8", "w4")

_SILENT = {"NNCF_CI": "1"}
"""Environment in which NNCF does not tell its makers of each use: it takes itself to be in a test."""


def is_installed(module: str) -> bool:
    """Whether a module can be found; nothing but the packages that it lies in is imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it is in
        return False


def require(extra: str, *modules: str, load: bool = False) -> None:
    """Require modules that come with an extra of edgewise, and with `load` that each of them can be imported.

    Raises:
        EdgeError: one is missing, or is of a version that does not go with the rest; names the extra to install.
    """
    advice = f'pip install "edgewise[{extra}]"{_ADVICE.get(extra, "")}'
    for module in modules:
        if not is_installed(module):
            raise EdgeError(f"{_PROJECTS.get(module, module)} is missing: {advice}")
        if load:
            try:
                import_module(module)
            except Exception as error:  # versions that do not go together fail in ways of their own
                reason = " ".join(str(error).split())[:200]
                raise EdgeError(f"{module} cannot be imported ({type(error).__name__}: {reason}): {advice}") from error


def require_onnx(precision: str, *, load: bool = False) -> None:
    """Require what writes a folder for onnxruntime at a precision; the rest is as for `require`."""
    os.environ.update(_SILENT)  # children inherit it
    require("onnx-export", *_ONNX, *([_COMPRESSOR] if precision in _COMPRESSED else []), load=load)
