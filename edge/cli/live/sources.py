"""Where live sound comes from: a file, a pipe, or a microphone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from ...arrays import FloatArray
from ...audio.source import AudioSource, open_audio
from ...errors import AudioError
from ...gaps import Gap
from ..console.streams import standard_input
from ..inputs import STANDARD_INPUT
from ..stops import Stop
from .pipe import StoppablePipe

BLOCK_S = 0.1
"""Seconds of sound that are taken at a time, at most."""


class LiveSource(Protocol):
    """A source of sound."""

    @property
    def gaps(self) -> Sequence[Gap]:
        """Stretches that turned out to be missing, and that the pieces hold as silence."""
        ...

    def check(self) -> None:
        """Raise what is wrong with it, as far as that can be found out before a model is loaded."""
        ...

    def pieces(self, stop: Stop) -> Iterator[FloatArray | Gap]:
        """Yield sound as it comes, until it ends or the end is asked for; and what is missing of it, in its place."""
        ...


class RecordedSource:
    """A file or a pipe."""

    def __init__(self, name: str, *, raw: bool) -> None:
        self._name = name
        self._raw = raw
        self.gaps: Sequence[Gap] = ()

    def check(self) -> None:
        """Open a file, which can be opened again, and see whether standard input is there."""
        if self._name == STANDARD_INPUT:
            standard_input()
        elif not self._is_pipe:
            open_audio(self._name, raw=self._raw).close()

    def pieces(self, stop: Stop) -> Iterator[FloatArray]:
        """Yield samples, of a pipe as they come."""
        n_pieces = 0
        try:
            with self._opened(stop) as source:
                self.gaps = source.gaps
                for piece in source:
                    n_pieces += 1
                    yield piece
                    if stop.is_asked and not self._is_pipe:
                        return
        except AudioError:
            if n_pieces or not stop.is_asked:  # else it is no wonder that nothing came
                raise

    @property
    def _is_pipe(self) -> bool:
        return os.name == "posix" and (self._name == STANDARD_INPUT or Path(self._name).is_fifo())

    @contextmanager
    def _opened(self, stop: Stop) -> Iterator[AudioSource]:
        if not self._is_pipe:
            audio = standard_input() if self._name == STANDARD_INPUT else self._name
            with open_audio(audio, raw=self._raw, block_s=BLOCK_S) as source:
                yield source
            return
        with _descriptor(self._name) as descriptor:
            pipe = StoppablePipe(descriptor, _called(self._name), stop)
            with open_audio(cast("BinaryIO", pipe), raw=self._raw, block_s=BLOCK_S) as source:
                yield source


@contextmanager
def _descriptor(name: str) -> Iterator[int]:
    if name == STANDARD_INPUT:
        yield standard_input().fileno()
        return
    # Opened so, Linux does not wait for whoever writes, which the end could not be asked for in.
    descriptor = os.open(name, os.O_RDONLY | (os.O_NONBLOCK if sys.platform == "linux" else 0))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _called(name: str) -> str:
    return "standard input" if name == STANDARD_INPUT else name
