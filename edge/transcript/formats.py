"""Writes transcripts in each format, by one table of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OptionError
from ..files import write_text
from ..values import shown
from .fields import end_event, segment_event, transcript_json
from .growing import GROWING
from .options import OutputOptions

if TYPE_CHECKING:
    from .transcript import Transcript


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
    write_text(path, render(transcript, format or format_of(path), options))


def check_format(format: str) -> str:
    """Give the name of a format back, or raise OptionError where it is not one."""
    if not isinstance(format, str) or format not in _WRITERS:
        raise OptionError(f"unknown transcript format {shown(format)}; expected {', '.join(_WRITERS)}")
    return format


def format_of(path: Path) -> str:
    """Find the format that a file's suffix names, or raise OptionError where it names none."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in _WRITERS:
        raise OptionError(
            f"{path}: its suffix names no format; expected .{', .'.join(_WRITERS)}, or give a format as well"
        )
    return suffix


def _json(transcript: Transcript, options: OutputOptions) -> str:
    return transcript_json(transcript)


def _jsonl(transcript: Transcript, options: OutputOptions) -> str:
    events = [segment_event(segment, options.file) for segment in transcript.segments]
    return "".join(events) + end_event(transcript, options.file)


def _grown(format: str) -> Callable[[Transcript, OutputOptions], str]:
    def render_all(transcript: Transcript, options: OutputOptions) -> str:
        text = GROWING[format](options)
        return text.head + "".join(map(text.add, transcript.segments))

    return render_all


_WRITERS: dict[str, Callable[[Transcript, OutputOptions], str]] = {
    "txt": _grown("txt"),
    "srt": _grown("srt"),
    "vtt": _grown("vtt"),
    "json": _json,
    "jsonl": _jsonl,
    "tsv": _grown("tsv"),
    "lrc": _grown("lrc"),
    "csv": _grown("csv"),
}

FORMATS = tuple(_WRITERS)
"""Names of the formats that `render` knows."""
