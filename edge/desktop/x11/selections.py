"""Selections that we own: lent to a text until the window that wanted it has read it, then restored."""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from Xlib import X, error
from Xlib.protocol import event as events
from Xlib.protocol import request

from ...errors import DesktopError
from .connection import connect, disconnect
from .contents import TEXT_TYPES, Content, Part, read_selection, text_content

CLIPBOARD = "CLIPBOARD"
PRIMARY = "PRIMARY"

_PIECE_BYTES = 64 * 1024
"""Size of the pieces of what is too large for one property."""

_QUIET_S = 0.2
"""Time without a question after which a program has read all that it wanted. Chromium reads a text as soon as it is
copied, and once more when it pastes; between the two it asks for the types, again and again."""

_LONGEST_S = 2.0

_ANSWER_S = 5.0
_LOOK_S = 0.1

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Read:
    """One reading of a selection of ours."""

    client: int
    """Connection that the reading window belongs to."""
    time_s: float


@dataclass(slots=True)
class _Held:
    """A selection that we own."""

    content: Content
    since: int
    """Time of the server at which we took it."""
    before: Content | None = None
    """Content to restore; None where ours stays."""
    restore_at_s: float | None = None
    restore_by_s: float = 0.0
    """Time at which it is restored, whoever still reads: some managers never stop."""


@dataclass(slots=True)
class _Sending:
    """A property that is being written piece by piece."""

    window: Any
    part: Part
    sent: int = 0


@dataclass(slots=True)
class _Memory:
    """State that the thread and its callers share."""

    held: dict[str, _Held] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    has_read: threading.Condition = field(default_factory=threading.Condition)


