"""Models and other assets on disk: pinned by SHA-256, brought from several places, whole or absent.

`ensure` gives the folder or file of an asset; edge.prepare makes a model of it that runs.
"""

from __future__ import annotations

from pathlib import Path

from ..progress import Progress
from .catalogue import Asset, AssetFile, read_catalogue
from .store import Problem, Store, default_home, is_offline

__all__ = [
    "Asset",
    "AssetFile",
    "Problem",
    "Store",
    "default_home",
    "ensure",
    "is_offline",
    "read_catalogue",
]


def ensure(name: str, *, offline: bool | None = None, progress: Progress | None = None) -> Path:
    """Bring an asset into the default cache if need be, and return its file, or its folder if it has several."""
    return Store().ensure(name, offline=offline, progress=progress)
