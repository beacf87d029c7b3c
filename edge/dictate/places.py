"""Folders and files of a dictation, each open to the user alone."""

from __future__ import annotations

from pathlib import Path

import platformdirs

_NAME = "edgewise"


def settings_path() -> Path:
    """Return where the settings are."""
    return Path(platformdirs.user_config_dir(_NAME)) / "dictate.toml"


def journal_folder() -> Path:
    """Return where what is spoken is kept until its text is delivered."""
    return _state() / "spoken"


def history_path() -> Path:
    """Return where the texts are kept."""
    return _state() / "history.sqlite"


def audio_folder() -> Path:
    """Return where recordings are kept for those who ask for that."""
    return _state() / "audio"


def _state() -> Path:
    return Path(platformdirs.user_state_dir(_NAME)) / "dictate"
