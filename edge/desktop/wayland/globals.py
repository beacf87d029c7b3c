"""Interfaces that a compositor offers, and the seat that all of them are for."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import DesktopError
from .wire import Event, Handler, Wire

VIRTUAL_KEYBOARD = "zwp_virtual_keyboard_manager_v1"
DATA_CONTROL = ("ext_data_control_manager_v1", "zwlr_data_control_manager_v1")
INPUT_METHOD = "zwp_input_method_manager_v2"
LAYER_SHELL = "zwlr_layer_shell_v1"
TOPLEVELS = "zwlr_foreign_toplevel_manager_v1"

_DISPLAY = 1
_GET_REGISTRY = 1
_BIND = 0


@dataclass(slots=True)
class Globals:
    """Interfaces that a compositor has, by name."""

    wire: Wire
    offered: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Number and version of each interface."""
    registry: int = 0
    seat: int = 0

    def has(self, interface: str) -> bool:
        """Whether the compositor offers an interface."""
        return interface in self.offered

    def bind(self, interface: str, most: int, handler: Handler | None = None) -> int:
        """Return an object of an interface, in its version or the one we know, whichever is older."""
        name, version = self.offered[interface]
        number = self.wire.new(handler)
        self.wire.send(self.registry, _BIND, name, interface, min(version, most), number)
        return number


def open_wayland() -> Globals:
    """Open a connection to the compositor that WAYLAND_DISPLAY names.

    Raises:
        DesktopError: there is none, it does not answer, or it has no seat.
    """
    name = os.environ.get("WAYLAND_DISPLAY", "")
    if not name:
        raise DesktopError(
            "there is no Wayland compositor: WAYLAND_DISPLAY is not set; run this in a graphical session"
        )
    wire = Wire(Path(os.environ.get("XDG_RUNTIME_DIR", "/")) / name)
    found = Globals(wire)

    def on_registry(opcode: int, event: Event) -> None:
        if opcode == 0:
            number, interface, version = event.number(), event.text(), event.number()
            found.offered.setdefault(interface, (number, version))

    found.registry = wire.new(on_registry)
    wire.send(_DISPLAY, _GET_REGISTRY, found.registry)
    try:
        wire.settle()
        if not found.has("wl_seat"):
            raise DesktopError(f"the Wayland compositor {name} has no seat, so nothing can be typed")
        found.seat = found.bind("wl_seat", 1)
    except DesktopError:
        wire.close()
        raise
    return found
