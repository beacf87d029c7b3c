"""Listeners that keep what is heard: in a file for the user, and in a journal until its words are safe."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from ...arrays import FloatArray
from ...audio.journal import Journal, recoverable
from ...audio.recorder import Recorder
from ...errors import OutputError
from ...gaps import Gap
from ..console.bar import Console
from ..failures import explain


class Saver:
    """A listener that keeps what is heard in a file; where that fails, it says so, and listening goes on."""

    def __init__(self, path: Path, console: Console) -> None:
        """Begin the file; OSError if it cannot be written at all."""
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
            elif len(piece):
                self._recorder.write(piece)
        except OSError as error:
            error.filename = str(self._path)
            self._problem = explain(error)
            self._console.say(f"{self._problem}; what is heard from now on is not saved")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._recorder.close()
        if self._problem and error is None:
            raise OutputError(f"{self._path} is not whole: {self._problem}")


class Journaling:
    """A listener that journals what is heard; where the block ends well, the words are safe, and the journal goes."""

    def __init__(self, folder: Path, console: Console) -> None:
        """Begin, and tell what others left in the folder; OutputError if nothing can be written there."""
        for left in recoverable(folder):
            console.say(
                f"{left.path}: {left.duration_s:.1f} s that were spoken, and whose words were not written; "
                "`edgewise transcribe` reads them, then remove it"
            )
        self._journal = Journal(folder)

    def hear(self, piece: FloatArray | Gap) -> None:
        """Write sound, or what is missing."""
        if isinstance(piece, Gap):
            self._journal.gap(piece)
        elif len(piece):
            self._journal.write(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._journal.deliver()
        else:
            self._journal.close()
