"""The clipboard of a compositor that lets programs without a window own it."""

from __future__ import annotations

import os
import select
import threading
import time
from dataclasses import dataclass, field

from .globals import DATA_CONTROL, Globals
from .wire import Event, Wire

TEXT_TYPES = ("text/plain;charset=utf-8", "text/plain", "UTF8_STRING", "TEXT", "STRING")
_PRIVATE = "x-kde-passwordManagerHint"

_QUIET_S = 0.15
_LONGEST_S = 1.0
_READ_S = 2.0
_WRITE_S = 5.0
_MOST_BYTES = 64 * 1024 * 1024

Content = dict[str, bytes]
"""Content by its MIME type."""


def text_content(text: str, *, is_private: bool) -> Content:
    """Return a text as content; if private, marked so that managers of clipboards do not keep it."""
    content = dict.fromkeys(TEXT_TYPES, text.encode("utf-8", "replace"))
    return content | ({_PRIVATE: b"secret"} if is_private else {})


@dataclass(slots=True)
class _Held:
    content: Content
    source: int
    before: Content | None = None
    reads_s: list[float] = field(default_factory=list)


class Clipboard:
    """Reads the clipboard, owns it, and lends it to a text until that has been read."""

    def __init__(self, globals_: Globals) -> None:
        self._wire: Wire = globals_.wire
        self._manager = globals_.bind(next(name for name in DATA_CONTROL if globals_.has(name)), 1)
        self._device = self._wire.new(self._on_device)
        self._types: dict[int, list[str]] = {}
        self._offer = 0
        self._held: _Held | None = None
        self._read: tuple[int, Content] | None = None
        self._restoring: threading.Timer | None = None
        self._wire.send(self._manager, 1, self._device, globals_.seat)
        self._wire.settle()

    def read(self) -> Content:
        """Return what the clipboard holds, in all types; a text that is lent is not its content."""
        self._wire.settle()
        with self._wire.changed:
            held, offer = self._held, self._offer
            if held is not None:
                return held.before if held.before is not None else held.content
            if not offer:
                return {}
            if self._read is not None and self._read[0] == offer:
                return self._read[1]
            types = list(self._types.get(offer, ()))
        content = self._receive_all(offer, types)
        self._read = offer, content
        return content

    def put(self, content: Content) -> None:
        """Leave content in the clipboard."""
        self._stop_restoring()
        self._own(content, None)

    def lend(self, text: str) -> None:
        """Hold a text for one reader; `restore` brings back what was there before."""
        before = self.read()
        self._stop_restoring()
        self._own(text_content(text, is_private=True), before)

    def wait_for_reader(self, since_s: float, timeout_s: float) -> bool:
        """Wait until somebody has read the text since then; whether somebody did."""

        def has_come() -> bool:
            return self._held is None or any(at_s >= since_s for at_s in self._held.reads_s)

        return self._wire.wait_for(has_come, timeout_s) and self._held is not None

    def restore(self) -> None:
        """Give back what was there before, once nobody has read the text for a moment."""
        self._restore_later(time.monotonic() + _LONGEST_S)

    def keep(self) -> None:
        """Leave the text that was lent where it is."""
        with self._wire.changed:
            if self._held is not None:
                self._held.before = None

    def close(self) -> None:
        """Give back what was there before, as far as it can outlive its owner."""
        self._stop_restoring()
        self._restore_now()
        self._wire.settle()

    def _restore_later(self, by_s: float) -> None:
        self._restoring = threading.Timer(_QUIET_S, self._restore_if_quiet, (by_s,))
        self._restoring.daemon = True
        self._restoring.start()

    def _stop_restoring(self) -> None:
        if self._restoring is not None:
            self._restoring.cancel()

    def _restore_if_quiet(self, by_s: float) -> None:
        with self._wire.changed:
            last_s = max(self._held.reads_s, default=0.0) if self._held else 0.0
            if time.monotonic() < min(by_s, last_s + _QUIET_S):
                self._restore_later(by_s)
            else:
                self._restore_now()

    def _restore_now(self) -> None:
        with self._wire.changed:
            if self._held is None or self._held.before is None:
                return
            before = self._held.before
            if before:
                self._own(before, None)
            else:
                self._held = None
                self._wire.send(self._device, 0, None)

    def _own(self, content: Content, before: Content | None) -> None:
        with self._wire.changed:
            source = self._wire.new(lambda opcode, event: self._on_source(source, opcode, event))
            self._wire.send(self._manager, 0, source)
            for kind in content:
                self._wire.send(source, 0, kind)
            self._held = _Held(content, source, before)
            self._wire.send(self._device, 0, source)
        self._wire.settle()

    def _on_source(self, source: int, opcode: int, event: Event) -> None:
        held = self._held
        if opcode == 0:
            kind, file = event.text(), event.file()
            data = held.content.get(kind, b"") if held is not None and held.source == source else b""
            threading.Thread(target=_write, args=(file, data), name="edgewise paste", daemon=True).start()
            if held is not None and held.source == source and kind in TEXT_TYPES:
                held.reads_s.append(time.monotonic())
        elif opcode == 1:
            self._wire.send(source, 1)
            if held is not None and held.source == source:
                self._held = None

    def _on_device(self, opcode: int, event: Event) -> None:
        number = event.number() if opcode in (0, 1, 3) else 0
        if opcode == 0:
            types: list[str] = []
            self._types[number] = types
            self._wire.adopt(number, lambda opcode, event: types.append(event.text()))
        elif opcode == 1:
            for old in [offer for offer in self._types if offer != number]:
                del self._types[old]
                self._wire.send(old, 1)
            self._offer = number

    def _receive_all(self, offer: int, types: list[str]) -> Content:
        until_s = time.monotonic() + _READ_S
        content: Content = {}
        for kind in types:
            data = self._receive(offer, kind, until_s)
            if data is not None and sum(map(len, content.values())) + len(data) <= _MOST_BYTES:
                content[kind] = data
        return content

    def _receive(self, offer: int, kind: str, until_s: float) -> bytes | None:
        """Return content in one type; None where its owner does not give it in time."""
        reading, writing = os.pipe2(os.O_CLOEXEC)
        try:
            self._wire.send(offer, 0, kind, files=(writing,))
            os.close(writing)
            pieces: list[bytes] = []
            while select.select([reading], [], [], max(until_s - time.monotonic(), 0))[0]:
                piece = os.read(reading, 1 << 16)
                if not piece:
                    return b"".join(pieces)
                pieces.append(piece)
            return None
        finally:
            os.close(reading)


def _write(file: int, data: bytes) -> None:
    """Write to whoever reads; one that stops reading is left alone."""
    os.set_blocking(file, False)
    left, until_s = memoryview(data), time.monotonic() + _WRITE_S
    try:
        while left and select.select([], [file], [], max(until_s - time.monotonic(), 0))[1]:
            left = left[os.write(file, left[: 1 << 16]) :]
    except OSError:
        return
    finally:
        os.close(file)
