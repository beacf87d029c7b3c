"""Sound to a loudspeaker, by a program of the system's."""

from __future__ import annotations

import shutil
import subprocess
import wave
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..errors import OutputError

PLAYERS = ("pw-play", "paplay", "aplay", "afplay")
"""Programs that play a WAV: of PipeWire, PulseAudio, ALSA and macOS."""

_LATE_S = 5.0
"""Seconds that a player may take longer than what it plays."""


def find_player() -> str | None:
    """Return the path of the first program that is here."""
    return next(filter(None, map(shutil.which, PLAYERS)), None)


def need_player() -> str:
    """Return the path of the first program that is here.

    Raises:
        OutputError: none is.
    """
    player = find_player()
    if player is None:
        raise OutputError(f"no program plays sounds: install one of {', '.join(PLAYERS)}, or set sounds to false")
    return player


def write_wav(path: Path, samples: FloatArray, rate_hz: int) -> None:
    """Write samples (n_samples,) as a WAV of 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


class Playing:
    """A file that is being played, which nobody has to wait for."""

    def __init__(self, player: str, path: Path) -> None:
        """Begin; OSError if the program is gone."""
        nothing = subprocess.DEVNULL
        self._process = subprocess.Popen([player, str(path)], stdin=nothing, stdout=nothing, stderr=nothing)

    @property
    def is_on(self) -> bool:
        """Whether it is still being played."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Stop at once; harmless after the end."""
        self._process.kill()
        self._process.wait()

    def wait(self, within_s: float) -> bool:
        """Wait for the end, and stop what is not at its end by then; whether all was played."""
        try:
            return self._process.wait(within_s) == 0
        except subprocess.TimeoutExpired:
            self.stop()
            return False


def play_recording(samples: FloatArray, rate_hz: int, path: Path) -> bool:
    """Write a recording to a file and play it to its end; whether a program did."""
    player = find_player()
    if player is None:
        return False
    write_wav(path, samples, rate_hz)
    with suppress(OSError):
        return Playing(player, path).wait(len(samples) / rate_hz + _LATE_S)
    return False
