"""Clips for compression: features of recordings, and the checkpoint's own words for them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from edge.audio import SAMPLE_RATE_HZ, open_audio
from edge.progress import Progress
from edge.whisper.features import FRAMES_PER_SECOND, raw_log_mel, window_features
from edge.whisper.file.dims import FRAMES_PER_POSITION

from ..calibrate.gather import clips_of, length_s
from ..calibrate.recordings import Recording
from ..calibrate.words import OwnWords
from ..checkpoint.types import Checkpoint
from ..errors import CalibrationError
from ..recipe import Variety
from .vary import Varied

MOST_SECONDS = 6 * 3600
"""Seconds of speech that are held in memory, as float16 features: 350 MB."""

_SHORTEST_S, _LONGEST_S = 3.0, 30.0
"""Lengths of pieces into which long recordings are cut at random: clips of every length occur at run time."""

_STEP = 64
"""Number of positions to a multiple of which clips are padded, so that some fit together into a batch."""

_POSITIONS = 1024
"""Number of positions of a batch, about: 20 s of speech. Each says what is wanted, so small batches learn as well."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Piece of a recording."""

    raw: NDArray[np.float16]
    """Raw log-mel, (n_frames, n_mels)."""
    n_positions: int
    """Number of encoder positions that the runtime computes for the clip."""
    tokens: NDArray[np.int32]
    """Prompt and transcript, (n_tokens,)."""
    n_prompt: int
    origin: int = 0
    """Number of the window of a recording that it is cut from, as it is or varied."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Clips of similar length, side by side."""

    features: torch.Tensor
    """Features of the clips, (batch, 2 n_ctx, n_mels)."""
    counts: torch.Tensor
    """Weights of positions, (batch, n_ctx): 1 where one belongs to the clip, 0 in the padding behind it."""
    tokens: torch.Tensor
    """Tokens of the clips, (batch, n_tokens), padded at the end."""
    predicts: torch.Tensor
    """Weights of tokens, (batch, n_tokens): 1 where the next one is the model's own, 0 in prompt and padding."""


def hear_clips(
    checkpoint: Checkpoint, recordings: Sequence[Recording], variety: Variety, most_s: float, progress: Progress
) -> list[Clip]:
    """Cut clips of 3 to 30 s from the recordings, at most `most_s` seconds, each with the checkpoint's transcript.

    All are heard as they are first, then varied.

    Raises:
        AudioError: a recording, a room or a noise cannot be read.
        CalibrationError: a room or a noise is silent.
    """
    progress("listening (seconds of speech)", 0, 0)
    words = OwnWords(checkpoint)
    total_s = min(round(most_s), length_s(recordings) * (1 + variety.times))
    n_window = checkpoint.dims.n_audio_ctx * FRAMES_PER_POSITION
    rng = np.random.default_rng(0)
    clips: list[Clip] = []
    done_s = 0.0
    for origin, window in _windows(recordings, n_window / FRAMES_PER_SECOND, variety):
        for samples in _cut(window, rng):
            raw = raw_log_mel(samples, checkpoint.mel_filters)[:n_window]
            timestamps = bool(rng.integers(2))
            tokens, n_prompt = words.listen(raw, [timestamps])[timestamps]
            if len(tokens) - n_prompt > 2 * _SPARE + 10 * len(samples) / SAMPLE_RATE_HZ:
                continue  # a loop teaches nothing
            clips.append(Clip(raw.astype(np.float16), words.n_positions(len(raw)), tokens, n_prompt, origin))
            done_s += len(samples) / SAMPLE_RATE_HZ
        progress("listening (seconds of speech)", min(round(done_s), total_s), total_s)
        if done_s >= most_s:
            break
    return clips


