"""Makes a wake word out of a few recordings of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from ..errors import AudioError, OptionError
from .examples import Examples
from .features import FRAME_SAMPLES, Features

LEAST, MOST = 3, 20
"""Examples that are needed, and that are of use."""

_SHORTEST_S, _LONGEST_S = 0.3, 3.0
_DEEPEST_DB, _OVER_NOISE_DB, _LEAST_DB = 25, 6, 12
"""Decibels below its loudest moment down to which a recording is the phrase, where noise lies far below it; those that
are above the noise, where it does not; and those that are the phrase in any case."""
_GAP = 15
"""Frames of silence within a phrase, at most."""
_AROUND = 2
"""Frames before and behind the phrase that belong to it."""
_NOISE_DB, _ROOM_DB = 7, 35
"""Decibels by which noise is below the phrase in a copy of an example, and in the example itself."""
_THRESHOLD = 0.37
"""Score that speech without the phrase has some thousand times an hour, whichever phrase it is: what the recogniser
reads in less than 2 % of a core."""


def enrol(phrase: str, recordings: Sequence[FloatArray], read: Callable[[FloatArray], str] | None) -> Examples:
    """Make a wake word out of recordings (n_samples,), mono at 16 kHz; `read` tells the words that are in one.

    Raises:
        AudioError: a recording is silent, or too short or long for a phrase.
        OptionError: there are too few, or too many.
    """
    if not LEAST <= len(recordings) <= MOST:
        raise OptionError(f"a wake word is made of {LEAST} to {MOST} examples; found {len(recordings)}")
    phrases = [_span(samples, number) for number, samples in enumerate(recordings, 1)]
    frames = tuple(
        _heard(samples, span, noise_db)
        for noise_db in (_ROOM_DB, _NOISE_DB)
        for samples, span in zip(recordings, phrases, strict=True)
    )
    readings = dict.fromkeys(read(samples).strip() for samples in recordings) if read is not None else ()
    return Examples(phrase, _THRESHOLD, frames, tuple(words for words in readings if words))


def _span(samples: FloatArray, number: int) -> tuple[int, int]:
    """Find the phrase in a recording: frames around its loudest moment, from the first of them to behind the last."""
    n_frames = len(samples) // FRAME_SAMPLES
    cut = samples[: n_frames * FRAME_SAMPLES].reshape(n_frames, FRAME_SAMPLES)
    if not n_frames or not np.abs(cut).max() > 0:
        raise AudioError(f"example {number} is silent; expected somebody who says the phrase")
    levels = np.convolve(10 * np.log10(np.square(cut).mean(axis=1) + 1e-10), np.full(3, 1 / 3), "same")
    top = float(levels.max())
    noise = float(np.quantile(levels[levels > top - 40], 0.2))
    loud = np.flatnonzero(levels >= max(top - _DEEPEST_DB, min(noise + _OVER_NOISE_DB, top - _LEAST_DB)))
    parts = np.split(loud, np.flatnonzero(np.diff(loud) > _GAP) + 1)
    part = next(each for each in parts if levels.argmax() in each)
    first, stop = max(0, int(part[0]) - _AROUND), min(n_frames, int(part[-1]) + 1 + _AROUND)
    seconds = (stop - first) * FRAME_SAMPLES / SAMPLE_RATE_HZ
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        raise AudioError(
            f"example {number} has {seconds:.1f} s of sound; expected the phrase alone, {_SHORTEST_S} to "
            f"{_LONGEST_S:.0f} s"
        )
    return first, stop


def _heard(samples: FloatArray, span: tuple[int, int], noise_db: float) -> FloatArray:
    """Return the frames of the phrase, in noise that begins before the recording does."""
    first, stop = span
    said = samples[first * FRAME_SAMPLES : stop * FRAME_SAMPLES]
    front = SAMPLE_RATE_HZ // 2
    noise = np.random.default_rng(0).standard_normal(front + len(samples), np.float32)
    noise = np.convolve(noise, np.array([0.5, 0.3, 0.2], np.float32), "same")  # more low than high, as in rooms
    noise *= np.sqrt(np.square(said).mean() / np.square(noise).mean()) * 10 ** (-noise_db / 20)
    features = Features()
    features.feed(noise[:front])
    return features.feed(samples + noise[front:])[first:stop]
