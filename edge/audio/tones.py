"""Short tones that say what goes on to somebody who looks at another window, or at none."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..errors import OutputError
from .player import Playing, need_player, write_wav

_RATE_HZ = 48000
_TONE_S, _EDGE_S = 0.06, 0.01
_AMPLITUDE = 0.15


class Tone(StrEnum):
    """Meaning of a tone."""

    START = "start"
    """Beginning: from now on nothing is lost."""
    STOP = "stop"
    ERROR = "error"


_PITCHES_HZ = {Tone.START: (660, 880), Tone.STOP: (880, 660), Tone.ERROR: (330, 330, 330)}


class Sounds:
    """Plays tones by a program of the system's, which nobody waits for."""

    def __init__(self, folder: Path) -> None:
        """Make the tones in a folder.

        Raises:
            OutputError: no program plays them, or the folder cannot be written to.
        """
        self._player = need_player()
        self._playing: list[Playing] = []
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for tone, pitches_hz in _PITCHES_HZ.items():
                write_wav(
                    folder / f"{tone}.wav", np.concatenate([_tone(pitch_hz) for pitch_hz in pitches_hz]), _RATE_HZ
                )
        except OSError as error:
            raise OutputError(f"{folder}: the sounds cannot be written there ({error})") from error

    def play(self, tone: Tone) -> None:
        """Begin to play a tone."""
        self._playing = [each for each in self._playing if each.is_on]
        with suppress(OSError):  # the program is gone: a tone is no reason to end
            self._playing.append(Playing(self._player, self._folder / f"{tone}.wav"))

    def close(self) -> None:
        """Wait for the last tone, but not for long."""
        for each in self._playing:
            each.wait(1)


def _tone(pitch_hz: float) -> FloatArray:
    """Make a tone that neither begins nor ends with a click."""
    times_s = np.arange(round(_TONE_S * _RATE_HZ), dtype=np.float32) / _RATE_HZ
    edge = np.clip(np.minimum(times_s, times_s[::-1]) / _EDGE_S, 0, 1)
    return (np.sin(2 * np.pi * pitch_hz * times_s) * edge * _AMPLITUDE).astype(np.float32)
