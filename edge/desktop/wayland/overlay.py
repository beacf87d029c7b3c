"""The overlay under Wayland: above all windows, where the compositor has layers, without keys and clicks."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ...errors import DesktopError
from ..overlay.picture import Painter, Picture
from ..protocol import Caption
from .globals import LAYER_SHELL, Globals, open_wayland
from .wire import Event

_NAME = "edgewise-overlay"
_SHOWN_S = 2.0
"""Time that a compositor has to make room."""

_ARGB = 0
_LAYER_OVERLAY, _ANCHOR_TOP = 3, 1
_OVER_PANELS = -1
_PIXEL_BYTES = 4

_CREATE_SURFACE, _CREATE_REGION = 0, 1
_DESTROY, _ATTACH, _DAMAGE, _SET_INPUT, _COMMIT = 0, 1, 2, 5, 6
_GET_LAYER, _SET_SIZE, _SET_ANCHOR, _SET_ZONE, _SET_KEYBOARD, _ACKNOWLEDGE, _DESTROY_LAYER = 0, 0, 1, 2, 4, 6, 7


@dataclass(slots=True)
class _Layer:
    """A surface that is on the screen, and its place."""

    surface: int
    number: int
    size: tuple[int, int] = (0, 0)
    has_room: bool = False
    """Whether the compositor has answered to the size that was asked for last."""


class OverlayLayer:
    """The layer, at the top of the screen: nobody is told where windows are, and most have their title there."""

    def __init__(self) -> None:
        """Open the compositor; DesktopError where it has no layers, or nothing can draw."""
        self._painter = Painter()
        self._globals: Globals = open_wayland()
        self._wire = self._globals.wire
        if not self._globals.has(LAYER_SHELL):
            self._wire.close()
            raise DesktopError("this compositor has no place for an overlay (layer-shell)")
        self._compositor = self._globals.bind("wl_compositor", 1)
        self._shared = self._globals.bind("wl_shm", 1)
        self._shell = self._globals.bind(LAYER_SHELL, 1)
        self._layer: _Layer | None = None

    def draw(self, caption: Caption) -> None:
        """Show what is said."""
        picture = self._painter.paint(caption)
        layer = self._layer = self._layer or self._make_layer()
        if layer.size != (picture.width, picture.height):
            self._ask_for_room(layer, picture)
        if layer.has_room:
            self._wire.send(layer.surface, _ATTACH, self._buffer(picture), 0, 0)
            self._wire.send(layer.surface, _DAMAGE, 0, 0, picture.width, picture.height)
            self._wire.send(layer.surface, _COMMIT)

    def erase(self) -> None:
        """Take the layer off the screen."""
        layer, self._layer = self._layer, None
        if layer is not None:
            self._wire.send(layer.number, _DESTROY_LAYER)
            self._wire.send(layer.surface, _DESTROY)

    def close(self) -> None:
        """End the connection, and with it the layer."""
        self._wire.close()

    def _make_layer(self) -> _Layer:
        send, new = self._wire.send, self._wire.new
        surface, region, number = new(), new(), new()  # in the order in which they are made, as the protocol wants it
        layer = _Layer(surface, number)
        self._wire.adopt(number, lambda opcode, event: self._on_layer(layer, opcode, event))
        send(self._compositor, _CREATE_SURFACE, surface)
        send(self._compositor, _CREATE_REGION, region)
        send(surface, _SET_INPUT, region)  # an empty one: clicks go to what is below
        send(region, _DESTROY)
        send(self._shell, _GET_LAYER, layer.number, layer.surface, None, _LAYER_OVERLAY, _NAME)
        send(layer.number, _SET_ANCHOR, _ANCHOR_TOP)
        send(layer.number, _SET_ZONE, _OVER_PANELS)
        send(layer.number, _SET_KEYBOARD, 0)
        return layer

    def _ask_for_room(self, layer: _Layer, picture: Picture) -> None:
        with self._wire.changed:
            layer.size, layer.has_room = (picture.width, picture.height), False
            self._wire.send(layer.number, _SET_SIZE, picture.width, picture.height)
            self._wire.send(layer.surface, _COMMIT)
            self._wire.wait_for(lambda: layer.has_room, _SHOWN_S)

    def _on_layer(self, layer: _Layer, opcode: int, event: Event) -> None:
        if opcode == 0:
            self._wire.send(layer.number, _ACKNOWLEDGE, event.number())
            layer.has_room = True
        elif self._layer is layer:  # its screen is gone; the next words get a new one
            self._wire.send(layer.number, _DESTROY_LAYER)
            self._wire.send(layer.surface, _DESTROY)
            self._layer = None

    def _buffer(self, picture: Picture) -> int:
        """Return the picture as the compositor takes it, for as long as it looks at it."""
        file = os.memfd_create(_NAME, os.MFD_CLOEXEC)
        try:
            os.write(file, picture.pixels)
            size, pool, buffer = len(picture.pixels), self._wire.new(), self._wire.new()
            self._wire.adopt(buffer, lambda opcode, event: self._wire.send(buffer, _DESTROY))
            self._wire.send(self._shared, 0, pool, size, files=(file,))
            row = picture.width * _PIXEL_BYTES
            self._wire.send(pool, 0, buffer, 0, picture.width, picture.height, row, _ARGB)
            self._wire.send(pool, 1)
        finally:
            os.close(file)
        return buffer
