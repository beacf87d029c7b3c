"""Says what a machine hears, so that another can be compared with it: hear.py MODEL DETECTOR CLIP...

One JSON line for each clip: its text, the SHA-256 of the bits of its features, of the encoder's states and of the
logits behind the text, and which frames the detector takes for speech.
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

MOST_FRAMES = 3000


def main(arguments: list[str]) -> int:
    """Hear each clip."""
    model_path, detector, *clips = arguments
    model = edge.load(model_path, threads=1)
    assert isinstance(model, Model)
    vad = SileroVad(Path(detector))
    for clip in map(Path, clips):
        samples, _ = soundfile.read(clip, dtype="float32")
        print(json.dumps({"clip": clip.name, "level": cpu_level(), **_hear(model, vad, samples)}), flush=True)
    return 0


def _hear(model: Model, vad: SileroVad, samples: FloatArray) -> dict[str, str]:
    text = model.transcribe(samples).text.strip()
    raw = raw_log_mel(samples, model.mel_filters)
    features = window_features(raw, min(MOST_FRAMES, len(raw) // 2 * 2 + 100))
    state = model.engine.new_state()
    state.encode(features)
    tokenizer = model.tokenizer
    tokens = np.array([[tokenizer.sot, tokenizer.no_timestamps, *tokenizer.encode(" " + text)]], np.int32)
    return {
        "text": text,
        "features": _hash(features),
        "encoder": _hash(state.encoder_output()),
        "logits": _hash(state.decode(tokens, last_only=False)),
        "speech": "".join("01"[probability >= 0.5] for probability in vad.probabilities(samples).tolist()),
    }


def _hash(values: FloatArray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
