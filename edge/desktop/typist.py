"""A text goes where the cursor is: by keys for what they can type, else by the clipboard, or it is said why not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from ..errors import DesktopError
from .characters import typeable
from .chords import is_terminal
from .protocol import Delivery, Target, Way

MOST_KEYS = 200
"""Length up to which a text is typed key by key: pasting is faster for more, and a program redraws once."""

KEYS_UP_S = 5.0
"""Time that the user has to let go of all keys."""

PASTED_S = 2.0
"""Time that a program has to ask for what it was told to paste."""

_TAKEN = "another window took the focus"


class Hands(Protocol):
    """Abilities of one kind of desktop."""

    @property
    def ways(self) -> tuple[Way, ...]:
        """Ways there are: one that presses keys, and PASTE; those that are preferred first."""

    @property
    def tells_focus(self) -> bool:
        """Whether the desktop says which window has the focus."""

    def focused(self) -> Target | None:
        """Return the window that has the focus."""

    def prepare(self) -> None:
        """Read the clipboard while there is time."""

    def wait_until_up(self, timeout_s: float) -> bool:
        """Wait until no key is down: a modifier that is held would turn text into commands. Whether that came."""

    def can_type(self, text: str) -> bool:
        """Whether there are keys for all of a text."""

    def composes(self) -> bool:
        """Whether an input method may make other characters of the keys."""

    def type_keys(self, text: str, may_go_on: Callable[[], bool]) -> int:
        """Type a text by keys; return how many characters were typed before `may_go_on` said no."""

    def erase(self, text: str) -> str:
        """Delete a text that was typed last, if the cursor is still behind it; return why not, or nothing."""

    def paste_keys(self, target: Target | None) -> str:
        """Return the name of the keys that paste."""

    def paste(self, text: str, target: Target | None, may_go_on: Callable[[], bool], timeout_s: float) -> bool | None:
        """Lend the clipboard to a text and press the keys; None where `may_go_on` said no at the last moment.

        Whether the window read the text: then the clipboard is restored, else the text stays in it.
        """

    def leave(self, text: str) -> None:
        """Leave a text in the clipboard."""

    def read(self) -> str:
        """Return the text in the clipboard."""

    def watch_cursor(self) -> None:
        """Notice from now on whether the cursor moves."""

    def why_moved(self) -> str:
        """Return why the cursor may be elsewhere by now, as a key or a button moves it; empty where it is not."""

    def close(self) -> None:
        """Give everything back."""


class DesktopTypist:
    """Types with the hands that this desktop has; `ways` are those that work here, as a trial found.

    `own_ways` are the user's for single programs, by their class.
    """

    def __init__(
        self,
        hands: Hands,
        ways: Collection[Way] | None = None,
        own_ways: Mapping[str, Collection[Way]] | None = None,
    ) -> None:
        self._hands = hands
        self._ways = tuple(way for way in hands.ways if ways is None or way in ways)
        self._own_ways = {name.lower(): own for name, own in (own_ways or {}).items()}
        self._lock = threading.Lock()
        self._last: tuple[Delivery, str] | None = None

    @property
    def ways(self) -> tuple[Way, ...]:
        """Ways that are used, those that are preferred first."""
        return self._ways

    def focused(self) -> Target | None:
        """Return the window that has the focus; None where there is none or the desktop does not tell."""
        with self._lock:
            return self._hands.focused()

    def prepare(self) -> None:
        """Read the clipboard while there is time; it is read again only if it changes."""
        with self._lock:
            self._hands.prepare()

    def deliver(self, text: str, target: Target | None = None, *, keep: bool = True) -> Delivery:
        """Type the text where the cursor is, once all keys are up, unless the focus moved away from `target`."""
        text = typeable(text)
        with self._lock:
            delivery = self._deliver(text, target or self._hands.focused(), keep)
            self._last = delivery, text
            if delivery.typed:
                self._hands.watch_cursor()
            return delivery

    def is_behind(self, delivery: Delivery) -> bool:
        """Whether the cursor is still behind what the last delivery typed."""
        with self._lock:
            is_last = self._last is not None and self._last[0] is delivery and bool(delivery.typed)
            return is_last and self._has_focus(delivery.target) and not self._hands.why_moved()

    def erase(self, delivery: Delivery) -> str:
        """Delete exactly what the last delivery typed; return why not, or nothing."""
        with self._lock:
            reason = self._why_not_erase(delivery) or self._hands.erase(self._typed)
            if not reason:
                self._last = None
            return reason

    def put(self, text: str) -> None:
        """Leave a text in the clipboard."""
        with self._lock:
            self._hands.leave(text)

    def read(self) -> str:
        """Return the text in the clipboard."""
        with self._lock:
            return self._hands.read()

    def close(self) -> None:
        """Give everything back; a clipboard that is lent is restored."""
        self._hands.close()

    def _deliver(self, text: str, target: Target | None, keep: bool) -> Delivery:
        if not text:
            return Delivery(Way.NONE, 0, target)
        if target is None and self._hands.tells_focus:
            return self._kept(text, 0, None, keep, "no window has the focus")
        if not self._hands.wait_until_up(KEYS_UP_S):
            return self._kept(text, 0, target, keep, f"a key was held for {KEYS_UP_S:.0f} s")
        if not self._has_focus(target):
            return self._kept(text, 0, target, keep, _TAKEN)
        way = self._way_of(text, target)
        if way is None:
            return self._kept(text, 0, target, keep, "no way of typing works here")
        return (self._by_paste if way is Way.PASTE else self._by_keys)(way, text, target, keep)

    def _way_of(self, text: str, target: Target | None) -> Way | None:
        """Return the best way that can carry this text.

        A line feed is pasted where that works: as a key it sends a message in half of all programs, and a tab moves to
        the next field. So is all text where an input method would compose other words of the keys.
        """
        own = self._own_ways.get(target.application.lower()) if target else None
        ways = self._ways if own is None else tuple(way for way in self._hands.ways if way in own)
        keys = next((way for way in ways if way is not Way.PASTE), None)
        can_paste = Way.PASTE in ways
        if keys is None or not self._hands.can_type(text):
            return Way.PASTE if can_paste else None
        is_for_keys = len(text) <= MOST_KEYS and not set(text) & set("\n\t") and not self._hands.composes()
        return keys if is_for_keys or not can_paste else Way.PASTE

    def _by_keys(self, way: Way, text: str, target: Target | None, keep: bool) -> Delivery:
        typed = self._hands.type_keys(text, lambda: self._has_focus(target))
        if typed == len(text):
            return Delivery(way, typed, target)
        trouble = f"{_TAKEN} after {typed} of {len(text)} characters"
        return self._kept(text[typed:], typed, target, keep, trouble, what="the rest")

    def _by_paste(self, way: Way, text: str, target: Target | None, keep: bool) -> Delivery:
        was_read = self._hands.paste(text, target, lambda: self._has_focus(target), PASTED_S)
        if was_read is None:
            return self._kept(text, 0, target, keep, _TAKEN)
        if was_read:
            return Delivery(way, len(text), target)
        # It may still come: a program that hangs pastes when it is back. So the text stays, asked for or not.
        keys = self._hands.paste_keys(target)
        why = f"the window did not paste at {keys} within {PASTED_S:.0f} s"
        return Delivery(Way.CLIPBOARD, 0, target, f"{why}; the text is in the clipboard")

    def _kept(
        self, text: str, typed: int, target: Target | None, keep: bool, why: str, what: str = "the text"
    ) -> Delivery:
        if not keep:
            return Delivery(Way.NONE, typed, target, f"{why}; {what} was not typed")
        try:
            self._hands.leave(text)
        except DesktopError as error:
            return Delivery(Way.NONE, typed, target, f"{why}; {error}")
        return Delivery(Way.CLIPBOARD, typed, target, f"{why}; {what} is in the clipboard")

    def _has_focus(self, target: Target | None) -> bool:
        if target is None:
            return not self._hands.tells_focus
        found = self._hands.focused()
        return found is not None and found.window == target.window

    def _why_not_erase(self, delivery: Delivery) -> str:
        if self._last is None or self._last[0] is not delivery or not delivery.typed or delivery.target is None:
            return "there is nothing to delete: only the last text that was typed can be"
        if not self._hands.wait_until_up(KEYS_UP_S):
            return f"a key was held for {KEYS_UP_S:.0f} s"
        if not self._has_focus(delivery.target):
            return "another window has the focus"
        if "\n" in self._typed and is_terminal(delivery.target.application):
            return "a terminal has obeyed the lines already"
        return ""

    @property
    def _typed(self) -> str:
        """Text that the last delivery typed."""
        return self._last[1][: self._last[0].typed] if self._last else ""
