"""Counts of signs and capitals that are right, at the words that are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

from edge.live.evidence import letters_of

_SIGN = re.compile(r"[.,;:!?]+(?=[\"'\u201d\u2019)]*$)")
_DASHES = re.compile("\u2014|--")
_ENDS = frozenset(".!?")


@dataclass(frozen=True, slots=True)
class Signs:
    """Counts over texts; words are matched whatever their signs and capitals, and those that match are looked at."""

    words: int = 0
    """Number of words of the reference."""
    edits: int = 0
    """Number of words that are replaced, left out or put in."""
    matched: int = 0
    capitals: int = 0
    """Number of matched words whose first letter is as large or small as in the reference."""
    signs: int = 0
    """Number of signs that are right; a semicolon and a colon count as commas."""
    signs_put_in: int = 0
    signs_left_out: int = 0
    ends: int = 0
    """Number of sentence ends that are right."""
    ends_put_in: int = 0
    ends_left_out: int = 0

    def __add__(self, other: Self) -> Signs:
        return Signs(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Signs)))

    @property
    def sign_f1(self) -> float:
        """F1 of the signs, %."""
        return _f1(self.signs, self.signs_put_in, self.signs_left_out)

    @property
    def end_f1(self) -> float:
        """F1 of the sentence ends, %."""
        return _f1(self.ends, self.ends_put_in, self.ends_left_out)


def count_signs(reference: str, transcript: str) -> Signs:
    """Count what of a transcript is right."""
    import jiwer

    expected, found = _words(reference), _words(transcript)
    if not expected or not found:
        return Signs(words=len(expected), edits=max(len(expected), len(found)))
    aligned = jiwer.process_words(" ".join(map(letters_of, expected)), " ".join(map(letters_of, found)))
    total = Signs(
        words=len(expected),
        edits=aligned.substitutions + aligned.deletions + aligned.insertions,
    )
    for chunk in aligned.alignments[0]:
        if chunk.type == "equal":
            pairs = zip(
                expected[chunk.ref_start_idx : chunk.ref_end_idx],
                found[chunk.hyp_start_idx : chunk.hyp_end_idx],
                strict=True,
            )
            for one, other in pairs:
                total += _compared(one, other)
    return total


def _compared(one: str, other: str) -> Signs:
    """Count at a word of the reference and the same word of a transcript."""
    asked, given = _sign(one), _sign(other)
    ends, ended = asked in _ENDS, given in _ENDS
    return Signs(
        matched=1,
        capitals=_is_large(one) == _is_large(other),
        signs=bool(given) and given == asked,
        signs_put_in=bool(given) and given != asked,
        signs_left_out=bool(asked) and given != asked,
        ends=ends and ended,
        ends_put_in=ended and not ends,
        ends_left_out=ends and not ended,
    )


def _words(text: str) -> Sequence[str]:
    return [word for word in _DASHES.sub(" ", text.replace("\u2019", "'")).split() if letters_of(word)]


def _sign(word: str) -> str:
    found = _SIGN.search(word)
    sign = found.group()[0] if found else ""
    return "," if sign in (";", ":") else sign


def _is_large(word: str) -> bool:
    return next((letter for letter in word if letter.isalpha()), "a").isupper()


def _f1(right: int, put_in: int, left_out: int) -> float:
    return 200 * right / max(1, 2 * right + put_in + left_out)
