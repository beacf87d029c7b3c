"""The question which microphone is heard, with a level meter and what was heard played back."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import MicrophoneError
from ..console.streams import report
from .questions import Questions

if TYPE_CHECKING:
    from ...arrays import FloatArray

_HEARD_S = 3.0
_SYSTEMS = "default"
"""Name of the system's microphone."""


def choose_microphone(questions: Questions, usual: str | None) -> str | None:
    """Choose a microphone and listen to it; None is that of the system."""
    from ...audio.microphone import devices
    from ...audio.microphone.devices import choose

    try:
        found = devices()
    except MicrophoneError as error:
        report(str(error))
        return usual
    for each in found:
        report(f"  {each}")
    given = questions.answer(
        "microphone, by its number or name",
        usual or _SYSTEMS,
        lambda name: name == _SYSTEMS or choose(_number_or_name(name), found),
    )
    device = None if given == _SYSTEMS else given if given == usual else choose(_number_or_name(given), found).name
    if questions.asks and found:
        _listen(questions, device)
    return device


def _number_or_name(given: str) -> int | str:
    return int(given) if given.isdecimal() else given


def _listen(questions: Questions, device: str | None) -> None:
    """Show the level for a moment, and play back what was heard."""
    import numpy as np

    from ...audio.microphone import Captured, Microphone, Notice, level_of
    from ..live.layout import meter

    report("say something:")
    heard = [np.zeros(0, np.float32)]
    try:
        with Microphone(device) as microphone:
            until_s = time.monotonic() + _HEARD_S
            for piece in microphone:
                if isinstance(piece, Captured) and len(piece.samples):
                    heard.append(piece.samples)
                    sys.stderr.write(f"\r{meter(level_of(piece.samples).rms_dbfs)} ")
                elif isinstance(piece, Notice):
                    sys.stderr.write(f"\n{piece.text}\n")
                sys.stderr.flush()
                if time.monotonic() >= until_s:
                    break
    except MicrophoneError as error:
        report(str(error))
    sys.stderr.write("\n")
    samples = np.concatenate(heard)
    if len(samples) and questions.agrees("play back what was heard", default=True):
        _play_back(samples)


def _play_back(samples: FloatArray) -> None:
    from ...audio.mono import SAMPLE_RATE_HZ
    from ...audio.player import play_recording

    with tempfile.TemporaryDirectory() as folder:
        if not play_recording(samples, SAMPLE_RATE_HZ, Path(folder) / "heard.wav"):
            report("no program plays sounds here: install pulseaudio-utils, pipewire or alsa-utils")
