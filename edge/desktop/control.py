"""The socket of a dictation that runs: one line asks, one line answers.

It is in the user's runtime folder, open to the user alone, so that a compositor's key binding, a script or a second
`edgewise dictate` can start and stop a dictation.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import platformdirs

from ..errors import DesktopError
from .gestures import Command

if sys.platform != "win32":
    import fcntl

_MOST_BYTES = 4096
_ANSWER_S = 5.0
_LINE_S = 1.0
"""Time that a client has to say what it wants."""

_PEER = struct.Struct("3i")
"""Process, user and group of the other end, as Linux tells them."""


def runtime_folder() -> Path:
    """Return the user's folder for what lives as long as the session."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the session names none, a folder of ours does
        return Path(platformdirs.user_runtime_dir("edgewise"))


def socket_path() -> Path:
    """Return where the socket of this user's dictation is."""
    return runtime_folder() / "dictate.sock"


def ask(command: Command, path: Path | None = None, detail: str = "") -> str:
    """Send a command, and what it is about, to the dictation that runs; return its answer.

    Raises:
        DesktopError: none runs, or it does not answer.
    """
    path = path or socket_path()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_ANSWER_S)
        try:
            client.connect(str(path))
            client.sendall(f"{command} {detail}".strip().encode() + b"\n")
            return _line_from(client)
        except (FileNotFoundError, ConnectionRefusedError):
            raise DesktopError("no dictation is running; start it with `edgewise dictate`") from None
        except OSError as error:
            raise DesktopError(f"the dictation that runs does not answer at {path} ({error})") from error


class ControlServer:
    """The other end: answers commands in a thread of its own, one at a time."""

    def __init__(self, answer: Callable[[Command, str], str], path: Path | None = None) -> None:
        self.path = path or socket_path()
        self._answer = answer
        self._lock = _only_one(self.path)
        self._socket = _listening_at(self.path)
        self._thread = threading.Thread(target=self._serve, name="edgewise control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more, and remove the socket."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(_ANSWER_S)
        self._socket.close()
        self.path.unlink(missing_ok=True)
        os.close(self._lock)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client, suppress(OSError):
                client.settimeout(_LINE_S)
                client.sendall(f"{self._reply(client)}\n".encode())

    def _reply(self, client: socket.socket) -> str:
        word, _, detail = _line_from(client).partition(" ")
        if _user_of(client) != os.getuid():
            return "error: this dictation is another user's"
        if word not in set(Command):
            return f"error: expected {', '.join(Command)}, got {word[:40]!r}"
        return self._answer(Command(word), detail).replace("\n", " ")


def _line_from(end: socket.socket) -> str:
    data = b""
    while b"\n" not in data and len(data) < _MOST_BYTES:
        piece = end.recv(_MOST_BYTES)
        if not piece:
            break
        data += piece
    return data.partition(b"\n")[0].decode("utf-8", "replace")


def _user_of(client: socket.socket) -> int:
    """Return the user at the other end. Where the system does not tell, the socket's permissions have to do."""
    if sys.platform != "linux":
        return os.getuid()
    return int(_PEER.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))[1])


def _only_one(path: Path) -> int:
    """Lock the socket's name for as long as this process lives; what a killed one left behind is free again."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent.stat().st_uid != os.getuid():
            raise PermissionError(f"{path.parent} is another user's")
        path.parent.chmod(0o700)
        lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DesktopError(f"no socket can be made in {path.parent}: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise DesktopError("a dictation is running already; see `edgewise dictate status`") from None
    return lock


def _listening_at(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    try:
        server.bind(str(path))
        path.chmod(0o600)  # the folder is closed to others already
    except OSError as error:
        server.close()
        raise DesktopError(f"no socket can be made at {path}: {error}") from error
    server.listen()
    return server
