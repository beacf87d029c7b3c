"""How a transcript is written, beyond the choice of a format."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from ..errors import OptionError
from ..values import optional, whole


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Settings of the formats, each of which takes what concerns it; checked when they are made."""

    max_line_width: int | None = None
    """Most columns of a line of subtitles; an ideograph takes two. None writes each segment on one line."""
    max_line_count: int | None = None
    """Most lines on the screen at once: a longer segment becomes several cues. None never divides a segment."""
    file: str | None = None
    """Name of the recording, which each event of "jsonl" carries if it is given."""

    def __post_init__(self) -> None:
        for name in ("max_line_width", "max_line_count"):
            expected = "1 or more, or None for no limit"
            object.__setattr__(self, name, optional(whole, name, getattr(self, name), 1, sys.maxsize, expected))
        if self.max_line_count is not None and self.max_line_width is None:
            raise OptionError("max_line_count alone changes nothing: give max_line_width with it, such as 42")
