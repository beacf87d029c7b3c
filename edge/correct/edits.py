"""Edits of a text: the places where another reading of the same sound has other words.

No edit is thought up: what it puts in has been read by some recognizer in the same place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

MOST_WORDS = 4
"""Words that an edit takes away or puts in, at most: a whole clause is no correction."""
MOST_CHANGE = 2
"""Words by which an edit makes a text longer or shorter, at most: readings that break off are likely, and wrong."""

_WORD = re.compile(r"\S+")
_SIGNS = re.compile(r"[^\w']+")


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Words in the place of others, which were there before."""

    start: int
    """Number of the first word that is replaced."""
    stop: int
    """Number of the word after the last; equal to `start` where words are only put in."""
    after: tuple[str, ...]
    """Words in their place, with their signs."""
    key: tuple[str, ...] = field(default=(), compare=False)
    """Letters of `after`: readings that differ in case and signs alone ask for the same edit."""

    def meets(self, other: Edit) -> bool:
        """Whether both concern the same words, or words put in at the edge of the other's."""
        return self.start <= other.stop and other.start <= self.stop


def words_of(text: str) -> list[str]:
    """List the words of a text, with their signs."""
    return _WORD.findall(text)


def letters_of(word: str) -> str:
    """Return a word by which others are compared with it: small, and without signs."""
    return _SIGNS.sub("", word.casefold().replace("\u2019", "'")).strip("'")


def edits_of(words: Sequence[str], other: Sequence[str]) -> list[Edit]:
    """Find the fewest edits of words that give another reading, in order; neighboring ones are one.

    What differs in case, signs and blanks alone is no edit.
    """
    mine, theirs = [letters_of(word) for word in words], [letters_of(word) for word in other]
    found = []
    for start, stop, first, last in _differences(mine, theirs):
        key = tuple(theirs[first:last])
        if "".join(mine[start:stop]) != "".join(key):
            found.append(Edit(start, stop, tuple(other[first:last]), key))
    return found


def gather(words: Sequence[str], readings: Iterable[tuple[str, float]]) -> dict[Edit, float]:
    """Collect the edits that readings ask for, with the sum of the readings' weights, the weightiest first.

    Of two that differ in case and signs the one that came first stands for both.
    """
    found: dict[tuple[int, int, tuple[str, ...]], tuple[Edit, float]] = {}
    for text, weight in readings:
        for edit in edits_of(words, words_of(text)):
            place = (edit.start, edit.stop, edit.key)
            known, before = found.get(place, (edit, 0.0))
            found[place] = known, before + weight
    return dict(sorted(found.values(), key=lambda one: -one[1]))


def is_small(edit: Edit) -> bool:
    """Whether an edit is one of a few words that leaves the length of the text nearly as it is."""
    n_before, n_after = edit.stop - edit.start, len(edit.after)
    return max(n_before, n_after) <= MOST_WORDS and abs(n_before - n_after) <= MOST_CHANGE


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Make edits that do not meet; all else of the text stays, blanks included."""
    for start, end, _, after in sorted(changes_of(text, edits), reverse=True):
        text = text[:start] + after + text[end:]
    return text


def changes_of(text: str, edits: Iterable[Edit]) -> list[tuple[int, int, str, str]]:
    """Find what edits change in a text, in order: first character, the one after the last, text before, text after."""
    places = [match.span() for match in _WORD.finditer(text)]
    found = []
    for edit in sorted(edits):
        after = " ".join(edit.after)
        if edit.start < edit.stop:
            start, end = places[edit.start][0], places[edit.stop - 1][1]
            if not after:  # a blank goes with the words
                start, end = (places[edit.start - 1][1], end) if edit.start else (start, _next(places, edit.stop, end))
        elif edit.start < len(places):
            start = end = places[edit.start][0]
            after += " "
        else:
            start = end = places[-1][1] if places else len(text)
            after = f" {after}"
        found.append((start, end, text[start:end], after))
    return found


def _next(places: Sequence[tuple[int, int]], index: int, end: int) -> int:
    return places[index][0] if index < len(places) else end


def _differences(mine: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield where two lists of words differ, aligned with the fewest changes; neighboring places are one."""
    first = 0
    while first < min(len(mine), len(theirs)) and mine[first] == theirs[first]:
        first += 1
    n_last = 0
    while n_last < min(len(mine), len(theirs)) - first and mine[-1 - n_last] == theirs[-1 - n_last]:
        n_last += 1
    a, b = mine[first : len(mine) - n_last], theirs[first : len(theirs) - n_last]
    row, column = 0, 0
    for at_a, at_b in [*_equal(a, b), (len(a), len(b))]:
        if at_a > row or at_b > column:
            yield first + row, first + at_a, first + column, first + at_b
        row, column = at_a + 1, at_b + 1


def _equal(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """Pair the words that stay on the way of fewest changes from one list to another."""
    costs = [list(range(len(b) + 1))]
    for row, word in enumerate(a, start=1):
        above = costs[-1]
        line = [row]
        for column, other in enumerate(b, start=1):
            line.append(min(above[column - 1] + (word != other), above[column] + 1, line[-1] + 1))
        costs.append(line)
    pairs: list[tuple[int, int]] = []
    row, column = len(a), len(b)
    while row and column:
        cost = costs[row][column]
        if cost == costs[row - 1][column - 1] + (a[row - 1] != b[column - 1]):
            row, column = row - 1, column - 1
            if a[row] == b[column]:
                pairs.append((row, column))
        elif cost == costs[row - 1][column] + 1:
            row -= 1
        else:
            column -= 1
    return pairs[::-1]
