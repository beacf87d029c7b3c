"""One run of `edgewise listen`: a source, a session, and those who take what comes of it."""

from __future__ import annotations

import errno
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ...arrays import FloatArray
from ...audio.microphone import Device, Notice
from ...gaps import Gap
from ...recognizer import Recognizer
from ...session import Session
from ...transcript.events import End
from ...transcript.options import OutputOptions
from ..console.bar import Console
from ..console.colors import shows_colors
from ..console.streams import put_as_it_is
from ..stops import Stop, held
from .display import Display
from .keepers import Journaling, Saver
from .keys import Keys, has_keys
from .outputs import GapTeller, LiveSink, file_sink, printed_sink
from .region import Region
from .sources import LiveSource
from .talk import as_said, talked

Ear = Callable[[FloatArray | Gap], None]
"""Function that takes what is heard."""

_TROUBLES = {"lost": "no microphone", "muted": "muted", "back": "", "heard": ""}
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
    save: Path | None = None
    """File for the sound, if it is wanted."""
    journal: Path | None = None
    """Folder in which what is spoken is kept until its words are safe."""

    @property
    def is_watched(self) -> bool:
        """Whether anybody sees what is not final."""
        return self.shows or self.format == "jsonl"


class Listening:
    """A run."""

    def __init__(self, output: Output, console: Console, *, pushes: bool = False) -> None:
        """Prepare; with `pushes` what is said between two presses of a key is heard, and nothing else."""
        self._output = output
        self._console = console
        self._pushes = pushes
        self._display: Display | None = None

    def run(self, source: LiveSource, wanted: Wanted) -> None:
        """Listen to the end."""
        for path in (self._output.path, self._output.save):
            if path is not None and not path.parent.is_dir():  # better now than after the work
                raise FileNotFoundError(errno.ENOENT, "its folder is not there; make it first", str(path))
        source.check()
        begin = self._begin(wanted)
        with ExitStack() as stack:
            stop = stack.enter_context(held())
            ears = self._ears(stack)
            sinks = self._sinks(stack)
            pieces = self._pieces(stack, source, stop)
            session = stack.enter_context(begin())
            for event in session.listen(_heard(pieces, ears)):
                for note in event.notes if isinstance(event, End) else ():
                    self._console.say(note)
                told = as_said(event)
                for each in [*(source.gaps if isinstance(event, End) else ()), *([] if told is None else [told])]:
                    for sink in sinks:
                        sink.take(each)

    def opened(self, device: Device) -> None:
        """Say which microphone is open."""
        if self._display is None:
            how = "press Enter to talk, and again to end; " if self._pushes else ""
            self._console.say(f"listening to {device.name}; {how}Ctrl-C ends")
        else:
            self._display.hint = f"Ctrl-C ends  {device.name}"

    def noticed(self, notice: Notice) -> None:
        """Say what is wrong with the microphone, or right again."""
        self._console.say(notice.text)
        if self._display is not None:
            self._display.trouble = _TROUBLES.get(notice.kind, self._display.trouble)

    def _talks(self, is_talking: bool) -> None:
        if self._display is not None:
            self._display.tell("speech, Enter ends it" if is_talking else "press Enter to talk")

    def _pieces(self, stack: ExitStack, source: LiveSource, stop: Stop) -> Iterator[FloatArray | Gap]:
        """Begin to take sound; what is typed meanwhile is not shown."""
        pieces = source.pieces(stop)
        if not has_keys() or not (self._pushes or self._display is not None):
            return pieces
        keys = stack.enter_context(Keys())
        stop.at_once = keys.restore
        if not self._pushes:
            return pieces

        def n_pressed() -> int:
            if self._display is not None:
                self._display.refresh()
            return keys.n_pressed()

        return talked(pieces, n_pressed, self._talks)

    def _ears(self, stack: ExitStack) -> list[Ear]:
        """Make what takes sound."""
        ears: list[Ear] = []
        if self._output.journal is not None:
            ears.append(stack.enter_context(Journaling(self._output.journal, self._console)).hear)
        if self._output.save is not None:
            ears.append(stack.enter_context(Saver(self._output.save, self._console)).hear)
        if self._output.shows:
            self._display = self._shown(stack)
            ears.append(self._display.hear)
        return ears

    def _begin(self, wanted: Wanted) -> Callable[[], Session]:
        """Load what is needed, and return a function that begins a session."""
        from ... import load

        def loaded(name: str) -> Recognizer:
            return load(
                name,
                kind="speech",
                precision=wanted.precision,
                threads=wanted.threads,
                offline=wanted.offline,
                progress=self._console.progress,
            )

        final_model = None if wanted.final_model is None else loaded(wanted.final_model)
        is_one = wanted.live["endpoint"] is None and not self._pushes
        if is_one and not self._output.is_watched:  # only what is final is asked for
            session = partial((final_model or loaded(wanted.model)).session, **wanted.settings)
        else:
            rare = {} if self._output.is_watched else {"interval": _UNWATCHED_S}
            live = rare | dict(wanted.live)
            session = partial(loaded(wanted.model).session, final_model=final_model, **wanted.settings, **live)
        self._console.clear()
        return session

    def _shown(self, stack: ExitStack) -> Display:
        """Make the lines on the terminal, with which messages do not get mixed up."""
        region = Region(put_as_it_is, shutil.get_terminal_size, styled=shows_colors(sys.stdout))
        display = Display(region, hint="Ctrl-C ends", follows=not self._pushes)
        self._console.make_way = display.erase
        stack.callback(display.erase)
        return display

    def _sinks(self, stack: ExitStack) -> list[LiveSink]:
        """Make what takes words."""
        output = self._output
        sinks: list[LiveSink] = [GapTeller(self._console) if self._display is None else self._display]
        if output.path is not None:
            sink, close = file_sink(output.format, output.options, output.path, self._console)
            stack.callback(close)
            sinks.append(sink)
        elif self._display is None:
            sinks.append(printed_sink(output.format, output.options))
        return sinks


def _heard(pieces: Iterator[FloatArray | Gap], ears: Sequence[Ear]) -> Iterator[FloatArray | Gap]:
    for piece in pieces:
        for ear in ears:
            ear(piece)
        yield piece
