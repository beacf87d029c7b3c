"""Overlays on the virtual screen, found as any program finds windows."""

from __future__ import annotations

from typing import Any

from edge.desktop.overlay.place import Area


def windows_of_ours(display: Any) -> list[Any]:
    """Overlays on the screen, whether they are mapped or not."""
    children = display.screen().root.query_tree().children
    return [window for window in children if (window.get_wm_class() or ("",))[0] == "edgewise-overlay"]


def seen_on(display: Any) -> tuple[str, Area] | None:
    """The name of the overlay that is seen, and where it is."""
    from Xlib import X

    for window in windows_of_ours(display):
        if window.get_attributes().map_state == X.IsViewable:
            name = window.get_full_property(display.get_atom("_NET_WM_NAME"), 0)
            found = window.get_geometry()
            return name.value.decode() if name else "", Area(found.x, found.y, found.width, found.height)
    return None
