"""Choice of the parts that the desktop at hand has."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from importlib.util import find_spec

from ..errors import DesktopError
from .chords import Chord
from .protocol import Entry, Key, Overlay, Tray, Trial, Trigger, Typist, Way
from .typist import DesktopTypist, Hands

BIND = "bind a key to `edgewise dictate toggle` in the settings of your desktop or compositor"
"""Advice where no key can be heard."""


class Desktop(StrEnum):
    """Kind of desktop."""

    X11 = "X11"
    WAYLAND = "Wayland"
    MACOS = "macOS"
    WINDOWS = "Windows"
    NONE = "none"


def this_desktop() -> Desktop:
    """Return what kind of desktop this is; under Wayland, the X server is there for old programs alone."""
    if sys.platform in ("darwin", "win32"):
        return Desktop.MACOS if sys.platform == "darwin" else Desktop.WINDOWS
    if os.environ.get("WAYLAND_DISPLAY"):
        return Desktop.WAYLAND
    return Desktop.X11 if os.environ.get("DISPLAY") else Desktop.NONE


def choose_trigger(chords: Mapping[Key, Chord]) -> Trigger:
    """Return what hears keys on this desktop; `start` takes them.

    Raises:
        DesktopError: nothing can, or a library is missing; it says which, or how to bind a key instead.
    """
    desktop = _some_desktop()
    if desktop is Desktop.X11:
        _need("Xlib", "python-xlib")
        from .x11.trigger import KeyGrab

        return KeyGrab(chords)
    if desktop is Desktop.WAYLAND:
        return _portal_trigger(chords)
    _need("pynput", "pynput")
    from .elsewhere import PynputTrigger

    return PynputTrigger(chords)


def choose_typist(
    ways: Collection[Way] | None = None,
    chords: Mapping[str, Chord] | None = None,
    own_keys: Collection[Chord] = (),
    own_ways: Mapping[str, Collection[Way]] | None = None,
) -> Typist:
    """Return what types on this desktop, by those ways alone that a trial found to work, if any are given.

    `chords` are the user's keys to paste and `own_ways` the ways, by the class of the program; `own_keys` are those of
    the dictation.

    Raises:
        DesktopError: nothing can type, or a library is missing.
    """
    return DesktopTypist(_hands(chords or {}, own_keys), ways, own_ways)


def choose_overlay() -> Overlay:
    """Return a window that shows what a dictation does, and takes no focus.

    Raises:
        DesktopError: this desktop has no place for one, or a library is missing.
    """
    desktop = _some_desktop()
    if desktop not in (Desktop.X11, Desktop.WAYLAND):
        raise DesktopError(f"there is no overlay under {desktop} yet")
    from .overlay.posted import Posted

    if desktop is Desktop.WAYLAND:
        from .wayland.overlay import OverlayLayer

        return Posted(OverlayLayer())
    _need("Xlib", "python-xlib")
    from .x11.overlay import OverlayWindow

    return Posted(OverlayWindow())


def choose_tray(title: str, menu: Callable[[], tuple[Entry, ...]], click: Callable[[], object]) -> Tray:
    """Return an icon in the panel, with a menu that is asked for whenever it opens; `click` is what a click does.

    Raises:
        DesktopError: there is no session bus, or a library is missing.
    """
    if sys.platform != "linux":
        raise DesktopError("there is an icon in the panel under Linux alone")
    _need("jeepney", "jeepney")
    from .portal.tray import PanelIcon

    return PanelIcon(title, menu, click)


def try_ways() -> list[Trial]:
    """Type into a window of our own by each way that this desktop has, and say what came.

    Raises:
        DesktopError: nothing can type here.
    """
    desktop = _some_desktop()
    if desktop is Desktop.X11:
        _need("Xlib", "python-xlib")
        from .x11 import trial as x11

        return x11.try_ways()
    if desktop is Desktop.WAYLAND:
        from .wayland import trial as wayland

        return wayland.try_ways()
    raise DesktopError(f"there is no test window for {desktop} yet; dictate into a text editor instead")


def _hands(chords: Mapping[str, Chord], own_keys: Collection[Chord]) -> Hands:
    desktop = _some_desktop()
    if desktop is Desktop.X11:
        _need("Xlib", "python-xlib")
        from .x11.hands import X11Hands

        return X11Hands(chords, own_keys)
    if desktop is Desktop.WAYLAND:
        from .wayland.hands import WaylandHands

        return WaylandHands(chords)
    _need("pynput", "pynput")
    from .elsewhere import PynputHands

    return PynputHands()


def _portal_trigger(chords: Mapping[Key, Chord]) -> Trigger:
    _need("jeepney", "jeepney")
    from .portal.shortcuts import PortalShortcuts

    try:
        return PortalShortcuts(chords)
    except DesktopError as error:
        raise DesktopError(f"{error}; {BIND}") from error


def _some_desktop() -> Desktop:
    desktop = this_desktop()
    if desktop is Desktop.NONE:
        raise DesktopError("there is no desktop: neither WAYLAND_DISPLAY nor DISPLAY is set; run this in one")
    return desktop


def _need(module: str, package: str) -> None:
    if find_spec(module) is None:
        raise DesktopError(f"keys and typing need {package}: pip install 'edgewise[dictate]'")
