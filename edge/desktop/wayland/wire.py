"""Wayland's wire: requests and events of numbered objects, with files that travel beside them."""

from __future__ import annotations

import array
import os
import select
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from ...errors import DesktopError

_HEAD = struct.Struct("=II")
_WORD = struct.Struct("=I")
_DISPLAY = 1
_MOST_FILES = 28
_READ_BYTES = 64 * 1024
_ANSWER_S = 5.0
_JOIN_S = 5.0

Argument = int | str | bytes | None
"""Whole number or object, text, array, or no object."""


class Event:
    """One event's arguments, taken in their order."""

    def __init__(self, body: bytes, files: deque[int]) -> None:
        self._body = body
        self._files = files
        self._at = 0

    def number(self) -> int:
        """Take a whole number or an object; objects that are none are 0."""
        value: int = _WORD.unpack_from(self._body, self._at)[0]
        self._at += _WORD.size
        return value

    def array(self) -> bytes:
        """Take an array."""
        length = self.number()
        data = self._body[self._at : self._at + length]
        self._at += _padded(length)
        return data

    def text(self) -> str:
        """Take a text."""
        return self.array().rstrip(b"\0").decode("utf-8", "replace")

    def file(self) -> int:
        """Take a file; whoever takes it closes it."""
        return self._files.popleft()


Handler = Callable[[int, Event], None]
"""Function that is called with the number of an event and its arguments."""


class Wire:
    """A connection to the compositor. Events are handled in a thread of its own; any thread may send requests.

    `changed` is notified after each batch of events.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise DesktopError(f"the Wayland compositor does not answer at {path}: {error}") from error
        self.changed = threading.Condition(threading.RLock())
        self._handlers: dict[int, Handler] = {_DISPLAY: self._of_display}
        self._free: list[int] = []
        self._next = _DISPLAY + 1
        self._files: deque[int] = deque()
        self._received = b""
        self._trouble = ""
        self._thread = threading.Thread(target=self._read, name="edgewise wayland", daemon=True)
        self._wake_read, self._wake_write = os.pipe()
        self._thread.start()

    def new(self, handler: Handler | None = None) -> int:
        """Return a number for a new object, whose events are handled so."""
        with self.changed:
            number = self._free.pop() if self._free else self._next
            self._next += number == self._next
            self._handlers[number] = handler or _ignore
            return number

    def adopt(self, number: int, handler: Handler) -> None:
        """Hear the events of an object that the compositor made."""
        with self.changed:
            self._handlers[number] = handler

    def send(self, number: int, opcode: int, *arguments: Argument, files: tuple[int, ...] = ()) -> None:
        """Send a request."""
        body = b"".join(map(_encoded, arguments))
        message = _HEAD.pack(number, (_HEAD.size + len(body)) << 16 | opcode) + body
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
        with self.changed:
            self._check()
            try:
                sent = self._socket.sendmsg([message], control)
                self._socket.sendall(message[sent:])
            except OSError as error:
                raise DesktopError(f"the Wayland compositor is gone: {error}") from error

    def settle(self) -> None:
        """Wait until the compositor has handled all requests and all its events are here."""
        done: list[bool] = []

        def on_done(opcode: int, event: Event) -> None:
            done.append(True)

        with self.changed:
            self.send(_DISPLAY, 0, self.new(on_done))
            self.wait_for(lambda: bool(done), _ANSWER_S)
            if not done:
                raise DesktopError("the Wayland compositor does not answer")

    def wait_for(self, come: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until events made something true; whether that came."""
        with self.changed:
            came = self.changed.wait_for(lambda: come() or bool(self._trouble), timeout_s)
            self._check()
            return came

    def close(self) -> None:
        """End the connection."""
        os.write(self._wake_write, b"q")
        self._thread.join(_JOIN_S)
        self._socket.close()
        for file in (self._wake_read, self._wake_write, *self._files):
            os.close(file)

    def _check(self) -> None:
        if self._trouble:
            raise DesktopError(self._trouble)

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._socket.fileno(), self._wake_read], [], [])
            if self._wake_read in ready:
                return
            try:
                data, files, _, _ = socket.recv_fds(self._socket, _READ_BYTES, _MOST_FILES)
            except OSError:
                data, files = b"", []
            with self.changed:
                self._files.extend(files)
                self._received += data
                self._handle_all()
                if not data:
                    self._trouble = self._trouble or "the Wayland compositor closed the connection"
                self.changed.notify_all()
                if self._trouble:
                    return

    def _handle_all(self) -> None:
        while len(self._received) >= _HEAD.size:
            number, rest = _HEAD.unpack_from(self._received)
            size = rest >> 16
            if len(self._received) < size:
                return
            body, self._received = self._received[_HEAD.size : size], self._received[size:]
            self._handlers.get(number, _ignore)(rest & 0xFFFF, Event(body, self._files))

    def _of_display(self, opcode: int, event: Event) -> None:
        if opcode == 0:
            number, code, why = event.number(), event.number(), event.text()
            self._trouble = f"the Wayland compositor refused a request (object {number}, error {code}): {why}"
        elif opcode == 1:
            number = event.number()
            self._handlers.pop(number, None)
            self._free.append(number)


def _ignore(opcode: int, event: Event) -> None:
    """Do nothing: nobody asked for these."""


def _encoded(argument: Argument) -> bytes:
    if isinstance(argument, int):
        return _WORD.pack(argument & 0xFFFFFFFF)
    if argument is None:
        return _WORD.pack(0)
    data = argument.encode() + b"\0" if isinstance(argument, str) else argument
    return _WORD.pack(len(data)) + data.ljust(_padded(len(data)), b"\0")


def _padded(length: int) -> int:
    return (length + 3) // 4 * 4
