"""One run of `edgewise listen`: a source, a session, and those who take what comes of it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ...arrays import FloatArray
from ...errors import OutputError
from ...gaps import Gap
from ...recognizer import Recognizer
from ...session import Session
from ...transcript.events import End
from ...transcript.options import OutputOptions
from ..console.bar import Console
from ..console.colors import shows_colors
from ..console.streams import put_as_it_is
from ..failures import explain
from ..stops import Stop, held
from .display import Display
from .outputs import LiveSink, file_sink, printed_sink
from .region import Region
from .sources import LiveSource

_UNWATCHED_S = 10.0
"""Seconds between two readings of what is not final where nobody sees it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Models to load, and what a session of them is to do."""

    model: str
    final_model: str | None
    precision: str | None
    threads: int | None
    offline: bool | None
    settings: Mapping[str, Any]
    """Settings of transcription."""
    live: Mapping[str, Any]
    """Live settings, the endpoint among them."""


@dataclass(frozen=True, slots=True)
class Output:
    """Places where words and sound go."""

    format: str
    options: OutputOptions
    path: Path | None
    """File for the words; None prints them."""
    shows: bool
    """Whether they are shown on the terminal while they are said."""
    save: Path | None
    """File for the sound, if it is wanted."""

    @property
    def is_watched(self) -> bool:
        """Whether anybody sees what is not final."""
        return self.shows or self.format == "jsonl"


class Listening:
    """A run."""

    def __init__(self, source: LiveSource, output: Output, console: Console) -> None:
        self._source = source
        self._output = output
        self._console = console

    def run(self, wanted: Wanted) -> int:
        """Listen to the end; gives the exit status."""
        self._source.check()
        begin = self._begin(wanted)
        with ExitStack() as stack:
            stop = stack.enter_context(held())
            display = self._display(stack) if self._output.shows else None
            ears: list[Callable[[FloatArray | Gap], None]] = [] if display is None else [display.hear]
            if self._output.save is not None:
                saver = stack.enter_context(Saver(self._output.save, self._console))
                ears.append(saver.hear)
            sinks = self._sinks(stack, display)
            session = stack.enter_context(begin())
            for event in session.listen(self._heard(stop, ears)):
                for each in [*(self._source.gaps if isinstance(event, End) else ()), event]:
                    for sink in sinks:
                        sink.take(each)
        return 0

    def _heard(self, stop: Stop, ears: Sequence[Callable[[FloatArray | Gap], None]]) -> Iterator[FloatArray | Gap]:
        for piece in self._source.pieces(stop):
            for ear in ears:
                ear(piece)
            yield piece

    def _begin(self, wanted: Wanted) -> Callable[[], Session]:
        """Load what is needed, and return a function that begins a session."""
        from ... import load

        def loaded(name: str) -> Recognizer:
            return load(
                name,
                precision=wanted.precision,
                threads=wanted.threads,
                offline=wanted.offline,
                progress=self._console.progress,
            )

        final_model = None if wanted.final_model is None else loaded(wanted.final_model)
        if wanted.live["endpoint"] is None and not self._output.is_watched:  # only what is final is asked for
            session = partial((final_model or loaded(wanted.model)).session, **wanted.settings)
        else:
            rare = {} if self._output.is_watched else {"interval": _UNWATCHED_S}
            live = rare | dict(wanted.live)
            session = partial(loaded(wanted.model).session, final_model=final_model, **wanted.settings, **live)
        self._console.clear()
        return session

    def _display(self, stack: ExitStack) -> Display:
        """Make the lines on the terminal, with which messages do not get mixed up."""
        region = Region(put_as_it_is, shutil.get_terminal_size, styled=shows_colors(sys.stdout))
        display = Display(region, hint="Ctrl-C ends")
        self._console.make_way = display.erase
        stack.callback(display.erase)
        return display

    def _sinks(self, stack: ExitStack, display: Display | None) -> list[LiveSink]:
        output = self._output
        sinks: list[LiveSink] = [] if display is None else [display]
        if output.path is not None:
            sink, close = file_sink(output.format, output.options, output.path, self._console)
            stack.callback(close)
            sinks.append(sink)
        elif display is None:
            sinks.append(printed_sink(output.format, output.options))
        return sinks


class Saver:
    """A listener that keeps what is heard in a file; where that fails, it says so, and listening goes on."""

    def __init__(self, path: Path, console: Console) -> None:
        """Begin the file; OSError if it cannot be written at all."""
        from ...audio.recorder import Recorder

        self._path = path
        self._console = console
        self._recorder = Recorder(path)
        self._problem = ""

    def hear(self, piece: FloatArray | Gap) -> None:
        """Keep sound, and silence in place of what is missing."""
        if self._problem:
            return
        try:
            if isinstance(piece, Gap):
                self._recorder.skip(piece.end - piece.start)
            else:
                self._recorder.write(piece)
        except OSError as error:
            error.filename = str(self._path)
            self._problem = explain(error)
            self._console.say(f"{self._problem}; what is heard from now on is not saved")

    def __enter__(self) -> Saver:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._recorder.__exit__(None, None, None)
        if self._problem and error is None:
            raise OutputError(f"{self._path} is not whole: {self._problem}")
