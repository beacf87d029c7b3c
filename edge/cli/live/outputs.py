"""Where the words of live sound go: to standard output or into a file, in any format, as they become final."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ...errors import OutputError
from ...files import write_text
from ...gaps import Gap
from ...transcript.events import End, Event, Final
from ...transcript.fields import live_event
from ...transcript.formats import render
from ...transcript.growing import GROWING
from ...transcript.options import OutputOptions
from ...transcript.transcript import Transcript
from ...transcript.types import Segment
from ..console.bar import Console
from ..console.streams import put
from ..console.summary import gap_words
from ..failures import explain

Write = Callable[[str], None]


class LiveSink(Protocol):
    """Takes the events of live sound, the last of which is an `End`."""

    def take(self, event: Event) -> None:
        """Take what happened."""
        ...


class GrowingText:
    """Writes what each final segment adds to a text."""

    def __init__(self, format: str, options: OutputOptions, write: Write) -> None:
        self._text = GROWING[format](options)
        self._write = write
        write(self._text.head)

    def take(self, event: Event) -> None:
        """Write a segment."""
        if isinstance(event, Final):
            self._write(self._text.add(event.segment))


class Events:
    """Writes every event as a line of JSON."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def take(self, event: Event) -> None:
        """Write an event."""
        self._write(live_event(event))


class WholeText:
    """Writes a format that is whole at the end alone."""

    def __init__(self, format: str, options: OutputOptions, write: Write) -> None:
        self._format, self._options, self._write = format, options, write
        self._segments: list[Segment] = []
        self._gaps: list[Gap] = []

    def take(self, event: Event) -> None:
        """Gather segments and gaps, and write them with the end."""
        if isinstance(event, Final):
            self._segments.append(event.segment)
        elif isinstance(event, Gap):
            self._gaps.append(event)
        elif isinstance(event, End):
            text = "".join(segment.text for segment in self._segments).strip()
            transcript = Transcript(
                *(text, event.language, tuple(self._segments), event.duration, event.timing),
                *(event.language_probabilities, event.peak, tuple(self._gaps)),
            )
            self._write(render(transcript, self._format, self._options))


class GapTeller:
    """Tells people on standard error what is missing."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def take(self, event: Event) -> None:
        """Tell of a gap."""
        if isinstance(event, Gap):
            self._console.say(f"something is missing: {gap_words(event)}")


class GrowingFile:
    """A file to which text is appended, each piece as a whole.

    Where the disk is full, that is said once, and what waits is written as soon as there is room.
    """

    def __init__(self, path: Path, console: Console) -> None:
        """Begin the file; one that is there is written over.

        Raises:
            OSError: it cannot be written.
        """
        self._path = path
        self._console = console
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        self._waiting = b""
        self._has_complained = False

    def write(self, text: str) -> None:
        """Append a text in one piece, behind what waits."""
        self._waiting += text.encode("utf-8", "backslashreplace")
        try:
            self._append()
        except OSError as error:
            error.filename = str(self._path)
            if not self._has_complained:
                self._has_complained = True
                self._console.say(f"{explain(error)}; what is said is kept until it can be written")

    def close(self) -> None:
        """Close the file.

        Raises:
            OutputError: something could not be written.
        """
        try:
            self.write("")
        finally:
            os.close(self._descriptor)
        if self._waiting:
            raise OutputError(f"{self._path}: its end could not be written: {self._waiting.decode().strip()}")

    def _append(self) -> None:
        if not self._waiting:
            return
        n_written = os.write(self._descriptor, self._waiting)
        if n_written < len(self._waiting):
            with suppress(OSError):  # a pipe has no length, and takes the rest later
                end = os.lseek(self._descriptor, -n_written, os.SEEK_CUR)
                os.ftruncate(self._descriptor, end)
                n_written = 0
        self._waiting = self._waiting[n_written:]


def text_sink(format: str, options: OutputOptions, write: Write) -> LiveSink:
    """Return a sink that writes a format."""
    if format == "jsonl":
        return Events(write)
    if format in GROWING:
        return GrowingText(format, options, write)
    return WholeText(format, options, write)


def file_sink(format: str, options: OutputOptions, path: Path, console: Console) -> tuple[LiveSink, Callable[[], None]]:
    """Return a sink that writes a file, and a function that closes it."""
    if format in GROWING or format == "jsonl":
        file = GrowingFile(path, console)
        return text_sink(format, options, file.write), file.close
    return text_sink(format, options, lambda text: write_text(path, text)), lambda: None


def printed_sink(format: str, options: OutputOptions) -> LiveSink:
    """Return a sink that prints."""
    return text_sink(format, options, lambda text: put(text, is_json=format.startswith("json")))
