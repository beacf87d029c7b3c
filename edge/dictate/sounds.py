"""Short tones that say what goes on to somebody who looks at another window."""

from __future__ import annotations

import shutil
import subprocess
import wave
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..errors import OutputError

_RATE_HZ = 48000
_TONE_S, _EDGE_S = 0.06, 0.01
_AMPLITUDE = 0.15
_PLAYER_S = 5.0
_PLAYERS = ("pw-play", "paplay", "aplay", "afplay")
"""Programs that play a WAV: of PipeWire, PulseAudio, ALSA and macOS."""


class Tone(StrEnum):
    """Meaning of a tone."""

    START = "start"
    """Beginning: from now on nothing is lost."""
    STOP = "stop"
    ERROR = "error"


_PITCHES_HZ = {Tone.START: (660, 880), Tone.STOP: (880, 660), Tone.ERROR: (330, 330, 330)}


def play_recording(samples: FloatArray, rate_hz: int, path: Path) -> bool:
    """Write a recording to a file and play it to its end; whether a program did."""
    player = _player()
    if player is None:
        return False
    _write(path, samples, rate_hz)
    nothing = subprocess.DEVNULL
    try:
        within_s = len(samples) / rate_hz + _PLAYER_S
        done = subprocess.run([player, str(path)], stdin=nothing, stdout=nothing, stderr=nothing, timeout=within_s)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _player() -> str | None:
    return next(filter(None, map(shutil.which, _PLAYERS)), None)


class Sounds:
    """Plays tones by a program of the system's, which nobody waits for."""

    def __init__(self, folder: Path) -> None:
        """Make the tones in a folder.

        Raises:
            OutputError: no program plays them, or the folder cannot be written to.
        """
        player = _player()
        if player is None:
            raise OutputError(f"no program plays sounds: install one of {', '.join(_PLAYERS)}, or set sounds to false")
        self._player = player
        self._playing: list[subprocess.Popen[bytes]] = []
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for tone, pitches_hz in _PITCHES_HZ.items():
                _write(folder / f"{tone}.wav", np.concatenate([_tone(pitch_hz) for pitch_hz in pitches_hz]), _RATE_HZ)
        except OSError as error:
            raise OutputError(f"{folder}: the sounds cannot be written there ({error})") from error

    def play(self, tone: Tone) -> None:
        """Begin to play a tone."""
        self._playing = [process for process in self._playing if process.poll() is None]
        nothing = subprocess.DEVNULL
        command = [self._player, str(self._folder / f"{tone}.wav")]
        with suppress(OSError):  # the program is gone: a tone is no reason to end
            self._playing.append(subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing))

    def close(self) -> None:
        """Wait for the last tone, but not for long."""
        for process in self._playing:
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _tone(pitch_hz: float) -> FloatArray:
    """Make a tone that neither begins nor ends with a click."""
    times_s = np.arange(round(_TONE_S * _RATE_HZ), dtype=np.float32) / _RATE_HZ
    edge = np.clip(np.minimum(times_s, times_s[::-1]) / _EDGE_S, 0, 1)
    return (np.sin(2 * np.pi * pitch_hz * times_s) * edge * _AMPLITUDE).astype(np.float32)


def _write(path: Path, samples: FloatArray, rate_hz: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
