"""Windows under Wayland: the one that has the focus, where the compositor tells."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ..protocol import Target
from .globals import TOPLEVELS, Globals
from .wire import Event

_ACTIVATED = 2


@dataclass(slots=True)
class _Window:
    application: str = ""
    is_active: bool = False


class Windows:
    """Windows that are open."""

    def __init__(self, globals_: Globals) -> None:
        self._wire = globals_.wire
        self._open: dict[int, _Window] = {}
        globals_.bind(TOPLEVELS, 3, self._on_manager)
        self._wire.settle()
        self._wire.settle()  # what each window is comes after the list of them

    def focused(self) -> Target | None:
        """Return the window that has the focus."""
        self._wire.settle()
        with self._wire.changed:
            for number, window in self._open.items():
                if window.is_active:
                    return Target(str(number), window.application)
        return None

    def _on_manager(self, opcode: int, event: Event) -> None:
        if opcode == 0:
            number = event.number()
            self._open[number] = window = _Window()
            self._wire.adopt(number, lambda opcode, event: self._on_window(number, window, opcode, event))

    def _on_window(self, number: int, window: _Window, opcode: int, event: Event) -> None:
        if opcode == 1:
            window.application = event.text()
        elif opcode == 4:
            states = event.array()
            window.is_active = _ACTIVATED in struct.unpack(f"={len(states) // 4}I", states)
        elif opcode == 6:
            del self._open[number]
            self._wire.send(number, 1)
