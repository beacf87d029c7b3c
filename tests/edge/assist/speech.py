"""Speech for tests, spoken by eSpeak NG, whose words our recogniser and the wake words know."""

from __future__ import annotations

import io
import shutil
import subprocess

import numpy as np
import soxr

from edge.arrays import FloatArray
from edge.assist.voice.wav import read_wav

RATE_HZ = 16000
is_here = shutil.which("espeak-ng") is not None


def spoken(text: str, *, voice: str = "en-us", before_s: float = 0.2, after_s: float = 0.2) -> FloatArray:
    """A text as samples at 16 kHz, with silence around it."""
    command = ["espeak-ng", "-v", voice, "-s", "150", "--stdin", "--stdout"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    speech = read_wav(io.BytesIO(done.stdout), "espeak-ng")
    samples = np.asarray(soxr.resample(speech.samples, speech.rate_hz, RATE_HZ), np.float32) * np.float32(0.7)
    return np.concatenate([silence(before_s), samples, silence(after_s)])


def silence(seconds: float) -> FloatArray:
    """Nothing, for some seconds."""
    return np.zeros(round(seconds * RATE_HZ), np.float32)
