"""Folders and files of the assistant, each open to the user alone."""

from __future__ import annotations

from pathlib import Path

import platformdirs

_NAME = "edgewise"


def settings_path() -> Path:
    """Return where the settings are."""
    return Path(platformdirs.user_config_dir(_NAME)) / "assist.toml"


def timers_path() -> Path:
    """Return where timers are kept until they have rung."""
    return Path(platformdirs.user_state_dir(_NAME)) / "assist" / "timers.json"


def words_folder() -> Path:
    """Return where wake words of one's own are."""
    return Path(platformdirs.user_data_dir(_NAME)) / "wake"
