"""Protocols between a dictation and its desktop: keys that are heard, text that is delivered, a clipboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Key(StrEnum):
    """Purpose of a key."""

    DICTATE = "dictate"
    CANCEL = "cancel"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One press or release of a key of ours; repeats of a key that is held are left out."""

    key: Key
    is_down: bool
    time_s: float
    """Time by `time.monotonic`."""


class Trigger(Protocol):
    """Keys of the whole desktop, which the window with the focus does not see."""

    @property
    def name(self) -> str:
        """Name of the way the keys come, such as "X11 key grab"."""

    @property
    def tells_release(self) -> bool:
        """Whether the release of a key is heard, which push-to-talk needs."""

    def start(self, heard: Callable[[KeyEvent], None]) -> None:
        """Hear the keys from now on; `heard` is called in a thread of the trigger.

        Raises:
            DesktopError: another program has the key, or there is no such key.
        """

    def hear_cancel(self, is_on: bool) -> None:
        """Take the cancel key, or give it back: it is everybody's but during a dictation."""

    def close(self) -> None:
        """Give the keys back."""


@dataclass(frozen=True, slots=True)
class Target:
    """A window that text may go to."""

    window: str
    """Identifier of the window, which no other window has while it is open."""
    application: str
    """Name of the program's class, such as "firefox"; empty where the desktop does not tell."""


class Way(StrEnum):
    """Road of a text to where the cursor is."""

    PORTAL = "portal"
    VIRTUAL_KEYBOARD = "virtual keyboard"
    KEYS = "keys"
    PASTE = "paste"
    CLIPBOARD = "clipboard"
    """Left in the clipboard, for the user to paste."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Outcome of delivering a text."""

    way: Way
    """Way that the text went; CLIPBOARD where it waits there, NONE where it is nowhere."""
    typed: int
    """Number of characters that the window was given."""
    target: Target | None
    """Window that was given them."""
    trouble: str = ""
    """Reason, as a sentence for the user, where not all of the text was typed; else empty."""

    @property
    def is_whole(self) -> bool:
        """Whether all of the text is where the cursor was."""
        return not self.trouble


class Clipboard(Protocol):
    """The desktop's clipboard."""

    def read(self) -> str:
        """Return the text that is in it; empty where it holds none."""

    def put(self, text: str) -> None:
        """Leave a text in it, as if the user had copied it."""

    def close(self) -> None:
        """Give everything back; a text that is lent is replaced by what was there before."""


class Typist(Clipboard, Protocol):
    """Someone who types into the window with the focus, and may use the clipboard for it."""

    @property
    def ways(self) -> tuple[Way, ...]:
        """Ways that are used, those that are preferred first."""

    def focused(self) -> Target | None:
        """Return the window that has the focus; None where there is none or the desktop does not tell."""

    def prepare(self) -> None:
        """Look at the clipboard while there is time, so that a later delivery has less to do."""

    def deliver(self, text: str, target: Target | None = None, *, keep: bool = True) -> Delivery:
        """Type the text where the cursor is, once all keys are up.

        Nothing is typed where another window than `target` has the focus; what is not typed is left in the clipboard
        if `keep`. Control characters but lines and tabs are left out: a program would obey them.

        Raises:
            DesktopError: the desktop is gone, or refuses.
        """

    def is_behind(self, delivery: Delivery) -> bool:
        """Whether the cursor is still behind what a delivery typed, as far as the desktop tells; if not, no."""

    def erase(self, delivery: Delivery) -> str:
        """Delete exactly what a delivery typed; return why not, or nothing.

        It refuses where the focus moved, or a key or a button was pressed since.
        """


@dataclass(frozen=True, slots=True)
class Caption:
    """Content of an overlay."""

    state: str
    """Word on what goes on, such as "listening"."""
    firm: str = ""
    """Words that will stay."""
    rest: str = ""
    """Words behind them that may change."""

    @property
    def words(self) -> str:
        """All of it on one line."""
        return f"{self.state}: {self.firm}{self.rest}" if self.firm or self.rest else self.state


class Overlay(Protocol):
    """A small window that takes neither the focus nor a click."""

    def show(self, caption: Caption | None) -> None:
        """Show this from now on; None for nothing. Nobody waits for it, and any thread may ask."""

    def close(self) -> None:
        """Take it off the screen for good."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a menu."""

    label: str
    """Words on it; without any it is a line that parts those above from those below."""
    act: Callable[[], object] | None = field(default=None, compare=False)
    """Function that is called when it is chosen; without one it cannot be."""
    entries: tuple[Entry, ...] = ()
    """Lines of the menu that it opens."""


class Tray(Protocol):
    """An icon among those of the desktop's panel."""

    @property
    def is_shown(self) -> bool:
        """Whether there is a panel that shows it."""

    def show(self, state: str) -> None:
        """Have the icon say what goes on. Nobody waits for it, and any thread may ask."""

    def close(self) -> None:
        """Take it away."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Outcome of typing a text into a window of our own and reading it back."""

    way: Way
    works: bool
    finding: str
    """Sentence that says what was read, or why nothing was tried."""
    took_s: float = 0.0
