"""Does some work for whoever counts what it takes: listen.py MODEL CLIP SECONDS CLIPS ENCODINGS STEPS.

Transcribes the clip's first seconds some times; or encodes as much silence some times, and decodes some steps after it.
"""

from __future__ import annotations

import sys

import numpy as np
import soundfile

import edge
from edge.bench.roofline import windows_of
from edge.whisper.file.dims import FRAMES_PER_POSITION
from edge.whisper.model import Model

model_path, clip, seconds, clips, encodings, steps = sys.argv[1:]
model = edge.load(model_path, threads=1)
assert isinstance(model, Model)
samples, rate = soundfile.read(clip, dtype="float32")
samples = samples[: round(float(seconds) * rate)]
for _ in range(int(clips)):
    print(model.transcribe(samples).text.strip())
if int(encodings):
    dims = model.engine.dims
    positions = windows_of(float(seconds), dims, model.engine.tail)[0].positions
    state = model.engine.new_state()
    for _ in range(int(encodings)):
        state.encode(np.zeros((positions * FRAMES_PER_POSITION, dims.n_mels), np.float32))
    for _ in range(int(steps)):
        state.decode(np.array([[model.tokenizer.eot]], np.int32))
