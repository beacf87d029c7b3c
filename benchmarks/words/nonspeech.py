"""Ten minutes in which nobody speaks, made by numpy: the same samples on every machine and at every run.

The kinds and the levels are those of which transcribers are known to invent words: noise of several colours, hum,
fans, clicks, keyboards, tones, chords, dialling, sweeps, bells, and noise shaped and modulated like speech.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge.audio import SAMPLE_RATE_HZ

from ..peers.engines.base import Samples

LEVELS_DB = (0, -20, -40, -60)
"""Peaks of the clips, relative to full scale."""

_SECONDS = (1.5, 4.0, 10.0, 31.0)
"""Lengths of the clips; the longest is more than one window of Whisper's."""
_TURNS = 3
"""Number of turns, each of which pairs the kinds with other lengths and levels."""

_DIALLED = "0612948753"
_DTMF_HZ = {
    key: (low, high)
    for low, keys in ((697, "123"), (770, "456"), (852, "789"), (941, "*0#"))
    for key, high in zip(keys, (1209, 1336, 1477), strict=True)
}


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording without speech."""

    name: str
    samples: Samples


def clips() -> Iterator[Clip]:
    """Make all clips, in a fixed order: about ten minutes."""
    kinds = list(KINDS)
    for turn in range(_TURNS):
        for index, kind in enumerate(kinds):
            seconds = _SECONDS[(index + turn) % len(_SECONDS)]
            level_db = LEVELS_DB[(index // len(_SECONDS) + index + 2 * turn) % len(LEVELS_DB)]
            rng = np.random.default_rng((turn, index))
            samples = _at_level(KINDS[kind](rng, round(seconds * SAMPLE_RATE_HZ)), level_db)
            yield Clip(f"{kind}, {seconds:g} s, {level_db} dB", samples)


def _silence(rng: np.random.Generator, n: int) -> Samples:
    return np.zeros(n, np.float32)


def _dither(rng: np.random.Generator, n: int) -> Samples:
    """Make the last bit of 16, on and off."""
    return rng.integers(-1, 2, n).astype(np.float32)


def _coloured(power: float) -> Callable[[np.random.Generator, int], Samples]:
    """Return a maker of noise whose energy falls with frequency to that power: 0 white, 1 pink, 2 brown."""

    def make(rng: np.random.Generator, n: int) -> Samples:
        spectrum = np.fft.rfft(rng.standard_normal(n))
        hz = np.maximum(np.fft.rfftfreq(n, 1 / SAMPLE_RATE_HZ), 20.0)
        return np.asarray(np.fft.irfft(spectrum * hz ** (-power / 2), n), np.float32)

    return make


def _times(n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.arange(n) / SAMPLE_RATE_HZ


def _tones(frequencies_hz: tuple[float, ...]) -> Callable[[np.random.Generator, int], Samples]:
    def make(rng: np.random.Generator, n: int) -> Samples:
        phases = rng.uniform(0, 2 * np.pi, len(frequencies_hz))
        waves = [np.sin(2 * np.pi * hz * _times(n) + phase) for hz, phase in zip(frequencies_hz, phases, strict=True)]
        return np.asarray(np.sum(waves, axis=0), np.float32)

    return make


def _hum(fundamental_hz: float) -> Callable[[np.random.Generator, int], Samples]:
    """Return a maker of the mains and its overtones."""

    def make(rng: np.random.Generator, n: int) -> Samples:
        overtones = [np.sin(2 * np.pi * fundamental_hz * k * _times(n) + k) / k for k in range(1, 12)]
        return np.asarray(np.sum(overtones, axis=0), np.float32)

    return make


def _fan(rng: np.random.Generator, n: int) -> Samples:
    """Make brown noise that blades chop 23 times a second."""
    return _coloured(2)(rng, n) * (1 + 0.4 * np.sin(2 * np.pi * 23 * _times(n))).astype(np.float32)


def _bursts(per_second: float, length_s: float, hz: float) -> Callable[[np.random.Generator, int], Samples]:
    """Return a maker of short decaying sounds at random times; those without a pitch (0 Hz) are noise."""

    def make(rng: np.random.Generator, n: int) -> Samples:
        samples = np.zeros(n, np.float32)
        length = round(length_s * SAMPLE_RATE_HZ)
        decay = np.exp(-6 * np.arange(length) / length)
        for _ in range(max(1, round(per_second * n / SAMPLE_RATE_HZ))):
            at = int(rng.integers(0, max(1, n - length)))
            body = np.sin(2 * np.pi * hz * _times(length)) if hz else rng.standard_normal(length)
            piece = samples[at : at + length]
            piece += (rng.uniform(0.3, 1) * decay * body)[: len(piece)]
        return samples

    return make


def _dialling(rng: np.random.Generator, n: int) -> Samples:
    """Make telephone keys, 100 ms on and 100 ms off."""
    samples = np.zeros(n, np.float32)
    step = SAMPLE_RATE_HZ // 5
    for number, at in enumerate(range(0, n - step // 2, step)):
        low, high = _DTMF_HZ[_DIALLED[number % len(_DIALLED)]]
        times = _times(step // 2)
        samples[at : at + step // 2] = np.sin(2 * np.pi * low * times) + np.sin(2 * np.pi * high * times)
    return samples


def _sweep(rng: np.random.Generator, n: int) -> Samples:
    """Make a tone from 100 Hz to 6 kHz and back."""
    hz = 100 * 60 ** (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n))
    return np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE_HZ).astype(np.float32)


def _engaged(rng: np.random.Generator, n: int) -> Samples:
    """Make a telephone's busy tone, half a second on and off."""
    return _tones((480.0, 620.0))(rng, n) * (_times(n) % 1 < 0.5).astype(np.float32)


