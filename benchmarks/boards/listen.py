"""Transcribes a clip some times, for whoever counts what that takes: listen.py MODEL CLIP SECONDS TIMES."""

from __future__ import annotations

import sys

import soundfile

import edge
from edge.whisper.model import Model

model_path, clip, seconds, times = sys.argv[1:]
model = edge.load(model_path, threads=1)
assert isinstance(model, Model)
samples, rate = soundfile.read(clip, dtype="float32")
samples = samples[: round(float(seconds) * rate)]
for _ in range(int(times)):
    text = model.transcribe(samples).text
print(text.strip())