def _windows(
    recordings: Sequence[Recording], window_s: float, variety: Variety
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Give all windows as they are, then varied, each with its number."""
    rooms, noises = ([_sound(path) for path in paths] for paths in (variety.rooms, variety.noises))
    varied = Varied(rooms, noises, np.random.default_rng(1))
    yield from enumerate(clips_of(recordings, window_s))
    for _ in range(variety.times):
        for origin, window in enumerate(clips_of(recordings, window_s)):
            yield origin, varied(window)


def _sound(path: Path) -> NDArray[np.float32]:
    with open_audio(path) as source:
        samples = np.concatenate([np.zeros(0, np.float32), *source])
    if not samples.any():
        raise CalibrationError(f"{path}: expected the sound of a room or a noise, found silence")
    return samples


_SPARE = 16


def _cut(window: NDArray[np.float32], rng: np.random.Generator) -> Iterator[NDArray[np.float32]]:
    at = 0
    while len(window) - at > 0.5 * SAMPLE_RATE_HZ:
        n = int(rng.uniform(_SHORTEST_S, _LONGEST_S) * SAMPLE_RATE_HZ)
        yield window[at : at + n]
        at += n


def batches(
    clips: Sequence[Clip], n_audio_ctx: int, rng: np.random.Generator, positions: int = _POSITIONS
) -> Iterator[Batch]:
    """Put all clips into batches, shuffled."""
    by_length: dict[int, list[Clip]] = {}
    for clip in clips:
        n_ctx = min(-(-clip.n_positions // _STEP) * _STEP, n_audio_ctx)
        by_length.setdefault(n_ctx, []).append(clip)
    groups = []
    for n_ctx, alike in by_length.items():
        size = max(1, positions // n_ctx)
        order = rng.permutation(len(alike))
        groups += [(n_ctx, [alike[i] for i in order[at : at + size]]) for at in range(0, len(alike), size)]
    for index in rng.permutation(len(groups)):
        yield _batch(*groups[index])


def _batch(n_ctx: int, clips: Sequence[Clip]) -> Batch:
    n_tokens = max(len(clip.tokens) for clip in clips)
    counts = np.zeros((len(clips), n_ctx), np.float32)
    tokens = np.zeros((len(clips), n_tokens), np.int64)
    predicts = np.zeros((len(clips), n_tokens), np.float32)
    for row, clip in enumerate(clips):
        counts[row, : clip.n_positions] = 1
        tokens[row, : len(clip.tokens)] = clip.tokens
        predicts[row, clip.n_prompt - 1 : len(clip.tokens)] = 1  # the end of the text too
    features = [window_features(clip.raw.astype(np.float32), n_ctx * FRAMES_PER_POSITION) for clip in clips]
    return Batch(*(torch.from_numpy(array) for array in (np.stack(features), counts, tokens, predicts)))


_MEASURED = 30


def measured_batches(clips: Sequence[Clip], n_audio_ctx: int) -> list[Batch]:
    """Put the shortest of the clips into batches, to measure damage on again and again."""
    short = sorted(clips, key=lambda clip: clip.n_positions)
    return list(batches(short[:_MEASURED], n_audio_ctx, np.random.default_rng(0)))


_KEPT = 60
"""Number of clips that nothing learns from, about: a few say little of speech that is new."""


class Speech:
    """Clips of some recordings, sorted into what they serve."""

    def __init__(self, clips: Sequence[Clip], n_audio_ctx: int) -> None:
        """Keep some clips aside, with all that is cut from the same windows.

        Raises:
            CalibrationError: there are hardly any.
        """
        by_origin = {origin: list(group) for origin, group in groupby(sorted(clips, key=_origin), key=_origin)}
        if len(clips) < _LEAST_CLIPS or len(by_origin) < 2:
            raise CalibrationError("the recordings hold hardly any speech; expected minutes of it")
        rng = np.random.default_rng(0)
        order = [by_origin[origin] for origin in rng.permutation(list(by_origin))]
        wanted, n_origins, n_kept = max(2, min(_KEPT, len(clips) // 5)), 0, 0
        while n_kept < wanted and n_origins < len(order) - 1:
            n_kept += len(order[n_origins])
            n_origins += 1
        kept, others = (list(chain(*part)) for part in (order[:n_origins], order[n_origins:]))
        self._clips = [*kept, *(others[i] for i in rng.permutation(len(others)))]
        self._n_kept = n_kept
        self._n_audio_ctx = n_audio_ctx
        self.measured = measured_batches(kept, n_audio_ctx)
        """Batches on which damage is measured while sizes are chosen: the shortest of `kept`, since that is often."""
        self.kept = self._batches(0, n_kept)
        """Batches on which recovery is watched; nothing learns from them."""
        self.listened = self._batches(n_kept, n_kept + 120)
        """Batches that moments come from."""

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the clips and of their order."""
        digest = hashlib.sha256(str(self._n_audio_ctx).encode())
        for clip in self._clips:
            digest.update(f"{clip.raw.shape} {clip.n_positions} {clip.n_prompt} {clip.tokens.tolist()}\n".encode())
            digest.update(np.ascontiguousarray(clip.raw).reshape(-1).data)
        return digest.hexdigest()

    def _batches(self, first: int, last: int) -> list[Batch]:
        return list(batches(self._clips[first:last], self._n_audio_ctx, np.random.default_rng(0)))

    def epoch(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Give all clips to learn from, in an order of `rng`."""
        return batches(self._clips[self._n_kept :], self._n_audio_ctx, rng)


_LEAST_CLIPS = 4
"""Least number of clips: some to learn from, some to watch."""


def _origin(clip: Clip) -> int:
    return clip.origin


def hear(checkpoint: Checkpoint, recordings: Sequence[Recording], variety: Variety, progress: Progress) -> Speech:
    """Cut clips from recordings (`hear_clips`), and sort them into what they serve."""
    return Speech(hear_clips(checkpoint, recordings, variety, MOST_SECONDS, progress), checkpoint.dims.n_audio_ctx)
