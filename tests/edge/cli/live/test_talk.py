"""Push to talk: what is said between two presses, at its time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from edge.arrays import FloatArray
from edge.cli.live.talk import as_said, talked
from edge.gaps import Gap
from edge.transcript.events import Event, Silence, Speech


def pieces(*values: int) -> Iterator[FloatArray | Gap]:
    for value in values:
        yield np.full(1600, value, np.float32)


def heard(found: Iterator[FloatArray | Gap]) -> list[object]:
    """Values of samples, and beginnings and ends of gaps in tenths of a second."""
    return [
        (round(piece.start * 10), round(piece.end * 10)) if isinstance(piece, Gap) else int(piece[0])
        for piece in found
        if isinstance(piece, Gap) or len(piece)
    ]


@pytest.mark.parametrize(
    ("presses", "expected"),
    [
        ([0, 0, 0, 0, 0], []),
        ([1, 0, 0, 0, 0], [1, 2, 3, 4, 5]),
        ([0, 0, 1, 0, 0], [(0, 2), 3, 4, 5]),
        ([0, 1, 0, 1, 0], [(0, 1), 2, 3, 4, (4, 4)]),
        ([1, 1, 0, 1, 1], [1, 2, (2, 2), (2, 3), 4, 5, (5, 5)]),
        ([1, 1, 1, 0, 0], [1, 2, (2, 2), 3, 4, 5]),
        ([2, 0, 3, 0, 2], [(0, 2), 3, 4, 5]),
    ],
)
def test_what_is_said_between_two_presses(presses: list[int], expected: list[object]) -> None:
    counts = iter(presses)
    changes: list[bool] = []
    assert heard(talked(pieces(1, 2, 3, 4, 5), lambda: next(counts), changes.append)) == expected
    assert changes == [number % 2 == 1 for number in range(1 + sum(n % 2 for n in presses))]


def test_what_the_microphone_missed_counts_as_time() -> None:
    def sound() -> Iterator[FloatArray | Gap]:
        yield Gap(0.0, 1.0, "unplugged", "lost")
        yield from pieces(1)
        yield Gap(1.1, 1.5, "unplugged", "lost")

    counts = iter([0, 1, 0])
    assert heard(talked(sound(), lambda: next(counts), lambda talks: None)) == [(0, 10), 1, (11, 15)]


def test_the_gaps_between_utterances_are_not_told_as_such() -> None:
    counts = iter([0, 1, 1, 0])
    gaps = [piece for piece in talked(pieces(1, 2, 3, 4), lambda: next(counts), bool) if isinstance(piece, Gap)]
    assert [as_said(gap) for gap in gaps] == [None, Silence(0.3)]
    others: list[Event] = [Gap(0.0, 1.0, "unplugged", "lost"), Speech(0.0)]
    assert [as_said(event) for event in others] == others
