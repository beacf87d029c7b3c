"""Plays answers: each from a file in the user's own folder, by a program that can be stopped."""

from __future__ import annotations

from pathlib import Path

from ..audio.player import Playing, need_player, write_wav
from ..errors import OutputError
from .voice import Spoken


class Speaker:
    """A loudspeaker, which plays one thing at a time."""

    def __init__(self, folder: Path) -> None:
        """Choose a program, which plays from a folder.

        Raises:
            OutputError: no program plays sounds.
        """
        self._player = need_player()
        self._path = folder / "answer.wav"
        self._playing: Playing | None = None

    @property
    def is_on(self) -> bool:
        """Whether something is played."""
        return self._playing is not None and self._playing.is_on

    def play(self, spoken: Spoken) -> None:
        """Begin to play, in place of what is played; OutputError if that fails."""
        self.stop()
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_wav(self._path, spoken.samples, spoken.rate_hz)
            self._playing = Playing(self._player, self._path)
        except OSError as error:
            raise OutputError(f"the answer cannot be played ({error})") from error

    def stop(self) -> None:
        """Stop at once; harmless where nothing is played."""
        if self._playing is not None:
            self._playing.stop()
        self._playing = None