def _speech_shaped(rng: np.random.Generator, n: int) -> Samples:
    """Make noise with the long-term spectrum of speech, rising and falling four times a second as syllables do."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hz = np.maximum(np.fft.rfftfreq(n, 1 / SAMPLE_RATE_HZ), 1.0)
    shape = 1 / (1 + (hz / 500) ** 2) * (hz > 100)
    noise = np.fft.irfft(spectrum * shape, n)
    return np.asarray(noise * (1 - np.cos(2 * np.pi * 4 * _times(n))), np.float32)


KINDS: dict[str, Callable[[np.random.Generator, int], Samples]] = {
    "silence": _silence,
    "dither": _dither,
    "white noise": _coloured(0),
    "pink noise": _coloured(1),
    "brown noise": _coloured(2),
    "hum 50 Hz": _hum(50),
    "hum 60 Hz": _hum(60),
    "fan": _fan,
    "clicks": _bursts(3, 0.005, 0),
    "keyboard": _bursts(6, 0.03, 0),
    "bells": _bursts(0.7, 1.5, 880),
    "tone 440 Hz": _tones((440,)),
    "tone 3 kHz": _tones((3000,)),
    "chord": _tones((261.6, 329.6, 392.0)),
    "dialling": _dialling,
    "sweep": _sweep,
    "engaged": _engaged,
    "speech-shaped noise": _speech_shaped,
}
"""Functions that make so many samples, of any level, from a generator of random numbers."""

_PAUSE_SHARE = 0.3
_PAUSE_KINDS = (("silence", -60), ("dither", -90), ("pink noise", -50), ("fan", -40), ("hum 50 Hz", -50))


def with_pauses(utterances: Sequence[Samples], seed: int) -> tuple[Samples, int]:
    """Join utterances, with pauses before, between and behind them that are 30 % of the whole.

    The pauses hold one kind of faint noise, by turns of the seed. Also the number of samples that are pause.
    """
    rng = np.random.default_rng((1000, seed))
    kind, level_db = _PAUSE_KINDS[seed % len(_PAUSE_KINDS)]
    n_pause = round(sum(map(len, utterances)) * _PAUSE_SHARE / (1 - _PAUSE_SHARE))
    shares = rng.dirichlet(np.full(len(utterances) + 1, 2.0))
    parts = []
    for share, utterance in zip(shares, (*utterances, np.zeros(0, np.float32)), strict=True):
        noise = KINDS[kind](rng, max(round(share * n_pause), SAMPLE_RATE_HZ // 10))
        parts += [_at_level(noise, level_db), utterance]
    whole = np.concatenate(parts).astype(np.float32)
    return whole, len(whole) - sum(map(len, utterances))


def _at_level(samples: Samples, level_db: float) -> Samples:
    loudest = float(np.abs(samples).max())
    return np.asarray(samples * (10 ** (level_db / 20) / loudest), np.float32) if loudest else samples
