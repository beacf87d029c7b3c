"""Numbers of keys that mean the same in every layout, X11's keysyms."""

from __future__ import annotations

NAMED = {
    "BackSpace": 0xFF08,
    "Tab": 0xFF09,
    "Return": 0xFF0D,
    "Insert": 0xFF63,
    "Shift_L": 0xFFE1,
    "Control_L": 0xFFE3,
}

MODIFIERS = {"shift": "Shift_L", "ctrl": "Control_L"}
"""Key that holds each modifier."""

_CHARACTERS = {"\n": "Return", "\t": "Tab"}


def keysym_of(character: str) -> int:
    """Return the keysym of a character; line feed and tab are those of Return and Tab."""
    if character in _CHARACTERS:
        return NAMED[_CHARACTERS[character]]
    code = ord(character)
    return code if 0x20 <= code < 0x7F or 0xA0 <= code < 0x100 else 0x01000000 | code


def character_of(keysym: int) -> str:
    """Return the character of a keysym; empty where it is no character."""
    for character, name in _CHARACTERS.items():
        if NAMED[name] == keysym:
            return character
    if 0x20 <= keysym < 0x7F or 0xA0 <= keysym < 0x100:
        return chr(keysym)
    return chr(keysym & 0xFFFFFF) if keysym >> 24 == 1 else _LEGACY.get(keysym, "")


_LEGACY = {0x20AC: "€", 0x13BC: "Œ", 0x13BD: "œ", 0x13BE: "Ÿ", 0x0AD2: "“", 0x0AD3: "”"}
"""Characters of keysyms older than Unicode that Western layouts have."""
