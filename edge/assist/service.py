"""The unit of systemd's that runs the assistant from the start of the computer, written when it is asked for."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import platformdirs

from ..files import write_text

_UNIT = """\
[Unit]
Description=Voice assistant: a wake word, a command, and a spoken answer
After=sound.target network-online.target pipewire.service pulseaudio.service

[Service]
ExecStart={command}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=default.target
"""

NEXT = "systemctl --user enable --now edgewise-assist && loginctl enable-linger"
"""Commands that begin it, now and whenever the computer starts, whether anybody logs in or not."""


def write_unit(settings: Path, *, is_satellite: bool = False) -> Path:
    """Write the unit for the user's own systemd; returns where it is."""
    path = Path(platformdirs.user_config_dir()) / "systemd" / "user" / "edgewise-assist.service"
    action = ["satellite"] if is_satellite else []
    command = shlex.join([sys.executable, "-m", "edge.cli", "assist", *action, "--settings", str(settings.absolute())])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, _UNIT.format(command=command.replace("%", "%%")))
    return path
