"""Where transcripts go: files that are whole or absent, or standard output."""

from __future__ import annotations

import errno
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from ...errors import OutputError
from ...files import write_text
from ...transcript.fields import end_event, error_event, gaps_json, segment_event
from ...transcript.formats import render, write
from ...transcript.growing import txt_line
from ...transcript.options import OutputOptions
from ...transcript.transcript import Transcript
from ...transcript.types import Segment
from ..failures import explain
from .bar import Console
from .colors import colored_line
from .places import Place, is_note_of_gaps
from .streams import put, put_as_it_is


class Sink(Protocol):
    """Takes what becomes of one recording."""

    def segment(self, segment: Segment) -> None:
        """Take a segment as soon as it is found."""
        ...

    def save(self, transcript: Transcript) -> None:
        """Write what needs not wait for its turn, silently; from any thread, before `end`, or not at all."""
        ...

    def end(self, transcript: Transcript) -> None:
        """Take the whole transcript."""
        ...

    def error(self, message: str) -> None:
        """Take the message about a recording that failed."""
        ...


Saved = tuple[Sequence[str], Sequence[str]]
"""Formats of which the files were written, and messages about those that could not be."""


class FileSink:
    """Writes a file for each format when the transcript is whole."""

    def __init__(self, place: Place, options: OutputOptions, console: Console) -> None:
        self._place = place
        self._options = options
        self._console = console
        self.saved: Saved | None = None
        """Outcome of `save`; None before."""

    def segment(self, segment: Segment) -> None:
        """Do nothing yet: the files are whole or absent."""

    def save(self, transcript: Transcript) -> None:
        """Write the files, each as well as can be.

        Where something is missing of the transcript, a note that says so lies beside the files before the first of
        them is there, so that nobody takes them for all there is; it goes after the last of a later run's is.
        """
        place = self._place
        failed: list[tuple[str, Path, OSError]] = []
        written: list[str] = []
        noted = self._note(transcript)
        for format, path in place.files:
            failure = noted or _attempt(partial(self._write, transcript, format, path))
            if failure is None:
                written.append(format)
            else:
                failed.append((format, path, failure))
        self.saved = written, [self._rescued(transcript, *each) for each in failed]
        if not failed and transcript.is_complete and is_note_of_gaps(place.gaps):
            place.gaps.unlink()

    def end(self, transcript: Transcript) -> None:
        """Write the files, unless they are saved, and say so.

        Raises:
            OutputError: a file could not be written; it lies in the folder for temporary files instead, if it can.
        """
        if self.saved is None:
            self.save(transcript)
        written, failed = self.saved or ((), ())
        if written:
            self._console.say(f"wrote {_together(self._place.stem, written)}")
        if failed:
            raise OutputError("; ".join(failed))

    def error(self, message: str) -> None:
        """Do nothing: standard error says it."""

    def _note(self, transcript: Transcript) -> OSError | None:
        """Make the folder, and leave the note where something is missing; return what went wrong, if anything."""
        place = self._place

        def note() -> None:
            place.stem.parent.mkdir(parents=True, exist_ok=True)
            if transcript.is_complete:
                return
            if place.gaps.exists() and not is_note_of_gaps(place.gaps):
                what = "is a transcript where a note of gaps should be: move it"
                raise FileExistsError(errno.EEXIST, what, str(place.gaps))
            write_text(place.gaps, gaps_json(transcript, self._options.file))

        return _attempt(note)

    def _write(self, transcript: Transcript, format: str, path: Path) -> None:
        write(transcript, path, format, self._options)

    def _rescued(self, transcript: Transcript, format: str, path: Path, failure: OSError) -> str:
        """Write a file elsewhere, and say what became of it."""
        message = explain(failure)
        if path.name not in message:
            message = f"{path}: {message}"
        try:
            folder = Path(tempfile.mkdtemp(prefix="edgewise-"))
        except OSError:
            return message
        try:
            self._write(transcript, format, folder / path.name)
        except OSError:
            folder.rmdir()
            return message
        return f"{message}; it was written to {folder / path.name} instead"


def _attempt(write: Callable[[], None]) -> OSError | None:
    """Write, once more where it fails, as disks across a network do for a moment; return what went wrong then."""
    try:
        write()
    except OSError:
        try:
            write()
        except OSError as error:
            return error
    return None


def _together(stem: Path, formats: Sequence[str]) -> str:
    """Name several files as a shell does, in one word: talk.{srt,json}."""
    suffix = formats[0] if len(formats) == 1 else f"{{{','.join(formats)}}}"
    return f"{stem}.{suffix}"


class PrintSink:
    """Prints to standard output: plain text and events as they come, other formats when they are whole."""

    def __init__(
        self,
        format: str,
        options: OutputOptions,
        console: Console,
        heading: str | None = None,
        *,
        in_colors: bool = False,
    ) -> None:
        """Print in one format; `in_colors` shows in plain text how sure each word is."""
        self._format = format
        self._in_colors = in_colors
        self._options = options
        self._console = console
        self._heading = heading if format != "jsonl" else None  # each event names its recording

    def segment(self, segment: Segment) -> None:
        """Print it, where the format is made of lines that stand for themselves."""
        if self._format == "txt":
            self._print(colored_line(segment) if self._in_colors else txt_line(segment))
        elif self._format == "jsonl":
            self._print(segment_event(segment, self._options.file))

    def save(self, transcript: Transcript) -> None:
        """Do nothing yet: what is printed comes in order."""

    def end(self, transcript: Transcript) -> None:
        """Print what is left to print."""
        if self._format == "txt":
            self._print("")
        elif self._format == "jsonl":
            self._print(end_event(transcript, self._options.file))
        else:
            self._print(render(transcript, self._format, self._options))

    def error(self, message: str) -> None:
        """Tell it to a reader of events."""
        if self._format == "jsonl":
            self._print(error_event(message, self._options.file))

    def _print(self, text: str) -> None:
        if sys.stdout is not None and sys.stdout.isatty():
            self._console.clear()
        if self._heading is not None:
            self._console.show(self._heading)
            self._heading = None
        if self._in_colors:
            put_as_it_is(text)
        else:
            put(text, is_json=self._format.startswith("json"))
