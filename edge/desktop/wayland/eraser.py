"""Deletion of text under Wayland, as an input method does it: the program says what stands before the cursor.

No compositor tells whether the user pressed keys since a text was typed. But an input method is told by the program
what is around the cursor, and may have it deleted. So for a moment we are one; the text is deleted if it stands there.
"""

from __future__ import annotations

from dataclasses import dataclass

from .globals import INPUT_METHOD, Globals
from .wire import Event

_TOLD_S = 1.0
"""Time that a program has to say what is around the cursor, and to delete."""

_GET, _DELETE, _COMMIT, _DESTROY = 0, 2, 3, 6
_ACTIVATE, _DEACTIVATE, _SURROUNDING, _DONE, _UNAVAILABLE = 0, 1, 2, 5, 6


@dataclass(frozen=True, slots=True)
class Around:
    """Text around the cursor, as a program tells it: of a long one, the part near the cursor."""

    text: bytes
    cursor: int
    """Byte at which the cursor is."""
    anchor: int
    """Byte at which the selection ends; where there is none, that of the cursor."""

    @property
    def before(self) -> bytes:
        """Text before the cursor."""
        return self.text[: self.cursor]


class _Method:
    """An input method of ours, for one deletion."""

    def __init__(self, globals_: Globals) -> None:
        self._wire = globals_.wire
        self._pending: Around | None = None
        self.around: Around | None = None
        self.is_active = self.is_unavailable = False
        self._n_done = 0
        manager = globals_.bind(INPUT_METHOD, 1)
        self._number = self._wire.new(self._on_event)
        self._wire.send(manager, _GET, globals_.seat, self._number)
        self._wire.send(manager, 1)  # what it made stays

    def wait_until_told(self) -> None:
        """Wait until the program says what is around the cursor, or will not."""
        self._wire.wait_for(lambda: self.around is not None or self.is_unavailable, _TOLD_S)

    def delete(self, before: bytes) -> bool:
        """Have the program delete what stands before the cursor; whether it did."""
        around = self.around
        if around is None:
            return False
        self._wire.send(self._number, _DELETE, len(before), 0)
        self._wire.send(self._number, _COMMIT, self._n_done)
        rest = around.before.removesuffix(before)
        return self._wire.wait_for(lambda: self.around is not None and self.around.before == rest, _TOLD_S)

    def close(self) -> None:
        """Stop being one."""
        self._wire.send(self._number, _DESTROY)
        self._wire.settle()

    def _on_event(self, opcode: int, event: Event) -> None:
        if opcode == _ACTIVATE:
            self.is_active, self._pending = True, None
        elif opcode == _DEACTIVATE:
            self.is_active, self._pending = False, None
        elif opcode == _SURROUNDING:
            self._pending = Around(event.array().rstrip(b"\0"), event.number(), event.number())
        elif opcode == _DONE:
            self._n_done += 1
            self.around = self._pending if self.is_active else None
        elif opcode == _UNAVAILABLE:
            self.is_unavailable = True


def erase_before_cursor(globals_: Globals, text: str) -> str:
    """Delete a text if it stands right before the cursor; return why not, or nothing."""
    method = _Method(globals_)
    try:
        method.wait_until_told()
        if method.is_unavailable:
            return "an input method is in use, so that nobody else is told where the cursor is"
        if method.around is None:
            return "this program does not tell what is before the cursor"
        typed = text.encode()
        if method.around.cursor != method.around.anchor or not method.around.before.endswith(typed):
            return "the text is not right before the cursor any more"
        return "" if method.delete(typed) else "the program was asked to delete it, and did not"
    finally:
        method.close()
