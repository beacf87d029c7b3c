"""Says what a machine hears, so that another can be compared with it: hear.py MODEL DETECTOR FOLDER CLIP...

One JSON line for each clip: its text, the SHA-256 of the encoder's and the decoder's bits, and which frames are speech.
The first machine leaves features and tokens in FOLDER, and those that follow compute with them: features come from
numpy, whose last bits are each build's own, while the engine's bits are the same everywhere.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import soundfile

import edge
from edge.arrays import FloatArray
from edge.listen.vad.silero import SileroVad
from edge.ops import cpu_level
from edge.whisper.features import raw_log_mel, window_features
from edge.whisper.model import Model

FRAMES_PER_POSITION = 2
MOST_FRAMES = 3000


def main(arguments: list[str]) -> int:
    """Hear each clip."""
    model_path, detector, folder, *clips = arguments
    model = edge.load(model_path, threads=1)
    assert isinstance(model, Model)
    vad = SileroVad(Path(detector))
    for clip in map(Path, clips):
        samples, _ = soundfile.read(clip, dtype="float32")
        heard = _hear(model, vad, samples, Path(folder, clip.stem))
        print(json.dumps({"clip": clip.name, "level": cpu_level(), **heard}), flush=True)
    return 0


def _hear(model: Model, vad: SileroVad, samples: FloatArray, place: Path) -> dict[str, object]:
    text = model.transcribe(samples).text.strip()
    own = window_features(raw_log_mel(samples, model.mel_filters), _n_frames(samples))
    first = not place.with_suffix(".npz").exists()
    if first:
        np.savez(place.with_suffix(".npz"), mel=own, tokens=[*model.tokenizer.encode(" " + text)])
    given = np.load(place.with_suffix(".npz"))
    state = model.engine.new_state()
    state.encode(given["mel"])
    tokens = np.array([[model.tokenizer.sot, model.tokenizer.no_timestamps, *given["tokens"]]], np.int32)
    logits = state.decode(tokens, last_only=False)
    return {
        "text": text,
        "encoder": _hash(state.encoder_output()),
        "logits": _hash(logits),
        "speech": "".join("01"[p >= 0.5] for p in vad.probabilities(samples).tolist()),
        "features_off_by": float(np.abs(own - given["mel"]).max()),
    }


def _n_frames(samples: FloatArray) -> int:
    """Count the frames of a clip, with a little silence behind it: an even number."""
    return min(MOST_FRAMES, FRAMES_PER_POSITION * (len(samples) // 320 + 50))


def _hash(values: FloatArray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
