"""Whether typing works is not believed but tried: into a window of our own, and read back."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Protocol

from .protocol import Trial, Way
from .typist import DesktopTypist, Hands

KEYS_TEXT = "The quick brown fox jumps over the lazy dog: 0123456789?"
PASTE_TEXT = "Caf\u00e9 \u201cquotes\u201d \u6f22\u5b57 \U0001f600\ttab\nnext line"


class Sheet(Protocol):
    """A window of our own that understands keys and pasting."""

    def clear(self) -> None:
        """Forget what was typed."""

    def wait_for_focus(self) -> bool:
        """Wait until the keys come here; whether they do."""

    def wait_for(self, text: str) -> str:
        """Return what was typed, once it is the text or time is up."""


def try_on(sheet: Sheet, hands: Hands, ways: Iterable[Way]) -> list[Trial]:
    """Type on a sheet by each way, and say what came."""
    if not sheet.wait_for_focus():
        return [Trial(way, False, "the test window did not get the focus; close what holds it") for way in ways]
    return [_try_way(way, sheet, hands) for way in ways]


def _try_way(way: Way, sheet: Sheet, hands: Hands) -> Trial:
    text, began_s = PASTE_TEXT if way is Way.PASTE else KEYS_TEXT, time.monotonic()
    sheet.clear()
    delivery = DesktopTypist(hands, (way,)).deliver(text, keep=False)
    if delivery.trouble:
        return Trial(way, False, delivery.trouble, time.monotonic() - began_s)
    found = sheet.wait_for(text)
    took_s = time.monotonic() - began_s
    if found == text:
        return Trial(way, True, f"{len(text)} characters were read back as they were typed", took_s)
    return Trial(way, False, f"expected {text!r}, read back {found!r}", took_s)
