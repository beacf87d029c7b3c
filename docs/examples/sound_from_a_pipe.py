"""Sound that comes in blocks, from a pipe: each segment is printed as soon as its window is read.

arecord -f S16_LE -r 16000 | python docs/examples/sound_from_a_pipe.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

import edge


def blocks(pipe: BinaryIO, n_samples: int = 1600) -> Iterator[NDArray[np.float32]]:
    """Raw 16 kHz 16-bit mono PCM as samples between -1 and 1, a tenth of a second at a time."""
    while data := pipe.read(2 * n_samples):
        yield np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)


def show(events: Iterable[edge.Event]) -> None:
    """Print what was found, and what is missing."""
    for event in events:
        if isinstance(event, edge.Final):
            print(f"{event.segment.start:7.2f} {event.segment.end:7.2f} {event.segment.text}", flush=True)
        elif isinstance(event, edge.Gap):
            print(f"{event.start:7.2f} {event.end:7.2f}  missing: {event.reason}", flush=True)


if __name__ == "__main__":
    with edge.load("tiny.en").session() as session:
        for samples in blocks(sys.stdin.buffer):
            show(session.feed(samples))
        show(session.finish())
