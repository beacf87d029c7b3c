"""Options of how a transcript is written, beyond the choice of a format."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import OptionError
from ..kinds import Whole
from ..settings import check_fields, setting


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Settings of the formats, each of which uses those that concern it; checked when they are made."""

    max_line_width: int | None = field(
        default=None, metadata=setting(Whole(1), group="output", metavar="N", none="no limit")
    )
    """Columns of a line of subtitles, at most, such as 42; an ideograph takes two. None writes each segment on one
    line."""
    max_line_count: int | None = field(
        default=None, metadata=setting(Whole(1), group="output", metavar="N", none="no limit")
    )
    """Lines of subtitles at once, at most, such as 2; a longer segment is divided in time. None never divides one."""
    file: str | None = None
    """Name of the recording, which each event of "jsonl" carries if it is given."""

    def __post_init__(self) -> None:
        check_fields(self)
        if self.max_line_count is not None and self.max_line_width is None:
            raise OptionError("max_line_count alone changes nothing: give max_line_width with it, such as 42")
