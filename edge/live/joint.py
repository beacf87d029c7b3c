"""Mends the joint of two turns that were cut in the middle of speech: signs and capitals alone, never a word.

Read on its own, each part looks like a sentence: the first ends with a full stop, the second begins with a capital. A
reading over the joint tells which sign is there, if any, and whether a new sentence begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..transcript.events import Event, Final
from ..transcript.types import Segment
from .evidence import letters_of

BEFORE_S, BEHIND_S = 4.0, 4.0
"""Seconds before and behind a cut that are read over it."""

_SIGNS = re.compile(r"[^\w\s]*$")


def word_behind(last: str, joint: str, share: float) -> tuple[str, str] | None:
    """Find the last word of a text in a reading over the joint; gives it and the word behind it as they are there.

    `share` is where the joint is in the reading, 0 to 1; of several places the nearest counts.
    """
    words = joint.split()
    places = [
        index for index, word in enumerate(words[:-1]) if letters_of(word) == letters_of(last) and letters_of(last)
    ]
    if not places:
        return None
    at = min(places, key=lambda index: abs((index + 1) / len(words) - share))
    return words[at], words[at + 1]


def with_signs_of(events: Sequence[Event], word: str) -> list[Event]:
    """Give the last word of final events the signs behind a word; the same where there is no text."""
    signs = _SIGNS.search(word)
    return _changed_at(events, -1, lambda text: _SIGNS.sub("", text.rstrip()) + (signs.group() if signs else ""))


def with_capitals_of(events: Sequence[Event], word: str) -> list[Event]:
    """Write the first word of final events as a word is written, where it is the same but for its capitals."""

    def change(text: str) -> str:
        first = text.split(maxsplit=1)[0] if text.split() else ""
        same = first and letters_of(first) == letters_of(word)
        at = text.find(first)
        return text[:at] + _cased(first, word) + text[at + len(first) :] if same else text

    return _changed_at(events, 0, change)


def _cased(word: str, like: str) -> str:
    """Write the letters of a word as large or small as those of another, which has the same."""
    letters = iter([letter for letter in like if letter.isalnum()])
    return "".join(next(letters, letter) if letter.isalnum() else letter for letter in word)


def _changed_at(events: Sequence[Event], which: int, change: Callable[[str], str]) -> list[Event]:
    """Replace the first (0) or the last (-1) of the segments among events by a changed one."""
    changed = list(events)
    finals = [(index, event) for index, event in enumerate(events) if isinstance(event, Final)]
    if finals:
        index, event = finals[which]
        changed[index] = Final(_changed(event.segment, which, change))
    return changed


def _changed(segment: Segment, which: int, change: Callable[[str], str]) -> Segment:
    """Write a segment's text anew and, where it has words, the word at the joint; what it was before is kept."""
    text = change(segment.text)
    if text == segment.text:
        return segment
    words = list(segment.words)
    if words:
        words[which] = replace(words[which], text=change(words[which].text))
    return replace(segment, text=text, words=tuple(words), original=segment.original or segment.text)
