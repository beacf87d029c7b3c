"""Writes transcripts in each format: a function for each, and one table of them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OptionError
from ..files import write_text
from ..harmless import cell, on_one_line
from ..values import shown
from .cues import Cue, cues
from .fields import end_event, segment_event, transcript_json
from .lines import flat
from .options import OutputOptions
from .types import Segment

if TYPE_CHECKING:
    from .transcript import Transcript

_COLUMNS = ("start", "end", "text")
_ARROW = re.compile(r"-{2,}>")
_VTT_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
_ENTITY = re.compile(r"&(?=#?\w+;)")
_OVERRIDE = re.compile(r"\{(?=\\)")
_LRC_TIME = re.compile(r"[\[<](?=\d+:\d)")


def render(transcript: Transcript, format: str, options: OutputOptions | None = None) -> str:
    """Write a transcript in one of `FORMATS`; the text ends in a line break unless it is empty.

    Raises:
        OptionError: there is no such format.
    """
    return _WRITERS[check_format(format)](transcript, options or OutputOptions())


def write(transcript: Transcript, path: Path, format: str | None, options: OutputOptions | None = None) -> None:
    """Write a transcript to a file that is whole or absent, in UTF-8; without a format the suffix decides.

    Raises:
        OptionError: there is no such format.
        OSError: the file cannot be written; one that was there is still there.
    """
    write_text(path, render(transcript, format or _format_of(path), options))


def check_format(format: str) -> str:
    """Give the name of a format back, or raise OptionError where it is not one."""
    if not isinstance(format, str) or format not in _WRITERS:
        raise OptionError(f"unknown transcript format {shown(format)}; expected {', '.join(_WRITERS)}")
    return format


def txt_line(segment: Segment) -> str:
    """Give the words of a segment on one line, as the model wrote them."""
    return f"{on_one_line(segment.text.strip())}\n"


def _format_of(path: Path) -> str:
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in _WRITERS:
        raise OptionError(
            f"{path}: its suffix names no format; expected .{', .'.join(_WRITERS)}, or give a format as well"
        )
    return suffix


def _txt(transcript: Transcript, options: OutputOptions) -> str:
    return "".join(map(txt_line, transcript.segments))


def _srt(transcript: Transcript, options: OutputOptions) -> str:
    return "".join(
        f"{number}\n{_times(cue, ',')}\n{_srt_text(_body(cue))}\n\n"
        for number, cue in enumerate(cues(transcript.segments, options), start=1)
    )


def _srt_text(text: str) -> str:
    """Escape what a player could take for times, tags or styles.

    SubRip has no escapes of its own. Many players know HTML's entities, but some show them as they are: so "&" is
    escaped only where it would begin an entity, and "R&B" stays.
    """
    text = _ENTITY.sub("&amp;", _ARROW.sub("->", text)).replace("<", "&lt;")
    return _OVERRIDE.sub("{ ", text)


def _vtt(transcript: Transcript, options: OutputOptions) -> str:
    parts = (f"{_times(cue, '.')}\n{_vtt_text(_body(cue))}\n\n" for cue in cues(transcript.segments, options))
    return "WEBVTT\n\n" + "".join(parts)


def _vtt_text(text: str) -> str:
    return text.translate(_VTT_ESCAPES)


def _lrc(transcript: Transcript, options: OutputOptions) -> str:
    if options.max_line_width is not None:
        options = replace(options, max_line_count=1)  # lyrics are shown a line at a time
    return "".join(
        f"[{_lrc_time(cue.start_ms)}] {_LRC_TIME.sub('(', _body(cue))}\n" for cue in cues(transcript.segments, options)
    )


def _tsv(transcript: Transcript, options: OutputOptions) -> str:
    # Blanks replace tabs and line breaks, and nothing is quoted: openai-whisper's dialect.
    return "".join("\t".join(row) + "\n" for row in _rows(transcript))


def _csv(transcript: Transcript, options: OutputOptions) -> str:
    text = io.StringIO(newline="")
    rows = (map(cell, row) for row in _rows(transcript))
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _json(transcript: Transcript, options: OutputOptions) -> str:
    return transcript_json(transcript)


def _jsonl(transcript: Transcript, options: OutputOptions) -> str:
    events = [segment_event(segment, options.file) for segment in transcript.segments]
    return "".join(events) + end_event(transcript, options.file)


def _rows(transcript: Transcript) -> Iterator[tuple[str, ...]]:
    """Give the names of the columns, then a row for each segment; times are whole milliseconds."""
    yield _COLUMNS
    for segment in transcript.segments:
        yield str(round(1000 * segment.start)), str(round(1000 * segment.end)), flat(segment.text)


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


_WRITERS: dict[str, Callable[[Transcript, OutputOptions], str]] = {
    "txt": _txt,
    "srt": _srt,
    "vtt": _vtt,
    "json": _json,
    "jsonl": _jsonl,
    "tsv": _tsv,
    "lrc": _lrc,
    "csv": _csv,
}

FORMATS = tuple(_WRITERS)
"""Names of the formats that `render` knows."""
