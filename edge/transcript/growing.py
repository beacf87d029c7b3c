"""Writes texts that grow segment by segment, and are whole in their format before and after each."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count

from ..harmless import cell, on_one_line
from .cues import Cue, CueCutter
from .lines import flat
from .options import OutputOptions
from .types import Segment

_COLUMNS = ("start", "end", "text")
_ARROW = re.compile(r"-{2,}>")
_VTT_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
_ENTITY = re.compile(r"&(?=#?\w+;)")
_OVERRIDE = re.compile(r"\{(?=\\)")
_LRC_TIME = re.compile(r"[\[<](?=\d+:\d)")


@dataclass(frozen=True, slots=True)
class Growing:
    """A text that grows; it ends in a line break unless it is empty."""

    head: str
    """Text of no segments."""
    add: Callable[[Segment], str]
    """Function that writes what the next segment adds."""


def txt_line(segment: Segment) -> str:
    """Give the words of a segment on one line, as the model wrote them."""
    return f"{on_one_line(segment.text.strip())}\n"


def _txt(options: OutputOptions) -> Growing:
    return Growing("", txt_line)


def _srt(options: OutputOptions) -> Growing:
    numbers = count(1)
    return _of_cues("", options, lambda cue: f"{next(numbers)}\n{_times(cue, ',')}\n{_srt_text(_body(cue))}\n\n")


def _srt_text(text: str) -> str:
    """Escape what a player could take for times, tags or styles.

    SubRip has no escapes of its own. Many players know HTML's entities, but some show them as they are: so "&" is
    escaped only where it would begin an entity, and "R&B" stays.
    """
    text = _ENTITY.sub("&amp;", _ARROW.sub("->", text)).replace("<", "&lt;")
    return _OVERRIDE.sub("{ ", text)


def _vtt(options: OutputOptions) -> Growing:
    return _of_cues("WEBVTT\n\n", options, lambda cue: f"{_times(cue, '.')}\n{_vtt_text(_body(cue))}\n\n")


def _vtt_text(text: str) -> str:
    return text.translate(_VTT_ESCAPES)


def _lrc(options: OutputOptions) -> Growing:
    if options.max_line_width is not None:
        options = replace(options, max_line_count=1)  # lyrics are shown a line at a time
    return _of_cues("", options, lambda cue: f"[{_lrc_time(cue.start_ms)}] {_LRC_TIME.sub('(', _body(cue))}\n")


def _of_cues(head: str, options: OutputOptions, write: Callable[[Cue], str]) -> Growing:
    cutter = CueCutter(options)
    return Growing(head, lambda segment: "".join(map(write, cutter.feed(segment))))


def _tsv(options: OutputOptions) -> Growing:
    # Blanks replace tabs and line breaks, and nothing is quoted: openai-whisper's dialect.
    return _of_rows(lambda row: "\t".join(row) + "\n")


def _csv(options: OutputOptions) -> Growing:
    def write(row: tuple[str, ...]) -> str:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(map(cell, row))
        return text.getvalue()

    return _of_rows(write)


def _of_rows(write: Callable[[tuple[str, ...]], str]) -> Growing:
    """Write the names of the columns, then a row for each segment."""
    return Growing(write(_COLUMNS), lambda segment: write(_row(segment)))


def _row(segment: Segment) -> tuple[str, ...]:
    """Give start, end and text; times are whole milliseconds."""
    return str(round(1000 * segment.start)), str(round(1000 * segment.end)), flat(segment.text)


def _body(cue: Cue) -> str:
    return "\n".join(cue.lines)


def _times(cue: Cue, decimal_mark: str) -> str:
    return f"{_clock(cue.start_ms, decimal_mark)} --> {_clock(cue.end_ms, decimal_mark)}"


def _clock(time_ms: int, decimal_mark: str) -> str:
    """Write a time such as 00:01:02,500; hours take as many digits as they need."""
    seconds, ms = divmod(time_ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{decimal_mark}{ms:03d}"


def _lrc_time(time_ms: int) -> str:
    """Write minutes, seconds and hundredths, such as 01:02.50; there are no hours."""
    seconds, ms = divmod(time_ms, 1000)
    return f"{seconds // 60:02d}:{seconds % 60:02d}.{ms // 10:02d}"


GROWING: Mapping[str, Callable[[OutputOptions], Growing]] = {
    "txt": _txt,
    "srt": _srt,
    "vtt": _vtt,
    "tsv": _tsv,
    "lrc": _lrc,
    "csv": _csv,
}
"""Formats whose texts can grow."""