class Selections:
    """Owner of selections, with a connection and a thread of its own that answers whoever reads them."""

    def __init__(self) -> None:
        self._display = connect()
        self._window = self._display.screen().root.create_window(
            0, 0, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask
        )
        self._memory = _Memory()
        self._sending: dict[tuple[int, int], _Sending] = {}
        self._orders: deque[Callable[[], None]] = deque()
        self._wake_read, self._wake_write = os.pipe()
        self._is_closing = False
        self._thread = threading.Thread(target=self._serve, name="edgewise clipboard", daemon=True)
        self._thread.start()

    def read(self, name: str = CLIPBOARD, *, targets: tuple[str, ...] = ()) -> Content:
        """Return what a selection holds, in all types or in those named; a text of ours is not its content."""
        held = self._memory.held.get(name)
        if held is not None:
            return held.before if held.before is not None else held.content
        display = connect()
        try:
            return read_selection(display, name, targets=targets)
        finally:
            disconnect(display)

    def put(self, content: Content) -> None:
        """Leave content in the clipboard."""
        self._ask(lambda: self._own(CLIPBOARD, _Held(content, self._server_time())))

    def lend(self, text: str, before: Content, name: str = CLIPBOARD) -> None:
        """Hold a text for one reader; `restore` brings back what was there before."""
        content = text_content(text, is_private=True)
        self._ask(lambda: self._lend(content, before, name))

    def wait_for_reader(self, client: int, since_s: float, timeout_s: float) -> bool:
        """Wait until the connection has read the text; whether it did.

        Some programs read with a connection that has no windows: at the end of the time, any reader counts.
        """

        def readers() -> list[int]:
            return [read.client for read in self._memory.reads if read.time_s >= since_s]

        with self._memory.has_read:
            return self._memory.has_read.wait_for(lambda: client in readers(), timeout_s) or bool(readers())

    def restore(self) -> None:
        """Give back what was in the selections before, once nobody has read the text for a moment."""
        self._ask(self._plan_restoring)

    def keep(self) -> None:
        """Leave the text that was lent where it is."""
        self._ask(self._forget_before)

    def close(self) -> None:
        """End the thread; what is lent is restored first, and given to the manager of clipboards where there is one."""
        with suppress(DesktopError):  # the server is gone, and all clipboards with it
            self._ask(self._restore_now)
            self._ask(self._hand_over)
        self._is_closing = True
        os.write(self._wake_write, b"q")
        self._thread.join(_ANSWER_S)
        disconnect(self._display)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _ask(self, order: Callable[[], Result]) -> Result:
        """Run something in the thread that owns the connection."""
        answer: Future[Result] = Future()

        def run() -> None:
            try:
                answer.set_result(order())
            except (error.XError, OSError) as failure:
                answer.set_exception(DesktopError(f"the X11 server refused the clipboard: {failure}"))
            except error.ConnectionClosedError:
                answer.set_exception(DesktopError("the clipboard is gone with the X11 server"))
                raise

        self._orders.append(run)
        os.write(self._wake_write, b"o")
        until_s = time.monotonic() + _ANSWER_S
        while not answer.done() and self._thread.is_alive() and time.monotonic() < until_s:
            wait([answer], _LOOK_S)
        if not answer.done():
            raise DesktopError("the clipboard is gone with the X11 server")
        return answer.result()

    def _serve(self) -> None:
        with suppress(error.ConnectionClosedError):
            while not self._is_closing:
                while self._orders:
                    self._orders.popleft()()
                while self._display.pending_events():
                    self._handle(self._display.next_event())
                self._restore_what_is_due()
                self._display.flush()
                if self._orders or self._display.pending_events() or self._is_closing:
                    continue
                ready, _, _ = select.select([self._display.fileno(), self._wake_read], [], [], self._until_due_s())
                if self._wake_read in ready:
                    os.read(self._wake_read, 64)

    def _until_due_s(self) -> float | None:
        due = [held.restore_at_s for held in self._memory.held.values() if held.restore_at_s is not None]
        return max(min(due) - time.monotonic(), 0.0) if due else None

    def _server_time(self) -> int:
        """Return the server's time: it is told with the change of a property."""
        self._window.change_property(self._display.get_atom("EDGEWISE_TIME"), self._display.get_atom("STRING"), 8, b"")
        while True:
            found = self._display.next_event()
            if found.type == X.PropertyNotify and found.window == self._window:
                return int(found.time)
            self._handle(found)

    def _own(self, name: str, held: _Held) -> None:
        self._memory.held[name] = held
        self._window.set_selection_owner(self._display.get_atom(name), held.since)
        self._display.flush()

    def _lend(self, content: Content, before: Content, name: str) -> None:
        with self._memory.has_read:
            self._memory.reads.clear()
        held = self._memory.held.get(name)
        if held is not None:
            before = held.before if held.before is not None else held.content
        self._own(name, _Held(content, self._server_time(), before))

    def _plan_restoring(self) -> None:
        for held in self._memory.held.values():
            if held.before is not None and held.restore_at_s is None:
                held.restore_at_s = time.monotonic() + _QUIET_S
                held.restore_by_s = time.monotonic() + _LONGEST_S

    def _restore_now(self) -> None:
        for held in self._memory.held.values():
            if held.before is not None:
                held.restore_at_s = held.restore_by_s = time.monotonic()
        self._restore_what_is_due()

    def _hand_over(self) -> None:
        """Have the manager of clipboards, if there is one, take what would be lost with its owner."""
        atom = self._display.get_atom
        manager, place = atom("CLIPBOARD_MANAGER"), atom("EDGEWISE_SAVE")
        if CLIPBOARD not in self._memory.held or self._display.get_selection_owner(manager) == X.NONE:
            return
        self._window.convert_selection(manager, atom("SAVE_TARGETS"), place, X.CurrentTime)
        until_s = time.monotonic() + _LONGEST_S
        while (left_s := until_s - time.monotonic()) > 0:
            while self._display.pending_events():
                found = self._display.next_event()
                if found.type == X.SelectionNotify and found.selection == manager:
                    return
                self._handle(found)
            self._display.flush()
            select.select([self._display.fileno()], [], [], left_s)

    def _forget_before(self) -> None:
        for held in self._memory.held.values():
            held.before = held.restore_at_s = None

    def _restore_what_is_due(self) -> None:
        for name, held in list(self._memory.held.items()):
            if held.restore_at_s is None or held.before is None:
                continue
            if held.restore_at_s > time.monotonic() or (self._sending and held.restore_by_s > time.monotonic()):
                continue
            if held.before.parts:
                self._own(name, _Held(held.before, self._server_time()))
            else:
                del self._memory.held[name]
                self._give_up(name)

    def _give_up(self, name: str) -> None:
        atom = self._display.get_atom(name)
        request.SetSelectionOwner(display=self._display.display, window=X.NONE, selection=atom, time=X.CurrentTime)

    def _handle(self, found: Any) -> None:
        if found.type == X.SelectionRequest:
            with suppress(error.XError):  # the window that asked is gone
                self._answer(found)
        elif found.type == X.SelectionClear:
            self._memory.held.pop(self._display.get_atom_name(found.atom), None)
        elif found.type == X.PropertyNotify and found.state == X.PropertyDelete:
            sending = self._sending.get((found.window.id, found.atom))
            if sending is not None:
                self._send_piece(sending, found.atom)

    def _answer(self, found: Any) -> None:
        held = self._memory.held.get(self._display.get_atom_name(found.selection))
        place = found.property or found.target
        target = self._display.get_atom_name(found.target)
        given = held is not None and self._give(found.requestor, held, target, place)
        answer = events.SelectionNotify(
            time=found.time,
            requestor=found.requestor,
            selection=found.selection,
            target=found.target,
            property=place if given else X.NONE,
        )
        found.requestor.send_event(answer)
        self._display.flush()
        if held is not None and held.restore_at_s is not None:
            held.restore_at_s = min(time.monotonic() + _QUIET_S, held.restore_by_s)
        if given and target in TEXT_TYPES:
            self._note_reader(found.requestor.id)

    def _note_reader(self, window: int) -> None:
        with self._memory.has_read:
            self._memory.reads.append(Read(client_of(self._display, window), time.monotonic()))
            self._memory.has_read.notify_all()

    def _give(self, window: Any, held: _Held, target: str, place: int) -> bool:
        """Write the answer to a question; whether there was one."""
        atom = self._display.get_atom
        if target == "TARGETS":
            names = ("TARGETS", "TIMESTAMP", "MULTIPLE", *held.content.parts)
            window.change_property(place, atom("ATOM"), 32, [atom(name) for name in names])
        elif target == "TIMESTAMP":
            window.change_property(place, atom("INTEGER"), 32, [held.since])
        elif target == "MULTIPLE":
            return self._give_many(window, held, place)
        elif target in held.content.parts:
            self._write(window, held.content.parts[target], place)
        else:
            return False
        return True

    def _give_many(self, window: Any, held: _Held, place: int) -> bool:
        asked = window.get_property(place, X.AnyPropertyType, 0, 1024)
        if asked is None:
            return False
        pairs = list(asked.value)
        for at in range(0, len(pairs) - 1, 2):
            if not self._give(window, held, self._display.get_atom_name(pairs[at]), pairs[at + 1]):
                pairs[at + 1] = X.NONE
        window.change_property(place, self._display.get_atom("ATOM_PAIR"), 32, pairs)
        return True

    def _write(self, window: Any, part: Part, place: int) -> None:
        kind = self._display.get_atom(part.type)
        if part.size <= _PIECE_BYTES or not isinstance(part.value, bytes):
            window.change_property(place, kind, part.format, part.value)
            return
        window.change_attributes(event_mask=X.PropertyChangeMask)
        window.change_property(place, self._display.get_atom("INCR"), 32, [part.size])
        self._sending[window.id, place] = _Sending(window, part)

    def _send_piece(self, sending: _Sending, place: int) -> None:
        piece = sending.part.value[sending.sent : sending.sent + _PIECE_BYTES]
        sending.window.change_property(place, self._display.get_atom(sending.part.type), 8, piece)
        sending.sent += len(piece)
        if not piece:
            del self._sending[sending.window.id, place]


def client_of(display: Any, window: int) -> int:
    """Return what all windows of one connection have in common."""
    return window & ~int(display.display.info.resource_id_mask)
