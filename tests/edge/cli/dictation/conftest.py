"""Folders of a test's own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder in which all of the user's are, without a desktop and without a dictation that runs."""
    for name, folder in {"XDG_STATE_HOME": "state", "XDG_CONFIG_HOME": "config", "XDG_RUNTIME_DIR": "run"}.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "PULSE_SERVER"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
