"""A Wayland compositor without a display or a graphics card: sway, which refuses root and runs as another user then."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.desktop.screen import wait_for

_NOBODY = 65534


def missing() -> str:
    """What has to be installed before there is a compositor; empty where all is there."""
    absent = [program for program in ("sway", "setpriv") if shutil.which(program) is None]
    return f"{', '.join(absent)}: apt install sway util-linux" if absent else ""


@contextmanager
def compositor() -> Iterator[dict[str, str]]:
    """The environment of programs on it."""
    folder = Path(tempfile.mkdtemp(prefix="sway-"))
    (folder / "config").write_text("xwayland disable\noutput HEADLESS-1 resolution 1280x800\n")
    command = ["sway", "-c", str(folder / "config")]
    if os.getuid() == 0:
        for path in (folder, folder / "config"):
            os.chown(path, _NOBODY, _NOBODY)
        command = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *command]
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment |= {
        "XDG_RUNTIME_DIR": str(folder),
        "HOME": str(folder),
        "WLR_BACKENDS": "headless",
        "WLR_LIBINPUT_NO_DEVICES": "1",
        "WLR_RENDERER": "pixman",
        "LANG": "C.UTF-8",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_for(lambda: any(map(_answers, folder.glob("wayland-?"))), f"sway to start; see {folder}/log")
            yield environment | {"WAYLAND_DISPLAY": next(folder.glob("wayland-?")).name, "HOME": os.environ["HOME"]}
        finally:
            process.terminate()
            process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def _answers(path: Path) -> bool:
    """Whether somebody listens at a socket: its file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0
