"""Content of a selection, in every type that its owner offers, and reading it from another program."""

from __future__ import annotations

import select
import time
from dataclasses import dataclass, field
from typing import Any

from Xlib import X

_READ_S = 0.5
"""Time for an owner to answer about one type."""

_ALL_S = 2.0
"""Time for all of its types."""

_MOST_BYTES = 64 * 1024 * 1024

_NO_CONTENT = frozenset({"TARGETS", "TIMESTAMP", "MULTIPLE", "SAVE_TARGETS", "DELETE", "INSERT_PROPERTY"})
"""Targets that are questions or orders rather than types."""

_LONGS = 0x1FFFFFFF
"""More units of four bytes than any property has."""

TEXT_TYPES = ("UTF8_STRING", "text/plain;charset=utf-8", "text/plain", "TEXT", "STRING")
"""Types of text, best first."""


@dataclass(frozen=True, slots=True)
class Part:
    """Content in one type."""

    type: str
    """Name of the property's type, mostly that of the target."""
    format: int
    """Bits of a unit: 8, 16 or 32."""
    value: bytes | tuple[int, ...]
    """Bytes, or units of 16 or 32 bits."""

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self.value) * (self.format // 8)


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that a selection holds."""

    parts: dict[str, Part] = field(default_factory=dict)
    """Content by target."""
    missing: tuple[str, ...] = ()
    """Targets that the owner offered and did not give."""

    @property
    def text(self) -> str:
        """Text, in the best type that there is; empty where it is none."""
        for name in TEXT_TYPES:
            part = self.parts.get(name)
            if part is not None and isinstance(part.value, bytes):
                return part.value.decode("latin-1" if name == "STRING" else "utf-8", "replace")
        return ""


def text_content(text: str, *, is_private: bool) -> Content:
    """Return a text as content; if private, marked so that managers of clipboards do not keep it."""
    data = text.encode("utf-8", "replace")
    parts = {name: Part("UTF8_STRING" if name == "TEXT" else name, 8, data) for name in TEXT_TYPES[:-1]}
    if text.isascii():
        parts["STRING"] = Part("STRING", 8, data)
    if is_private:
        parts["x-kde-passwordManagerHint"] = Part("x-kde-passwordManagerHint", 8, b"secret")
    return Content(parts)


def read_selection(display: Any, selection: str, *, targets: tuple[str, ...] = ()) -> Content:
    """Read a selection from its owner, in the targets named or in all that it offers.

    An owner that is slow or gone costs what it has not given yet; `missing` names that.
    """
    atom = display.get_atom(selection)
    if display.get_selection_owner(atom) == X.NONE:
        return Content()
    window = display.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask)
    try:
        reader = _Reader(display, window, atom, time.monotonic() + _ALL_S)
        return reader.all(targets or reader.offered())
    finally:
        window.destroy()
        display.flush()


@dataclass(slots=True)
class _Reader:
    """One reading of a selection, through a window that its owner writes to."""

    display: Any
    window: Any
    selection: int
    until_s: float
    total: int = 0

    def offered(self) -> tuple[str, ...]:
        part = self.one("TARGETS")
        if part is None or isinstance(part.value, bytes):
            return ("UTF8_STRING",)
        names = (self.display.get_atom_name(atom) for atom in part.value if atom)
        return tuple(name for name in names if name not in _NO_CONTENT)

    def all(self, targets: tuple[str, ...]) -> Content:
        parts: dict[str, Part] = {}
        missing = []
        for name in targets:
            part = self.one(name) if time.monotonic() < self.until_s and self.total < _MOST_BYTES else None
            if part is None:
                missing.append(name)
            else:
                self.total += part.size
                parts[name] = part
        return Content(parts, tuple(missing))

    def one(self, target: str) -> Part | None:
        """Return the content in one type; None where the owner has none or does not answer."""
        place = self.display.get_atom("EDGEWISE_READ")
        atom = self.display.get_atom(target)
        self.window.delete_property(place)
        self.window.convert_selection(self.selection, atom, place, X.CurrentTime)
        # A slow owner's answer about an earlier type may still come: it must not be taken for this one's.
        told = self._wait(lambda event: event.type == X.SelectionNotify and event.target == atom)
        if told is None or told.property == X.NONE:
            return None
        part = self._take(place)
        return self._in_pieces(place) if part is not None and part.type == "INCR" else part

    def _take(self, place: int) -> Part | None:
        found = self.window.get_property(place, X.AnyPropertyType, 0, _LONGS, True)
        if found is None:
            return None
        value = found.value if isinstance(found.value, bytes) else tuple(int(unit) for unit in found.value)
        return Part(self.display.get_atom_name(found.property_type), found.format, value)

    def _in_pieces(self, place: int) -> Part | None:
        """Read what is too large for one property: an owner writes it piece by piece, an empty one at the end."""
        pieces: list[Part] = []
        while self._wait(lambda event: _is_written(event, place)) is not None:
            piece = self._take(place)
            if piece is None or not piece.value:
                whole = b"".join(part.value for part in pieces if isinstance(part.value, bytes))
                return Part(pieces[0].type, 8, whole) if pieces else None
            pieces.append(piece)
            if sum(part.size for part in pieces) > _MOST_BYTES:
                return None
        return None

    def _wait(self, is_it: Any) -> Any:
        """Return the first event of a kind; None where it does not come in time."""
        until_s = min(self.until_s, time.monotonic() + _READ_S)
        while True:
            while self.display.pending_events():
                event = self.display.next_event()
                if getattr(event, "window", getattr(event, "requestor", None)) == self.window and is_it(event):
                    return event
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return None
            select.select([self.display.fileno()], [], [], left_s)


def _is_written(event: Any, place: int) -> bool:
    is_property = event.type == X.PropertyNotify and event.atom == place
    return bool(is_property and event.state == X.PropertyNewValue)
