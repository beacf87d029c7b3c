"""A window of our own under Wayland that shows what each way types."""

from __future__ import annotations

import mmap
import os
import threading
from types import TracebackType
from typing import Self

from ...errors import DesktopError
from ..protocol import Trial
from ..trial import try_on
from .clipboard import TEXT_TYPES, Clipboard
from .globals import DATA_CONTROL, open_wayland
from .hands import WaylandHands
from .wire import Event
from .xkb import Layout

_WIDTH, _HEIGHT = 400, 60
_XRGB = 1
_WHITE = b"\xff\xff\xff\xff"
_CTRL = 4
_FOCUS_S = 3.0
_READ_S = 2.0


def try_ways() -> list[Trial]:
    """Type into a window of our own by each way that there is, and say what came.

    The window opens for a moment and takes the focus.
    """
    hands = WaylandHands()
    try:
        with _Sheet() as sheet:
            return try_on(sheet, hands, hands.ways)
    finally:
        hands.close()


class _Sheet:
    """A window that understands keys and pasting."""

    def __init__(self) -> None:
        self._layout = Layout()
        try:
            self._globals = open_wayland()
        except DesktopError:
            self._layout.close()
            raise
        self._wire = self._globals.wire
        self._text = ""
        self._held = 0
        self._has_focus = False
        self._clipboard = Clipboard(self._globals) if any(map(self._globals.has, DATA_CONTROL)) else None

    def __enter__(self) -> Self:
        send, new = self._wire.send, self._wire.new
        compositor, shell = self._globals.bind("wl_compositor", 1), self._globals.bind("xdg_wm_base", 1, self._on_shell)
        self._shell = shell
        keyboard, self._surface, self._xdg, toplevel = new(self._on_keyboard), new(), new(self._on_surface), new()
        send(self._globals.seat, 1, keyboard)
        send(compositor, 0, self._surface)
        send(shell, 2, self._xdg, self._surface)
        send(self._xdg, 1, toplevel)
        send(toplevel, 2, "edgewise tries to type here")
        send(toplevel, 3, "edgewise-trial")
        self._buffer = self._white()
        send(self._surface, 6)
        self._wire.settle()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wire.close()
        self._layout.close()

    def clear(self) -> None:
        """Forget what was typed."""
        with self._wire.changed:
            self._text = ""

    def wait_for_focus(self) -> bool:
        """Wait until the keys come here; whether they do."""
        return self._wire.wait_for(lambda: self._has_focus, _FOCUS_S)

    def wait_for(self, text: str) -> str:
        """Return what was typed, once it is the text or time is up."""
        self._wire.wait_for(lambda: self._text == text, _READ_S)
        return self._text

    def _paste(self) -> None:
        content = self._clipboard.read() if self._clipboard else {}
        text = next((content[kind].decode("utf-8", "replace") for kind in TEXT_TYPES if kind in content), "")
        with self._wire.changed:
            self._text += text
            self._wire.changed.notify_all()

    def _white(self) -> int:
        """Return a picture for the window, which is shown only with one."""
        size = _WIDTH * _HEIGHT * len(_WHITE)
        file = os.memfd_create("edgewise-window", os.MFD_CLOEXEC)
        try:
            os.ftruncate(file, size)
            os.pwrite(file, _WHITE * (size // len(_WHITE)), 0)
            shared, pool, buffer = self._globals.bind("wl_shm", 1), self._wire.new(), self._wire.new()
            self._wire.send(shared, 0, pool, size, files=(file,))
            self._wire.send(pool, 0, buffer, 0, _WIDTH, _HEIGHT, _WIDTH * len(_WHITE), _XRGB)
        finally:
            os.close(file)
        return buffer

    def _on_shell(self, opcode: int, event: Event) -> None:
        self._wire.send(self._shell, 3, event.number())

    def _on_surface(self, opcode: int, event: Event) -> None:
        self._wire.send(self._xdg, 4, event.number())
        self._wire.send(self._surface, 1, self._buffer, 0, 0)
        self._wire.send(self._surface, 2, 0, 0, _WIDTH, _HEIGHT)
        self._wire.send(self._surface, 6)

    def _on_keyboard(self, opcode: int, event: Event) -> None:
        if opcode == 0:
            event.number()
            file, size = event.file(), event.number()
            try:
                with mmap.mmap(file, size, mmap.MAP_PRIVATE, mmap.PROT_READ) as described:
                    self._layout.load(bytes(described))
            finally:
                os.close(file)
        elif opcode in (1, 2):
            self._has_focus = opcode == 1
        elif opcode == 3:
            _, _, key, is_down = (event.number() for _ in range(4))
            if is_down and self._held & _CTRL:
                # The clipboard comes by events, which this thread has to hear meanwhile.
                threading.Thread(target=self._paste, name="edgewise trial", daemon=True).start()
            elif is_down:
                self._text += self._layout.text_of(key)
        elif opcode == 4:
            event.number()
            self._held, latched, locked, group = (event.number() for _ in range(4))
            self._layout.hold(self._held, latched, locked, group)
