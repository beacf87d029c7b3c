"""A recording to text, with the time and the probability of each word.

python docs/examples/one_recording.py jfk.wav
"""

from __future__ import annotations

import sys

import edge


def main(path: str) -> None:
    """Print a line for each word, then what is missing."""
    model = edge.load("tiny.en")
    transcript = model.transcribe(path, word_timestamps=True)
    for segment in transcript.segments:
        for word in segment.words:
            print(f"{word.start:7.2f} {word.end:7.2f}  {word.probability:.2f}  {word.text.strip()}")
    for gap in transcript.gaps:
        print(f"{gap.start:7.2f} {gap.end:7.2f}  missing: {gap.reason}")


if __name__ == "__main__":
    main(sys.argv[1])
