"""Finds the sentence whose letters are nearest to a text: what a recognizer without a grammar does afterwards."""

from __future__ import annotations

from heapq import nsmallest

import numpy as np
from numpy.typing import NDArray

from edge.sentences.graph import Graph, Place
from edge.sentences.spelling import bare

_WIDTH = 60
"""Beginnings that are followed at once."""
_MOST_WORDS = 40

_Row = NDArray[np.int32]


def closest(graph: Graph, text: str) -> tuple[str, int] | None:
    """Find the sentence with the fewest edits of letters; gives it and their number. None where nothing is near."""
    wanted = bare(text)
    begun: list[tuple[int, str, Place, _Row]] = [(0, "", graph.start, np.arange(len(wanted) + 1, dtype=np.int32))]
    best: tuple[str, int] | None = None
    for _ in range(_MOST_WORDS):
        further: dict[tuple[Place, int], tuple[int, str, Place, _Row]] = {}
        for _, said, place, row in begun:
            following = graph.following(place)
            if following.end is not None and said and (best is None or row[-1] < best[1]):
                best = said, int(row[-1])
            for word, (after, _) in following.words.items():
                reached = min(
                    (_longer(row, bare(form), wanted) for form in graph.forms(word)), key=lambda one: int(one.min())
                )
                key = (after, int(reached.argmin()))
                if key not in further or further[key][0] > reached.min():
                    further[key] = (int(reached.min()), f"{said} {word}".strip(), after, reached)
        begun = nsmallest(_WIDTH, further.values(), key=lambda one: one[0])
        if not begun or (best is not None and begun[0][0] >= best[1]):
            return best
    return best


def _longer(row: _Row, letters: str, wanted: str) -> _Row:
    """Go on with the row of an edit distance by the letters of a word."""
    codes = np.frombuffer(wanted.encode("utf-32-le"), np.uint32)
    offsets = np.arange(len(row), dtype=np.int32)
    for letter in letters:
        fresh = row + 1
        np.minimum(fresh[1:], row[:-1] + (codes != ord(letter)), out=fresh[1:])
        row = np.minimum.accumulate(fresh - offsets) + offsets  # insertions
    return row
