"""Models and other assets on disk: pinned by SHA-256, brought from several places, whole or absent.

`ensure` gives the folder or file of an asset, `model_path` the exported file of a model.
"""

from __future__ import annotations

from pathlib import Path

from ..progress import Progress
from .assets import CATALOGUE, Asset, AssetFile
from .store import Problem, Store, default_home, is_offline

__all__ = [
    "CATALOGUE",
    "Asset",
    "AssetFile",
    "Problem",
    "Store",
    "default_home",
    "ensure",
    "is_offline",
    "model_path",
    "onnx_folder",
]


def ensure(name: str, *, offline: bool | None = None, progress: Progress | None = None) -> Path:
    """Bring an asset into the default cache if it is not there; its file, or its folder if it has several."""
    return Store().ensure(name, offline=offline, progress=progress)


def model_path(
    name: str, precision: str = "int8", *, offline: bool | None = None, progress: Progress | None = None
) -> Path:
    """A model as a file that the runtime opens, fetched and exported into the default cache on first use."""
    return Store().model_path(name, precision, offline=offline, progress=progress)


def onnx_folder(
    name: str, precision: str = "int8", *, offline: bool | None = None, progress: Progress | None = None
) -> Path:
    """A model as a folder for onnxruntime, exported into the default cache on first use."""
    return Store().onnx_folder(name, precision, offline=offline, progress=progress)
