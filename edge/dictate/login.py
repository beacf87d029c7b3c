"""Beginning with the desktop session: a unit of systemd's, or an autostart entry, written when it is asked for."""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum
from pathlib import Path

import platformdirs

from ..files import write_text


class Login(StrEnum):
    """Way to begin a dictation with the session."""

    SYSTEMD = "systemd"
    AUTOSTART = "autostart"


_UNIT = """\
[Unit]
Description=Dictation: hold a key, speak, and the words are where the cursor is
PartOf=graphical-session.target
After=graphical-session.target

[Service]
ExecStart={command}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=graphical-session.target
"""

_ENTRY = """\
[Desktop Entry]
Type=Application
Name=edgewise dictate
Comment=Hold a key, speak, and the words are where the cursor is
Exec={command}
Terminal=false
X-GNOME-Autostart-enabled=true
"""


def write_login(how: Login) -> tuple[Path, str]:
    """Write the file that begins a dictation with the session; returns it, and what is left to do."""
    folder = Path(platformdirs.user_config_dir())
    command = shlex.join([sys.executable, "-m", "edge.cli", "dictate"])
    if how is Login.SYSTEMD:
        path = folder / "systemd" / "user" / "edgewise-dictate.service"
        text, left = _UNIT.format(command=command.replace("%", "%%")), "systemctl --user enable --now edgewise-dictate"
    else:
        path = folder / "autostart" / "edgewise-dictate.desktop"
        text, left = _ENTRY.format(command=command.replace("%", "%%")), ""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)
    return path, left
