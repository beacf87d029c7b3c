"""Sound that comes in blocks, from a pipe: each segment is printed as soon as it is read.

arecord -f S16_LE -r 16000 | python docs/examples/sound_from_a_pipe.py
"""

from __future__ import annotations

import sys
from typing import BinaryIO

import edge


def main(pipe: BinaryIO) -> None:
    """Print the segments of raw 16 kHz 16-bit mono PCM, in memory that does not grow."""
    model = edge.load("tiny.en")
    for segment in model.stream_file(pipe, raw=True):
        print(f"{segment.start:7.2f} {segment.end:7.2f} {segment.text}", flush=True)


if __name__ == "__main__":
    main(sys.stdin.buffer)
