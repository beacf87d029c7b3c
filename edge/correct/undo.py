"""Takes corrections back."""

from __future__ import annotations

from dataclasses import replace

from ..transcript.types import Correction, Segment, Word


def undone(segment: Segment) -> Segment:
    """Return a segment with its text as it was read; one that was not corrected is returned as it is.

    Words that were put in become those that were there, as one word of their time. Diagnostics are left out: they are
    of the corrected text.
    """
    if not segment.corrections or segment.original is None:
        return segment
    words = list(segment.words)
    if "".join(word.text for word in words) == segment.text:
        for shift, one in _places(segment.corrections):
            words = _put_back(words, one, one.start + shift)
    return replace(segment, text=segment.original, words=tuple(words), original=None, corrections=(), decoding=None)


def _places(corrections: tuple[Correction, ...]) -> list[tuple[int, Correction]]:
    """List corrections from the last to the first, with how far those before each have moved it."""
    found, shift = [], 0
    for one in corrections:
        found.append((shift, one))
        shift += len(one.after) - (one.end - one.start)
    return found[::-1]


def _put_back(words: list[Word], one: Correction, start: int) -> list[Word]:
    """Put what was there before a correction into the words that it touches, which become one."""
    end = start + len(one.after)
    place, first, stop, first_place = 0, None, 0, 0
    for index, word in enumerate(words):
        if place < max(end, start + 1) and place + len(word.text) > start:
            if first is None:
                first, first_place = index, place
            stop = index + 1
        place += len(word.text)
    if first is None:
        first, stop, first_place = len(words) - 1, len(words), place - len(words[-1].text)
    touched = words[first:stop]
    text = "".join(word.text for word in touched)
    text = text[: start - first_place] + one.before + text[end - first_place :]
    if not text.strip():  # a word that was put in goes again
        return words[:first] + words[stop:]
    whole = Word(touched[0].start, touched[-1].end, text, min(word.probability for word in touched))
    return [*words[:first], whole, *words[stop:]]
