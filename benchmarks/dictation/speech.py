"""Speech of wanted lengths, as raw 16-bit samples that a sound server plays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np

from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ, open_audio
from edge.bench.sets import Utterance, duration_s, read_samples
from edge.store import ensure

_PAUSE_S = 0.3
"""Seconds between utterances that are joined."""
_NEAR = 0.15
"""Share of the length wanted by which an utterance may differ."""
_PARTS_S = {2: (8.9, 10.8), 3: (7.9, 10.8), 8: (3.2, 11.0)}
"""Parts of the store's clip that begin and end between words, by their lengths."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Speech that is played."""

    name: str
    path: Path
    seconds: float


def speech_like(seconds: float, n: int, utterances: Sequence[Utterance], folder: Path) -> list[Clip]:
    """Make `n` clips of about a length: the nearest of the utterances, or several joined; without any, the store's."""
    clips = []
    chosen = _chosen(seconds, utterances) if utterances else _of_the_store(seconds)
    for number, (name, samples) in zip(range(n), chosen, strict=False):
        path = folder / f"{seconds:g}s-{number}.raw"
        (samples * 32767).astype("<i2").tofile(path)
        clips.append(Clip(name, path, len(samples) / SAMPLE_RATE_HZ))
    return clips


def read_raw(path: Path) -> FloatArray:
    """Read a clip."""
    return np.fromfile(path, "<i2").astype(np.float32) / np.float32(32768)


def noise(seconds: float, path: Path) -> None:
    """Write the faint noise that every microphone has; what gives exact silence is taken to be muted."""
    values = np.random.default_rng(0).normal(0, 1e-3, round(seconds * SAMPLE_RATE_HZ))
    (values * 32767).astype("<i2").tofile(path)


def _chosen(seconds: float, utterances: Sequence[Utterance]) -> Iterator[tuple[str, FloatArray]]:
    """Yield the utterances that are near to a length, the nearest first, again and again; or joined ones."""
    near = [one for one in utterances if abs(duration_s(one) - seconds) <= _NEAR * seconds]
    if near:
        for one in cycle(sorted(near, key=lambda one: abs(duration_s(one) - seconds))):
            yield one.name, read_samples(one)
    ordered = cycle(one for one in utterances if duration_s(one) < (1 - _NEAR) * seconds)
    while True:
        parts: list[FloatArray] = []
        names: list[str] = []
        while sum(map(len, parts)) < (1 - _NEAR) * seconds * SAMPLE_RATE_HZ:
            one = next(ordered)
            names.append(one.name)
            parts += [read_samples(one), np.zeros(round(_PAUSE_S * SAMPLE_RATE_HZ), np.float32)]
        yield "+".join(names), np.concatenate(parts[:-1])


def _of_the_store(seconds: float) -> Iterator[tuple[str, FloatArray]]:
    with open_audio(ensure("jfk", offline=True)) as source:
        whole = np.concatenate(list(source))
    if seconds in _PARTS_S:
        start_s, stop_s = _PARTS_S[round(seconds)]
        samples = whole[round(start_s * SAMPLE_RATE_HZ) : round(stop_s * SAMPLE_RATE_HZ)]
    else:
        pause = np.zeros(round(_PAUSE_S * SAMPLE_RATE_HZ), np.float32)
        times = max(1, round(seconds * SAMPLE_RATE_HZ / len(whole)))
        samples = np.concatenate([whole, pause] * times)[: -len(pause)]
    while True:
        yield "jfk", samples
