"""Where INT4 hurts: each linear rounded by itself, and how far the words' probabilities move."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.arrays import FloatArray
from edge.bench.probabilities import divergences, log_softmax
from edge.progress import Progress, silent
from edge.quant import dequantize_q4_0
from edge.whisper.features import FRAMES_PER_SECOND, raw_log_mel, window_features
from edge.whisper.file.dims import FRAMES_PER_POSITION
from edge.whisper.file.landmarks import Tail

from ..checkpoint.types import Checkpoint
from ..engine import engine_of, in_float32
from ..errors import CalibrationError
from ..quantize.gptq import round_q4_0
from ..quantize.model import Equalized
from .gather import clips_of
from .recordings import Recording
from .words import OwnWords

_CLIPS = 24
"""Number of clips that are listened to: the order is clear long before the numbers are."""

_CLIP_S = 6.0
"""Longest clip: short ones hold as many words a second, and cost less."""


@dataclass(frozen=True, slots=True)
class AtInt4:
    """Group of weights of one type, rounded to INT4 while all others are whole."""

    rows: Mapping[str, NDArray[np.uint8]]
    """Q4_0 rows of the weights, by the tensors' names."""
    n_weights: int
    damage: float
    """Divergence a token, in nats."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Clip with the checkpoint's own words."""

    features: FloatArray
    """Features of the clip and no more, (n_frames, n_mels)."""
    tokens: NDArray[np.int32]
    """Prompt and transcript, (n_tokens,)."""
    n_prompt: int


def hear_clips(
    checkpoint: Checkpoint, recordings: Sequence[Recording], progress: Progress = silent
) -> tuple[list[Heard], Tail]:
    """Cut short clips from recordings in turn, drawn in a fixed order; gives also the landmarks of the padding.

    Raises:
        AudioError: a recording cannot be read.
        CalibrationError: nothing in them is long enough.
    """
    progress("listening for what INT4 hurts", 0, 0)
    words = OwnWords(checkpoint)
    mixed = random.Random(0).sample(recordings, len(recordings))
    window_s = min(_CLIP_S, checkpoint.dims.n_audio_ctx * FRAMES_PER_POSITION / FRAMES_PER_SECOND)
    heard = []
    for number, samples in enumerate(islice(clips_of(mixed, window_s), _CLIPS)):
        raw = raw_log_mel(samples, checkpoint.mel_filters)
        timestamps = number % 2 == 0
        tokens, n_prompt = words.listen(raw, [timestamps])[timestamps]
        features = window_features(raw, words.n_positions(len(raw)) * FRAMES_PER_POSITION)
        heard.append(Heard(features, tokens, n_prompt))
    if not heard:
        raise CalibrationError("the recordings hold hardly any speech; expected minutes of it")
    return heard, words.tail


def measure_int4(
    checkpoint: Checkpoint,
    whole: Equalized,
    groups: Iterable[Collection[str]],
    heard: Sequence[Heard],
    tail: Tail,
    progress: Progress = silent,
) -> list[AtInt4]:
    """Round each group of linears' weights to INT4, and measure what that alone does to what is `heard`."""

    def next_tokens(tensors: Mapping[str, NDArray[Any]]) -> list[FloatArray]:
        state = engine_of(checkpoint.name, checkpoint.dims, in_float32(tensors), tail).new_state()
        found = []
        for clip in heard:
            state.encode(clip.features)
            found.append(log_softmax(state.decode(clip.tokens[None], last_only=False)[0, clip.n_prompt - 1 :]))
        return found

    expected = next_tokens(whole.tensors)
    found = []
    names = list(groups)
    for done, group in enumerate(names):
        progress("measuring where INT4 hurts", done, len(names))
        rows = {
            name: round_q4_0(np.ascontiguousarray(whole.tensors[name], np.float32), whole.moments[name])
            for name in group
        }
        rounded = {name: dequantize_q4_0(blocks) for name, blocks in rows.items()}
        answers = next_tokens({**whole.tensors, **rounded})
        lost = [divergences(was, now) for was, now in zip(expected, answers, strict=True)]
        n_weights = sum(whole.tensors[name].size for name in group)
        found.append(AtInt4(rows, n_weights, float(np.concatenate(lost).mean())))
    return found


def costliest_groups(found: Sequence[AtInt4]) -> list[tuple[str, ...]]:
    """Rank groups: the first is where INT4 hurts most for each byte that INT8 would cost more."""
    return [tuple(group.rows) for group in sorted(found, key=lambda group: -group.damage / group.n_weights)]
