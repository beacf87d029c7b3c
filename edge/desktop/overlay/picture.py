"""The picture in the overlay: a word on the state and the newest words, drawn by Pango and Cairo.

Both are where there are programs with windows, and need nothing compiled: they find fonts for any writing, join letters
that are joined, and turn lines that run from the right.
"""

from __future__ import annotations

import ctypes
import html
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, Structure, byref, c_char_p, c_double, c_int, c_void_p
from ctypes.util import find_library
from dataclasses import dataclass
from functools import cache
from typing import Any

from ...errors import DesktopError
from ...harmless import harmless
from ..protocol import Caption

WIDTH = 560
"""Width in pixels of a screen with 96 dots per inch."""

MOST_LINES = 2
"""Lines of the newest words."""

_MARGIN, _GAP = 12, 4
_FONT = b"Sans 11"
_DOTS_PER_INCH = 96.0
_BACKGROUND, _BORDER = (0.11, 0.12, 0.14), (0.35, 0.37, 0.41)
_FIRM, _REST = "#f4f4f5", "#a8acb3"
_STATES = {"preparing": "#f5b942", "listening": "#ff5c57", "working": "#5aa9ff"}
_ARGB32, _WRAP_WORD_CHAR, _PIXEL = 0, 2, 1024
_MOST_LETTERS = 600
"""Letters at the end of a text that may be in sight: those before them need not be laid out."""


class _Rectangle(Structure):
    _fields_ = (("x", c_int), ("y", c_int), ("width", c_int), ("height", c_int))


class _Line(Structure):
    """Beginning of Pango's line."""

    _fields_ = (("layout", c_void_p), ("start", c_int), ("length", c_int))


_Functions = dict[str, tuple[Any, tuple[Any, ...]]]

_CAIRO: _Functions = {
    "cairo_image_surface_create": (c_void_p, (c_int, c_int, c_int)),
    "cairo_image_surface_get_data": (c_void_p, (c_void_p,)),
    "cairo_image_surface_get_stride": (c_int, (c_void_p,)),
    "cairo_surface_flush": (None, (c_void_p,)),
    "cairo_surface_destroy": (None, (c_void_p,)),
    "cairo_create": (c_void_p, (c_void_p,)),
    "cairo_destroy": (None, (c_void_p,)),
    "cairo_set_source_rgb": (None, (c_void_p, c_double, c_double, c_double)),
    "cairo_paint": (None, (c_void_p,)),
    "cairo_rectangle": (None, (c_void_p, c_double, c_double, c_double, c_double)),
    "cairo_stroke": (None, (c_void_p,)),
    "cairo_set_line_width": (None, (c_void_p, c_double)),
    "cairo_clip": (None, (c_void_p,)),
    "cairo_save": (None, (c_void_p,)),
    "cairo_restore": (None, (c_void_p,)),
    "cairo_move_to": (None, (c_void_p, c_double, c_double)),
}
_PANGO: _Functions = {
    "pango_font_description_from_string": (c_void_p, (c_char_p,)),
    "pango_font_description_free": (None, (c_void_p,)),
    "pango_layout_set_font_description": (None, (c_void_p, c_void_p)),
    "pango_layout_set_markup": (None, (c_void_p, c_char_p, c_int)),
    "pango_layout_set_width": (None, (c_void_p, c_int)),
    "pango_layout_set_wrap": (None, (c_void_p, c_int)),
    "pango_layout_get_context": (c_void_p, (c_void_p,)),
    "pango_layout_context_changed": (None, (c_void_p,)),
    "pango_layout_get_pixel_size": (None, (c_void_p, POINTER(c_int), POINTER(c_int))),
    "pango_layout_get_line_count": (c_int, (c_void_p,)),
    "pango_layout_get_line_readonly": (POINTER(_Line), (c_void_p, c_int)),
    "pango_layout_index_to_pos": (None, (c_void_p, c_int, POINTER(_Rectangle))),
    "pango_layout_get_unknown_glyphs_count": (c_int, (c_void_p,)),
}
_PANGO_CAIRO: _Functions = {
    "pango_cairo_create_layout": (c_void_p, (c_void_p,)),
    "pango_cairo_context_set_resolution": (None, (c_void_p, c_double)),
    "pango_cairo_show_layout": (None, (c_void_p, c_void_p)),
}
_GOBJECT: _Functions = {"g_object_unref": (None, (c_void_p,))}
_LIBRARIES = {"cairo": _CAIRO, "pango-1.0": _PANGO, "pangocairo-1.0": _PANGO_CAIRO, "gobject-2.0": _GOBJECT}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of four bytes a pixel: blue, green, red and nothing, row by row from the top."""

    width: int
    height: int
    pixels: bytes
    n_unknown: int = 0
    """Characters that no font of this machine has."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Text laid out, and the part of it that is shown."""

    layout: int
    top: int
    """Pixels above the part that is shown."""
    height: int


