"""Proves which code ran: known sound through a known model gives known logits, to the last bit, on every machine."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Literal

import numpy as np

from ..arrays import FloatArray
from ..whisper.engines.native import WhisperEngine
from ..whisper.features import raw_log_mel, window_features
from ..whisper.file.dims import FRAMES_PER_POSITION
from ..whisper.file.landmarks import clip_positions
from ..whisper.file.model import open_model
from ..whisper.tokens import Tokenizer

Proof = Literal["proven", "unknown", "wrong"]
"""Answers to whether the logits are those that are known of a model file, where any are."""

_KNOWN = Path(__file__).with_name("proof.toml")


def logits_hash(path: Path, samples: FloatArray) -> str:
    """Compute the SHA-256 of a model's logits behind its prompt, for a clip (n_samples,) of less than 30 s."""
    with open_model(path) as file:
        tokenizer, tail = Tokenizer(file.vocabulary), file.tail
        raw = raw_log_mel(samples, file.mel_filters)
        positions = file.dims.n_audio_ctx if tail is None else clip_positions(tail, len(raw), file.dims)
        state = WhisperEngine(file, threads=1).new_state()
        state.encode(window_features(raw, positions * FRAMES_PER_POSITION))
        prompt = [*tokenizer.sot_sequence("en" if tokenizer.is_multilingual else None), tokenizer.no_timestamps]
        logits = state.decode(np.array([prompt], np.int32))
    return hashlib.sha256(np.ascontiguousarray(logits, "<f4").tobytes()).hexdigest()


def proof_of(model_sha256: str, logits_sha256: str) -> Proof:
    """Compare the hash of a model file's logits for the clip with the one that is known of it."""
    known = tomllib.loads(_KNOWN.read_text(encoding="utf-8"))["jfk"].get(model_sha256)
    return "unknown" if known is None else "proven" if known == logits_sha256 else "wrong"
