"""Text that a key makes, by libxkbcommon, which every Wayland desktop has."""

from __future__ import annotations

import ctypes
from ctypes.util import find_library
from typing import Any

from ...errors import DesktopError

_TEXT_V1 = 1
_CODE_OFFSET = 8
_MOST_BYTES = 16

_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "xkb_context_new": (ctypes.c_void_p, (ctypes.c_int,)),
    "xkb_keymap_new_from_string": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int)),
    "xkb_state_new": (ctypes.c_void_p, (ctypes.c_void_p,)),
    "xkb_state_update_mask": (ctypes.c_int, (ctypes.c_void_p, *[ctypes.c_uint32] * 6)),
    "xkb_state_key_get_utf8": (
        ctypes.c_int,
        (ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t),
    ),
    "xkb_state_unref": (None, (ctypes.c_void_p,)),
    "xkb_keymap_unref": (None, (ctypes.c_void_p,)),
    "xkb_context_unref": (None, (ctypes.c_void_p,)),
}


class Layout:
    """A keyboard's layout, and what is held on it."""

    def __init__(self) -> None:
        path = find_library("xkbcommon")
        if path is None:
            raise DesktopError("keys cannot be read back without libxkbcommon; install it")
        self._library = ctypes.CDLL(path)
        for name, (returned, taken) in _FUNCTIONS.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = returned, taken
        self._context = self._library.xkb_context_new(0)
        self._map: int | None = None
        self._state: int | None = None

    def load(self, described: bytes) -> None:
        """Take a layout as compositors describe it."""
        self._forget()
        text = described.rstrip(b"\0")
        self._map = self._library.xkb_keymap_new_from_string(self._context, text, _TEXT_V1, 0)
        if not self._map:
            raise DesktopError("libxkbcommon does not understand the layout that the compositor described")
        self._state = self._library.xkb_state_new(self._map)

    def hold(self, depressed: int, latched: int, locked: int, group: int) -> None:
        """Note which modifiers are held, and which of several layouts is in use."""
        if self._state:
            self._library.xkb_state_update_mask(self._state, depressed, latched, locked, 0, 0, group)

    def text_of(self, key: int) -> str:
        """Return what a key makes now; empty for a key that makes no text."""
        if not self._state:
            return ""
        buffer = ctypes.create_string_buffer(_MOST_BYTES)
        self._library.xkb_state_key_get_utf8(self._state, key + _CODE_OFFSET, buffer, _MOST_BYTES)
        return buffer.value.decode("utf-8", "replace").replace("\r", "\n")

    def close(self) -> None:
        """Forget the layout."""
        self._forget()
        self._library.xkb_context_unref(self._context)

    def _forget(self) -> None:
        if self._state:
            self._library.xkb_state_unref(self._state)
        if self._map:
            self._library.xkb_keymap_unref(self._map)
        self._state = self._map = None
