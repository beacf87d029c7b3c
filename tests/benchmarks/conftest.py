"""Sets to measure on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def near_clip(tmp_path: Path, jfk_clip: Path) -> Path:
    """The clip in the test's own folder: a manifest names files in and beside its own alone."""
    return Path(shutil.copy(jfk_clip, tmp_path / "jfk.wav"))
