"""Words in colors for a terminal: the less sure, the more they stand out."""

from __future__ import annotations

import os
from typing import TextIO

from ...harmless import harmless, on_one_line
from ...transcript.types import Segment, Word

SURE, LIKELY = 0.8, 0.5

LEGEND = f"colors: yellow words are less than {100 * SURE:.0f} % sure, red ones less than {100 * LIKELY:.0f} %"

_YELLOW, _RED, _PLAIN = "\x1b[33m", "\x1b[1;31m", "\x1b[0m"


def shows_colors(stream: TextIO) -> bool:
    """Whether a stream is a terminal that shows colors to somebody who wants them (https://no-color.org)."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def colored_line(segment: Segment) -> str:
    """Return the text of a segment on a line, each of its words in the color of its probability and in no other."""
    return "".join(map(_colored, segment.words)).strip() + "\n"


def _colored(word: Word) -> str:
    whole = harmless(on_one_line(word.text))
    text = whole.strip()
    if not text or word.probability >= SURE:
        return whole
    before, after = whole.split(text, 1)
    return f"{before}{_YELLOW if word.probability >= LIKELY else _RED}{text}{_PLAIN}{after}"
