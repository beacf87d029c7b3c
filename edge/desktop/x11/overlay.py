"""The overlay under X11: a window that no window manager handles, above all others, which clicks fall through."""

from __future__ import annotations

import re
from typing import Any

from Xlib import X, error
from Xlib.ext import shape

from ...errors import DesktopError
from ..overlay.picture import Painter, Picture
from ..overlay.place import Area, monitor_of, place
from ..protocol import Caption
from .connection import connect, disconnect, told_when_gone
from .windows import focused_window

CLASS = "edgewise-overlay"

_DEPTH = 24
_MOST_BYTES = 200_000
"""Bytes of a picture that go into one request; a server takes 256 KiB at least."""

_DPI = re.compile(r"^Xft\.dpi:\s*(\d+(?:\.\d+)?)", re.MULTILINE)


class OverlayWindow:
    """The window. It is made once, and on the screen while there is something to say."""

    def __init__(self) -> None:
        """Open the display; DesktopError where it cannot show the window, or nothing can draw it."""
        self._display = connect()
        try:
            screen = self._display.screen()
            if screen.root_depth != _DEPTH or self._display.display.info.image_byte_order != X.LSBFirst:
                raise DesktopError(f"the overlay needs a screen of {_DEPTH} bits; this one has {screen.root_depth}")
            if not self._display.has_extension("SHAPE"):
                raise DesktopError("the overlay needs the X server's SHAPE, without which it would take clicks")
            self._painter = Painter(self._dots_per_inch())
        except DesktopError:
            disconnect(self._display)
            raise
        self._area: Area | None = None
        self._window = screen.root.create_window(
            *(0, 0, 1, 1, 0, X.CopyFromParent), override_redirect=True, background_pixel=screen.black_pixel
        )
        self._window.set_wm_class(CLASS, CLASS)
        kind = self._atom("_NET_WM_WINDOW_TYPE_NOTIFICATION")
        self._window.change_property(self._atom("_NET_WM_WINDOW_TYPE"), self._atom("ATOM"), 32, [kind])
        self._window.shape_rectangles(shape.SO.Set, shape.SK.Input, X.Unsorted, 0, 0, [])
        self._gc = self._window.create_gc()
        self._display.flush()

    @told_when_gone
    def draw(self, caption: Caption) -> None:
        """Show what is said, where it covers nothing of the window with the focus."""
        picture = self._painter.paint(caption)
        self._area = area = self._place(picture)
        self._window.change_property(
            self._atom("_NET_WM_NAME"), self._atom("UTF8_STRING"), 8, caption.words.encode("utf-8", "replace")
        )
        pixmap = self._window.create_pixmap(area.width, area.height, _DEPTH)
        self._put(pixmap, picture)
        self._window.change_attributes(background_pixmap=pixmap)
        pixmap.free()
        self._window.configure(x=area.x, y=area.y, width=area.width, height=area.height, stack_mode=X.Above)
        self._window.clear_area(0, 0, 0, 0)
        self._window.map()
        self._display.sync()
        while self._display.pending_events():
            self._display.next_event()

    @told_when_gone
    def erase(self) -> None:
        """Take the window off the screen, and what was said out of its name."""
        self._area = None
        self._window.unmap()
        self._window.delete_property(self._atom("_NET_WM_NAME"))
        self._display.sync()

    def close(self) -> None:
        """End the connection, and with it the window."""
        disconnect(self._display)

    def _atom(self, name: str) -> int:
        return int(self._display.get_atom(name))

    def _put(self, pixmap: Any, picture: Picture) -> None:
        stride = picture.width * 4
        rows = max(1, _MOST_BYTES // stride)
        for top in range(0, picture.height, rows):
            n = min(rows, picture.height - top)
            data = picture.pixels[top * stride : (top + n) * stride]
            pixmap.put_image(self._gc, 0, top, picture.width, n, X.ZPixmap, _DEPTH, 0, data)

    def _place(self, picture: Picture) -> Area:
        """Return where it stands: where it stood while it is clear there, so that it does not hop about."""
        window = self._focused_area()
        new = place(picture.width, picture.height, monitor_of(window, self._monitors()), window)
        old = self._area
        if old is None or (old.width, old.height) != (new.width, new.height):
            return new
        return new if window is not None and old.meets(window) else old

    def _focused_area(self) -> Area | None:
        """Return where the window with the focus is, its frame included."""
        window, root = focused_window(self._display), self._display.screen().root
        try:
            while window is not None and (parent := window.query_tree().parent).id != root.id:
                window = parent
            if window is None:
                return None
            found = window.get_geometry()
        except (error.BadWindow, error.BadDrawable):
            return None
        return Area(found.x, found.y, found.width + 2 * found.border_width, found.height + 2 * found.border_width)

    def _monitors(self) -> list[Area]:
        """Return where the monitors are, the main one first."""
        screen = self._display.screen()
        whole = Area(0, 0, screen.width_in_pixels, screen.height_in_pixels)
        if not self._display.has_extension("RANDR"):
            return [whole]
        version = self._display.xrandr_query_version()
        if (version.major_version, version.minor_version) < (1, 5):
            return [whole]
        found = sorted(screen.root.xrandr_get_monitors().monitors, key=lambda monitor: not monitor.primary)
        return [Area(one.x, one.y, one.width_in_pixels, one.height_in_pixels) for one in found] or [whole]

    def _dots_per_inch(self) -> float:
        found = self._display.screen().root.get_full_property(self._atom("RESOURCE_MANAGER"), X.AnyPropertyType)
        named = _DPI.search(found.value.decode("latin-1")) if found else None
        return min(max(float(named[1]), 48.0), 480.0) if named else 96.0