class Painter:
    """Draws captions for a screen of so many dots per inch. It is for one thread."""

    def __init__(self, dots_per_inch: float = _DOTS_PER_INCH) -> None:
        """Begin; DesktopError where a library is missing."""
        self._call = functions()
        self._dots_per_inch = dots_per_inch
        self._scale = dots_per_inch / _DOTS_PER_INCH
        self._width = round(WIDTH * self._scale)

    def paint(self, caption: Caption) -> Picture:
        """Draw what is to be seen."""
        with self._canvas(1, 1) as (_, context):
            blocks = [self._block(context, _state_markup(caption), 1)]
            if words := _words_markup(caption):
                blocks.append(self._block(context, words, MOST_LINES))
            try:
                return self._painted(blocks)
            finally:
                for block in blocks:
                    self._call["g_object_unref"](block.layout)

    def _painted(self, blocks: list[_Block]) -> Picture:
        margin, gap = round(_MARGIN * self._scale), round(_GAP * self._scale)
        height = sum(block.height for block in blocks) + gap * (len(blocks) - 1) + 2 * margin
        with self._canvas(self._width, height) as (surface, context):
            self._frame(context, height)
            y = margin
            for block in blocks:
                self._show(context, block, margin, y)
                y += block.height + gap
            self._call["cairo_surface_flush"](surface)
            stride = self._call["cairo_image_surface_get_stride"](surface)
            pixels = ctypes.string_at(self._call["cairo_image_surface_get_data"](surface), stride * height)
        n_unknown = sum(self._call["pango_layout_get_unknown_glyphs_count"](block.layout) for block in blocks)
        return Picture(stride // 4, height, pixels, n_unknown)

    @contextmanager
    def _canvas(self, width: int, height: int) -> Iterator[tuple[int, int]]:
        """Make a surface, and what draws on it."""
        surface = self._call["cairo_image_surface_create"](_ARGB32, width, height)
        context = self._call["cairo_create"](surface)
        try:
            yield surface, context
        finally:
            self._call["cairo_destroy"](context)
            self._call["cairo_surface_destroy"](surface)

    def _block(self, context: int, markup: str, most_lines: int) -> _Block:
        """Lay out a text; of more lines than may be, the last ones are shown."""
        call = self._call
        layout = call["pango_cairo_create_layout"](context)
        call["pango_cairo_context_set_resolution"](call["pango_layout_get_context"](layout), self._dots_per_inch)
        call["pango_layout_context_changed"](layout)
        font = call["pango_font_description_from_string"](_FONT)
        call["pango_layout_set_font_description"](layout, font)
        call["pango_font_description_free"](font)
        call["pango_layout_set_width"](layout, (self._width - 2 * round(_MARGIN * self._scale)) * _PIXEL)
        call["pango_layout_set_wrap"](layout, _WRAP_WORD_CHAR)
        call["pango_layout_set_markup"](layout, markup.encode(), -1)
        height, place = c_int(), _Rectangle()
        call["pango_layout_get_pixel_size"](layout, None, byref(height))
        first = max(0, call["pango_layout_get_line_count"](layout) - most_lines)
        line = call["pango_layout_get_line_readonly"](layout, first)
        call["pango_layout_index_to_pos"](layout, line.contents.start, byref(place))
        top = place.y // _PIXEL if first else 0
        return _Block(layout, top, height.value - top)

    def _frame(self, context: int, height: int) -> None:
        call, line = self._call, max(1.0, self._scale)
        call["cairo_set_source_rgb"](context, *_BACKGROUND)
        call["cairo_paint"](context)
        call["cairo_set_source_rgb"](context, *_BORDER)
        call["cairo_set_line_width"](context, line)
        call["cairo_rectangle"](context, line / 2, line / 2, self._width - line, height - line)
        call["cairo_stroke"](context)

    def _show(self, context: int, block: _Block, x: int, y: int) -> None:
        call = self._call
        call["cairo_save"](context)
        call["cairo_rectangle"](context, x, y, self._width - 2 * x, block.height)
        call["cairo_clip"](context)
        call["cairo_move_to"](context, x, y - block.top)
        call["pango_cairo_show_layout"](context, block.layout)
        call["cairo_restore"](context)


@cache
def functions() -> dict[str, Any]:
    """Return the functions that draw; DesktopError where a library is missing."""
    found: dict[str, Any] = {}
    for library_name, wanted in _LIBRARIES.items():
        path = find_library(library_name)
        if path is None:
            raise DesktopError(f"the overlay is drawn by Pango, and lib{library_name} is missing; install Pango")
        library = ctypes.CDLL(path)
        for name, (returned, taken) in wanted.items():
            found[name] = getattr(library, name)
            found[name].restype, found[name].argtypes = returned, taken
    return found


def _state_markup(caption: Caption) -> str:
    color = _STATES.get(caption.state, _REST)
    return f'<span foreground="{color}">\u25cf</span> <span foreground="{_REST}">{_safe(caption.state)}</span>'


def _words_markup(caption: Caption) -> str:
    """Mark up the newest words; those that may change are paler."""
    rest = caption.rest[-_MOST_LETTERS:]
    firm = caption.firm[max(0, len(caption.firm) + len(rest) - _MOST_LETTERS) :]
    if not (firm + rest).strip():
        return ""
    firm = firm.lstrip()
    rest = rest if firm else rest.lstrip()
    return f'<span foreground="{_FIRM}">{_safe(firm)}</span><span foreground="{_REST}">{_safe(rest)}</span>'


def _safe(text: str) -> str:
    return html.escape(harmless(text).replace("\n", " ").replace("\t", " "), quote=False)
