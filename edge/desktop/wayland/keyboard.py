"""A keyboard of our own, whose layout is whatever a text needs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from .globals import VIRTUAL_KEYBOARD, Globals

_FIRST = 8
"""First keycode; the protocol counts from 0."""

_MOST_KEYS = 247
_XKB_V1 = 1
_CREATE, _KEYMAP, _KEY, _MODIFIERS, _DESTROY = 0, 0, 1, 2, 3

_NAMED = ("Return", "Tab", "BackSpace", "Insert", "Control_L", "Shift_L")
"""Keys that every layout of ours has, in its first places."""

_BITS = {"shift": 1, "ctrl": 4}
_BETWEEN_LOOKS = 16

_CHARACTER_S = 0.006
"""Time that a program may need for a character. A compositor ends a program that has too many events unread."""

_AHEAD = 256
"""Characters that may be unread: a third of what GTK under sway was seen to die of."""


class Keyboard:
    """A virtual keyboard, for as long as the program runs: programs learn of a new one too late for its first key."""

    def __init__(self, globals_: Globals) -> None:
        self._wire = globals_.wire
        manager = globals_.bind(VIRTUAL_KEYBOARD, 1)
        self._number = self._wire.new()
        self._wire.send(manager, _CREATE, globals_.seat, self._number)
        self._began_s = time.monotonic()
        self._keys: dict[str, int] = {}
        self._read_by_s = 0.0
        self._lay_out([chr(code) for code in range(0x20, 0x7F)])

    def type(self, text: str, may_go_on: Callable[[], bool]) -> int:
        """Type a text; return how many characters were typed before `may_go_on` said no."""
        for at in range(0, len(text), _BETWEEN_LOOKS):
            if not may_go_on():
                return at
            now = text[at : at + _BETWEEN_LOOKS]
            for character in now:
                self._press(self._key_of(character, text[at:]))
            self._wire.settle()
            self._give_time(len(now))
        return len(text)

    def press(self, name: str, modifiers: frozenset[str] = frozenset(), times: int = 1) -> None:
        """Press a key with modifiers held."""
        key = self._key_of(name, name)
        self._wire.send(self._number, _MODIFIERS, sum(_BITS[modifier] for modifier in modifiers), 0, 0, 0)
        for _ in range(times):
            self._press(key)
            self._give_time(1)
        self._wire.send(self._number, _MODIFIERS, 0, 0, 0, 0)
        self._wire.settle()

    def close(self) -> None:
        """Remove the keyboard."""
        self._wire.send(self._number, _DESTROY)

    def _give_time(self, characters: int) -> None:
        self._read_by_s = max(self._read_by_s, time.monotonic()) + characters * _CHARACTER_S
        time.sleep(max(self._read_by_s - time.monotonic() - _AHEAD * _CHARACTER_S, 0))

    def _press(self, key: int) -> None:
        for state in (1, 0):
            since_ms = round((time.monotonic() - self._began_s) * 1000)
            self._wire.send(self._number, _KEY, since_ms, key, state)

    def _key_of(self, name: str, ahead: str) -> int:
        """Return a key; where the layout lacks it, make one that has it, and as much of what follows as it can."""
        name = {"\n": "Return", "\t": "Tab"}.get(name, name)
        if name not in self._keys:
            room = _MOST_KEYS - len(_NAMED)
            wanted = dict.fromkeys(mark for mark in ahead if mark not in "\n\t")
            old = [mark for mark in self._keys if len(mark) == 1 and mark not in wanted]
            self._lay_out([*wanted, *old][:room])
        return self._keys[name]

    def _lay_out(self, characters: list[str]) -> None:
        names = [*_NAMED, *characters]
        self._keys = {name: key for key, name in enumerate(names, 1)}
        data = keymap_of(self._keys).encode() + b"\0"
        file = os.memfd_create("edgewise-keymap", os.MFD_CLOEXEC)
        try:
            os.write(file, data)
            self._wire.send(self._number, _KEYMAP, _XKB_V1, len(data), files=(file,))
        finally:
            os.close(file)
        self._wire.send(self._number, _MODIFIERS, 0, 0, 0, 0)


def keymap_of(keys: dict[str, int]) -> str:
    """Return the description of a layout in which each key makes one keysym or character."""
    codes = "\n".join(f"<K{key}> = {key + _FIRST};" for key in keys.values())
    symbols = "\n".join(
        f"key <K{key}> {{[{name if len(name) > 1 else f'U{ord(name):04X}'}]}};" for name, key in keys.items()
    )
    maps = f"modifier_map Control {{ <K{keys['Control_L']}> }};\nmodifier_map Shift {{ <K{keys['Shift_L']}> }};"
    return (
        "xkb_keymap {\n"
        f'xkb_keycodes "edgewise" {{ minimum = {_FIRST}; maximum = 255;\n{codes}\n}};\n'
        'xkb_types "edgewise" { include "complete" };\n'
        'xkb_compatibility "edgewise" { include "complete" };\n'
        f'xkb_symbols "edgewise" {{\n{symbols}\n{maps}\n}};\n'
        "};\n"
    )
