"""The window that has the focus."""

from __future__ import annotations

from typing import Any

from Xlib import error

from ..protocol import Target


def focused_window(display: Any) -> Any:
    """Return the program's window that has the focus; None where none has."""
    window = display.get_input_focus().focus
    try:
        while not isinstance(window, int) and window.id != display.screen().root.id:
            if window.get_wm_class():
                return window
            window = window.query_tree().parent
    except error.BadWindow:
        return None
    return None


def focused_target(display: Any) -> Target | None:
    """Return the same window as a target."""
    window = focused_window(display)
    return None if window is None else Target(hex(window.id), _class_of(window))


def _class_of(window: Any) -> str:
    try:
        names = window.get_wm_class()
    except error.BadWindow:
        return ""
    return str(names[1]) if names else ""
