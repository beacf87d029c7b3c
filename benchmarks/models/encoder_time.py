"""The encoders of several models over the same clips, in turns: how much of the arithmetic saved is time saved."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ
from edge.bench.roofline import NUMBER_TYPES, cross_work, encoder_work, windows_of
from edge.bench.sets import Manifest, duration_s, read_samples
from edge.errors import ManifestError
from edge.whisper.engines.native import WhisperEngine
from edge.whisper.features import raw_log_mel, window_features
from edge.whisper.file.dims import FRAMES_PER_POSITION
from edge.whisper.file.landmarks import clip_positions
from edge.whisper.file.model import ModelFile, open_model

from ..progress import tell_steps
from ..speed.step_report import quartiles

_CLIPS = 20
"""Clips of all sets together, nearly the same number of each."""
_WINDOW_S = 30.0


@dataclass(frozen=True, slots=True)
class EncoderTime:
    """Time of one encoder beside the first one."""

    threads: int
    ms: float
    """Mean over the clips of a clip's median."""
    time_saved: tuple[float, float, float]
    """Share of the first one's time, clip by clip: first quartile, median, third quartile."""
    macs_saved: float
    """Share of the first one's multiply-adds: convolutions, layers, attention, and the decoder's keys and values."""

    @property
    def share(self) -> float | None:
        """Time saved over arithmetic saved; None where no arithmetic was saved."""
        return self.time_saved[1] / self.macs_saved if self.macs_saved > 0 else None


def clips_of(manifests: Sequence[Manifest]) -> list[FloatArray]:
    """Read the samples of the first recordings of each set that fit a window.

    Raises:
        ManifestError: none does.
    """
    each = -(-_CLIPS // len(manifests))
    clips: list[FloatArray] = []
    for manifest in manifests:
        fitting = [one for one in manifest.utterances if duration_s(one) <= _WINDOW_S]
        clips += [read_samples(one) for one in fitting[:each]]
    if not clips:
        raise ManifestError(f"no recording of at most {_WINDOW_S:g} s to time encoders on")
    return clips


def time_encoders(
    files: Sequence[Path], clips: Sequence[FloatArray], threads: int, rounds: int
) -> tuple[EncoderTime, ...]:
    """Encode each clip with every file before the next clip, `rounds` times, another file first at each clip.

    Each time is of the second of two runs in a row: the first wakes the engine's threads and brings back from memory
    what the other files pushed out of the caches, which no program does that runs one model.
    """
    models = [open_model(file) for file in files]
    try:
        times, macs = _measure(models, clips, threads, rounds)
    finally:
        for model in models:
            model.close()
    medians = np.median(times, axis=0)
    saved = 1 - medians / medians[0]
    return tuple(
        EncoderTime(
            threads=threads,
            ms=1e3 * float(medians[file].mean()),
            time_saved=quartiles(saved[file]),
            macs_saved=1 - macs[file] / macs[0],
        )
        for file in range(len(files))
    )


def _measure(
    models: Sequence[ModelFile], clips: Sequence[FloatArray], threads: int, rounds: int
) -> tuple[FloatArray, list[float]]:
    """Return seconds (rounds, n_files, n_clips), and each file's multiply-adds over all clips."""
    engines = [WhisperEngine(model, threads=threads) for model in models]
    states = [engine.new_state() for engine in engines]
    inputs = [[features_of(model, clip) for clip in clips] for model in models]
    times = np.zeros((rounds, len(models), len(clips)), np.float32)
    for number in range(rounds):
        tell_steps(f"encoding in turns, {threads} threads", number, rounds)
        for clip in range(len(clips)):
            for turn in range(len(models)):
                file = (turn + clip) % len(models)
                states[file].encode(inputs[file][clip])
                began = time.perf_counter()
                states[file].encode(inputs[file][clip])
                times[number, file, clip] = time.perf_counter() - began
    return times, [sum(_macs(model, len(clip) / SAMPLE_RATE_HZ) for clip in clips) for model in models]


def features_of(model: ModelFile, samples: FloatArray) -> FloatArray:
    """Compute what the runtime encodes of a clip."""
    raw = raw_log_mel(samples, model.mel_filters)
    positions = model.dims.n_audio_ctx if model.tail is None else clip_positions(model.tail, len(raw), model.dims)
    return window_features(raw, positions * FRAMES_PER_POSITION)


def _macs(model: ModelFile, seconds: float) -> float:
    types = NUMBER_TYPES[model.precision]
    (window,) = windows_of(seconds, model.dims, model.tail)
    works = (encoder_work(model.dims, types, window), cross_work(model.dims, types, window))
    return sum(work.integer_macs + work.float_macs for work in works)
