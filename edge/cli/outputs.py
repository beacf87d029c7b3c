"""Where transcripts go: files that are whole or absent, or standard output."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from ..errors import OptionError
from ..output import OutputOptions, render, write
from ..output.fields import end_event, error_event, segment_event
from ..output.formats import txt_line
from ..transcript import Segment, Transcript
from .colours import coloured_line
from .console import Console
from .inputs import Recording


class Sink(Protocol):
    """Takes what becomes of one recording."""

    def segment(self, segment: Segment) -> None:
        """A segment is found."""
        ...

    def end(self, transcript: Transcript) -> None:
        """All of them are."""
        ...

    def error(self, message: str) -> None:
        """The recording failed."""
        ...


class FileSink:
    """Writes a file for each format when the transcript is whole."""

    def __init__(self, targets: Sequence[tuple[str, Path]], options: OutputOptions, console: Console) -> None:
        self._targets = targets
        self._options = options
        self._console = console

    def segment(self, segment: Segment) -> None:
        """Nothing yet: the files are whole or absent."""

    def end(self, transcript: Transcript) -> None:
        """Write the files."""
        for format, path in self._targets:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(transcript, path, format, self._options)
        path, formats = self._targets[0][1], [format for format, _ in self._targets]
        # Several as a shell writes them, on one line: talk.{srt,json}.
        suffix = formats[0] if len(formats) == 1 else f"{{{','.join(formats)}}}"
        self._console.say(f"wrote {path.with_name(path.stem)}.{suffix}")

    def error(self, message: str) -> None:
        """Nothing: standard error says it."""


class PrintSink:
    """Prints to standard output: plain text and events as they come, other formats when they are whole."""

    def __init__(
        self,
        format: str,
        options: OutputOptions,
        console: Console,
        heading: str | None = None,
        *,
        in_colours: bool = False,
    ) -> None:
        """`in_colours` shows in plain text how sure each word is."""
        self._format = format
        self._line = coloured_line if in_colours else txt_line
        self._options = options
        self._console = console
        self._heading = heading if format != "jsonl" else None  # each event names its recording

    def segment(self, segment: Segment) -> None:
        """Print it, where the format is made of lines that stand for themselves."""
        if self._format == "txt":
            self._print(self._line(segment))
        elif self._format == "jsonl":
            self._print(segment_event(segment, self._options.file))

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
        if sys.stdout.isatty():
            self._console.clear()
        if self._heading is not None:
            self._console.show(self._heading)
            self._heading = None
        sys.stdout.write(_printable(text, is_json=self._format.startswith("json")))
        sys.stdout.flush()


def place(recordings: Iterable[Recording], formats: Sequence[str], folder: Path) -> dict[str, list[tuple[str, Path]]]:
    """The format and path of each file to write, by the name of the recording.

    Raises:
        OptionError: two recordings would be written to the same file.
    """
    taken: dict[Path, str] = {}
    targets = {}
    for recording in recordings:
        targets[recording.name] = [(format, folder / f"{recording.stem}.{format}") for format in formats]
        other = taken.setdefault(recording.stem, recording.name)
        if other != recording.name:
            hint = "rename one of them"
            if Path(other).parent != Path(recording.name).parent:
                hint = "give one folder that holds both, and their places in it are kept"
            raise OptionError(
                f"{other} and {recording.name} would both be written to {targets[other][0][1]}: {hint}, "
                "or write them to different folders"
            )
    return targets


def prepare(folder: Path) -> None:
    """Make the folder for transcripts; found out before hours of work: that nothing can be written there."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(13, "cannot be written to; choose another --output-dir", str(folder))


def is_done(recording: Recording, targets: Iterable[tuple[str, Path]]) -> bool:
    """Whether all files of a recording are there and newer than it; they are whole, since nothing else gets a name."""
    try:
        recorded_at = Path(recording.name).stat().st_mtime
        return recording.is_file and all(path.is_file() and path.stat().st_mtime >= recorded_at for _, path in targets)
    except OSError:
        return False


def _printable(text: str, *, is_json: bool) -> str:
    """The text as this standard output can show it: on a terminal of another age, question marks beat a failure."""
    encoding = sys.stdout.encoding or "utf-8"  # a stream in memory has none
    if encoding.lower().startswith("utf"):
        return text
    if is_json:
        return re.sub(r"[^\x00-\x7f]", lambda match: json.dumps(match[0])[1:-1], text)
    return text.encode(encoding, errors="replace").decode(encoding)
