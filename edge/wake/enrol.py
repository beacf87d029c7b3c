"""Makes a wake word out of a few recordings of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from ..errors import AudioError, OptionError
from .examples import Examples, Matcher
from .features import FRAME_SAMPLES, Features

LEAST, MOST = 3, 20
"""Examples that are needed, and that are of use."""

_SHORTEST_S, _LONGEST_S = 0.3, 3.0
_LOUD = 0.08
"""Share of the loudest frame from which on a frame belongs to the phrase."""
_SLACK = 0.12
"""Score that others, and other days, may differ by from the examples."""
_LEAST_THRESHOLD, _MOST_THRESHOLD = 0.3, 0.37


def enrol(phrase: str, recordings: Sequence[FloatArray], read: Callable[[FloatArray], str] | None) -> Examples:
    """Make a wake word out of recordings (n_samples,), mono at 16 kHz; `read` tells the words that are in one.

    Raises:
        AudioError: a recording is silent, or too short or long for a phrase.
        OptionError: there are too few, or too many.
    """
    if not LEAST <= len(recordings) <= MOST:
        raise OptionError(f"a wake word is made of {LEAST} to {MOST} examples; found {len(recordings)}")
    frames = tuple(_phrase(samples, number) for number, samples in enumerate(recordings, 1))
    alike = [
        max(map(Matcher([other for other in frames if other is not each]).step, [*each, *each[-1:]])) for each in frames
    ]
    threshold = float(np.clip(np.median(alike) - _SLACK, _LEAST_THRESHOLD, _MOST_THRESHOLD))
    readings = dict.fromkeys(read(samples).strip() for samples in recordings) if read is not None else ()
    return Examples(phrase, round(threshold, 3), frames, tuple(words for words in readings if words))


def _phrase(samples: FloatArray, number: int) -> FloatArray:
    """Return the frames of the phrase in a recording: from the first loud one to the last."""
    n_frames = len(samples) // FRAME_SAMPLES
    cut = samples[: n_frames * FRAME_SAMPLES].reshape(n_frames, FRAME_SAMPLES)
    levels = np.sqrt(np.square(cut).mean(axis=1)) if n_frames else np.zeros(1)
    if not levels.max() > 0:
        raise AudioError(f"example {number} is silent; expected somebody who says the phrase")
    loud = np.flatnonzero(levels >= _LOUD * levels.max())
    first, stop = int(loud[0]), int(loud[-1]) + 1
    seconds = (stop - first) * FRAME_SAMPLES / SAMPLE_RATE_HZ
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        raise AudioError(
            f"example {number} has {seconds:.1f} s of sound; expected the phrase alone, {_SHORTEST_S} to "
            f"{_LONGEST_S:.0f} s"
        )
    quiet = np.zeros(SAMPLE_RATE_HZ // 2, np.float32)
    lead = len(Features().feed(quiet))
    frames = Features().feed(np.concatenate([quiet, samples]))
    return frames[lead + first : lead + stop]
