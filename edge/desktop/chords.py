"""Keys by the names people give them, and the keys that paste into each program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import DesktopError

MODIFIERS = {
    "ctrl": "ctrl",
    "control": "ctrl",
    "alt": "alt",
    "option": "alt",
    "shift": "shift",
    "super": "super",
    "win": "super",
    "meta": "super",
    "cmd": "super",
}
"""Name of a modifier by what people call it."""

_KEYSYMS = {
    "esc": "Escape",
    "escape": "Escape",
    "enter": "Return",
    "return": "Return",
    "space": "space",
    "tab": "Tab",
    "backspace": "BackSpace",
    "delete": "Delete",
    "insert": "Insert",
    "home": "Home",
    "end": "End",
    "pageup": "Page_Up",
    "pagedown": "Page_Down",
    "pause": "Pause",
    "printscreen": "Print",
    "scrolllock": "Scroll_Lock",
    "capslock": "Caps_Lock",
    "menu": "Menu",
    "rightctrl": "Control_R",
    "leftctrl": "Control_L",
    "rightalt": "Alt_R",
    "leftalt": "Alt_L",
    "rightshift": "Shift_R",
    "leftshift": "Shift_L",
    "rightsuper": "Super_R",
    "leftsuper": "Super_L",
}
"""Keysym by what people call it, written small and without blanks, hyphens and underscores."""


@dataclass(frozen=True, slots=True)
class Chord:
    """A key with the modifiers held for it."""

    key: str
    """Name of a keysym, such as "d", "F9" or "Control_R"."""
    modifiers: frozenset[str] = frozenset()
    """Names out of "ctrl", "alt", "shift" and "super"."""

    def __str__(self) -> str:
        order = [name for name in ("ctrl", "alt", "shift", "super") if name in self.modifiers]
        return "+".join([*order, self.key])


def parse_chord(text: str) -> Chord:
    """Return the keys of a text such as "ctrl+alt+d", "F9" or "right ctrl".

    Raises:
        DesktopError: it is no such text.
    """
    *before, key = (part.strip() for part in text.split("+")) if text.strip() != "+" else ("plus",)
    unknown = [name for name in before if name.lower() not in MODIFIERS]
    if unknown or not key:
        found = f"unknown: {', '.join(map(repr, unknown))}" if unknown else "there is no key at its end"
        raise DesktopError(f"expected a key such as F9, ctrl+alt+d or right ctrl, got {text!r} ({found})")
    plain = "".join(mark for mark in key.lower() if mark not in " -_")
    named = _KEYSYMS.get(plain, key.upper() if plain[1:].isdigit() and plain[0] == "f" else key)
    return Chord(named.lower() if len(named) == 1 else named, frozenset(MODIFIERS[name.lower()] for name in before))


PASTE = Chord("v", frozenset({"ctrl"}))
TERMINAL_PASTE = Chord("v", frozenset({"ctrl", "shift"}))
SELECTION_PASTE = Chord("Insert", frozenset({"shift"}))
"""Keys that paste the selection of the mouse where there are none for the clipboard."""

_TERMINALS = """
    alacritty com.mitchellh.ghostty com.raggesilver.blackbox contour cool-retro-term deepin-terminal foot footclient
    ghostty gnome-terminal gnome-terminal-server guake kgx kitty konsole lxterminal mate-terminal
    org.gnome.console org.gnome.ptyxis org.gnome.terminal org.kde.konsole org.kde.yakuake org.wezfurlong.wezterm ptyxis
    qterminal rio roxterm sakura st st-256color terminator terminology termite tilda tilix warp wezterm wezterm-gui
    xfce4-terminal yakuake
"""

_SELECTION_TERMINALS = ("xterm", "uxterm", "urxvt", "rxvt")

_CHORDS = {
    **dict.fromkeys(_TERMINALS.split(), TERMINAL_PASTE),
    **dict.fromkeys(_SELECTION_TERMINALS, SELECTION_PASTE),
    "emacs": Chord("y", frozenset({"ctrl"})),
}
"""Keys that paste, by the class of the program's window."""


def paste_chord(application: str, own: Mapping[str, Chord] | None = None) -> Chord:
    """Return the keys that paste into a program: the user's own choice, else what its class is known for."""
    name = application.lower()
    return (own or {}).get(name) or _CHORDS.get(name, PASTE)


def is_terminal(application: str) -> bool:
    """Whether a program of this class is known to be a terminal."""
    name = application.lower()
    return name in _SELECTION_TERMINALS or name in _TERMINALS.split()
