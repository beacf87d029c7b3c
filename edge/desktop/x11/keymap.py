"""Keys that make a character in the layout that is in use, and those that are held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from Xlib import XK, X

from ...errors import DesktopError
from ..chords import Chord
from ..keysyms import character_of, keysym_of

for _group in ("xkb", "xf86"):
    XK.load_keysym_group(_group)  # names of AltGr, of switches between layouts and of media keys

_LEVEL3 = 0xFE03
"""Keysym of the key for the third level, AltGr."""

_MODIFIER_KEYSYMS = {"ctrl": ("Control_L",), "alt": ("Alt_L",), "shift": ("Shift_L",), "super": ("Super_L",)}

_GROUP_SHIFT = 13
"""Number of the bit in the state of the pointer at which the layout's number stands."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A key, and the keys held for it."""

    keycode: int
    held: tuple[int, ...] = ()


@dataclass(slots=True)
class Keymap:
    """The layout as the server has it now."""

    strokes: dict[str, Stroke] = field(default_factory=dict)
    """Keys of each character that one press makes."""
    keycodes: dict[int, int] = field(default_factory=dict)
    """Key of each keysym, in any layout."""
    group: int = 0
    """Number of the layout in use."""
    has_caps_lock: bool = False

    @classmethod
    def of(cls, display: Any) -> Keymap:
        """Read the layout in use."""
        state = display.screen().root.query_pointer().mask
        map_ = cls(group=state >> _GROUP_SHIFT & 3, has_caps_lock=bool(state & X.LockMask))
        first = display.display.info.min_keycode
        rows = display.get_keyboard_mapping(first, display.display.info.max_keycode - first + 1)
        for column in range(max(map(len, rows))):
            for keycode, row in enumerate(rows, first):
                if column < len(row) and row[column]:
                    map_.keycodes.setdefault(int(row[column]), keycode)
        is_one = _has_one_layout(display, rows)
        if is_one:
            map_.group = 0  # the number of a layout that is there no more may still be set
        shift, level3 = map_.level_keys
        for level, held in enumerate(((), (shift,), (level3,), (level3, shift))):
            if 0 in held or (level > 1 and not is_one):
                continue
            for keycode, row in enumerate(rows, first):
                character = character_of(_keysym_at(row, map_.group, level))
                map_.strokes.setdefault(character, Stroke(keycode, held))
        map_.strokes.pop("", None)
        return map_

    @property
    def level_keys(self) -> tuple[int, int]:
        """Keys for the second and the third level, Shift and AltGr; 0 where there is none."""
        return self.keycodes.get(XK.XK_Shift_L, 0), self.keycodes.get(_LEVEL3, 0)

    def can_type(self, text: str) -> bool:
        """Whether each character is one press, and Caps Lock does not turn it into another."""
        return not self.has_caps_lock and all(character in self.strokes for character in text)

    def has(self, chord: Chord) -> bool:
        """Whether some key makes what the chord names."""
        return XK.string_to_keysym(chord.key) in self.keycodes

    def keycode(self, key: str) -> int:
        """Return the key that a keysym's name is on, in any layout.

        Raises:
            DesktopError: no key makes it.
        """
        keysym = XK.string_to_keysym(key) or (keysym_of(key) if len(key) == 1 else 0)
        if not keysym:
            raise DesktopError(f"there is no key named {key!r}; `xev` shows the names of keys as they are pressed")
        if len(key) == 1 and key in self.strokes and not self.strokes[key].held:
            return self.strokes[key].keycode
        keycode = self.keycodes.get(keysym, 0)
        if not keycode:
            raise DesktopError(f"no key of this keyboard makes {key!r}; choose another")
        return keycode

    def stroke(self, chord: Chord) -> Stroke:
        """Return the keys of a chord."""
        names = (name for modifier in sorted(chord.modifiers) for name in _MODIFIER_KEYSYMS[modifier])
        return Stroke(self.keycode(chord.key), tuple(self.keycode(name) for name in names))


def _keysym_at(row: Any, group: int, level: int) -> int:
    """Return what a key makes: X lists two levels of two layouts, then more levels."""
    column = (0 if level < 2 else 4) + 2 * group + level % 2
    if group > 1 or column >= len(row):
        return 0
    keysym = int(row[column])
    if not keysym and group == 1 and not any(row[2:4]):
        return _keysym_at(row, 0, level)
    return keysym


def _has_one_layout(display: Any, rows: Any) -> bool:
    """Whether the third and fourth level can be told: with several layouts, X does not say whose they are."""
    root = display.screen().root
    rules = root.get_full_property(display.get_atom("_XKB_RULES_NAMES"), X.AnyPropertyType)
    parts = bytes(rules.value).split(b"\0") if rules is not None else []
    is_one = len(parts) < 3 or b"," not in parts[2]
    return is_one and all(not any(row[2:4]) or list(row[2:4]) == list(row[0:2]) for row in rows)


MODIFIERS = ("shift", "ctrl", "alt", "super")
"""Modifiers that make another key of a key."""


def modifier_masks(display: Any) -> dict[str, int]:
    """Return the bit of each modifier, and of Num Lock where a key has it ("num")."""
    wanted = {"alt": XK.XK_Alt_L, "super": XK.XK_Super_L, "num": XK.XK_Num_Lock}
    codes = {name: display.keysym_to_keycode(keysym) for name, keysym in wanted.items()}
    masks = {"shift": int(X.ShiftMask), "ctrl": int(X.ControlMask)}
    for number, keycodes in enumerate(display.get_modifier_mapping()):
        masks |= {name: 1 << number for name, code in codes.items() if code and code in keycodes}
    return masks


def held_keys(display: Any) -> Iterator[int]:
    """Yield the keys that are down."""
    for byte, bits in enumerate(display.query_keymap()):
        yield from (8 * byte + bit for bit in range(8) if bits >> bit & 1)


def modifier_keys(display: Any) -> frozenset[int]:
    """Return the keys that alone do nothing."""
    return frozenset(keycode for keycodes in display.get_modifier_mapping() for keycode in keycodes)


def strokes_of(display: Any, chords: Iterable[Chord]) -> frozenset[tuple[int, int]]:
    """Return the keys of chords, each with the bits of its modifiers; those that the layout lacks are left out."""
    keymap, masks = Keymap.of(display), modifier_masks(display)
    return frozenset(
        (keymap.keycode(chord.key), sum(masks.get(name, 0) for name in chord.modifiers))
        for chord in chords
        if keymap.has(chord)
    )
