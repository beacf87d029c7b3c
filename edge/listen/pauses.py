"""Cuts a recording into sections in its pauses, never inside a word, while it comes in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..audio.mono import SAMPLE_RATE_HZ

FRAME_SAMPLES = 160
"""Samples of a frame, whose loudness is looked at, and of which a section has a whole number: 10 ms."""

_FRAMES_PER_S = SAMPLE_RATE_HZ // FRAME_SAMPLES
_LEAST_FRAMES, _MOST_FRAMES = 30 * _FRAMES_PER_S, 60 * _FRAMES_PER_S
"""Frames of a section that has a pause: those that fill a window or less lose more words at their ends."""
_PAUSE_FRAMES = 30
"""Frames of a pause: a word may be silent for 0.2 s, before a plosive."""
_KEPT_FRAMES = 2 * _FRAMES_PER_S
"""Frames at the end of sound without a pause that are looked at once more, with what follows."""
_MOST_LEAD_FRAMES = 50
"""Frames of silence before the first word of a section, at most: Whisper begins within the first second."""
_LOUD_PERCENTILE = 90
_QUIET = np.float32(10 ** (-30 / 10))
"""Factor to the loudest frames at which a frame is between words: -30 dB."""

FindSpeech = Callable[[FloatArray], BoolArray | None]
"""Function that marks which of the frames of samples are speech; None where there is no detector."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples of a section."""

    samples: FloatArray
    is_last: bool
    """Whether the section ends with them."""


class PauseCutter:
    """A cutter of sound into sections, which are the same whatever the sizes of the blocks that come in.

    A section has half a minute to a minute, or as much as it takes until somebody pauses.
    """

    def __init__(self, find_speech: FindSpeech = lambda samples: None) -> None:
        """Begin; `find_speech` is asked where the level shows no pause, as behind noise."""
        self._find_speech = find_speech
        self._blocks: list[FloatArray] = []
        self._n_samples = 0
        self._goes_on = False
        """Whether the section has samples that were given already."""

    def feed(self, samples: FloatArray) -> Iterator[Piece]:
        """Take the next samples (n_samples,), and give what is certain to belong together."""
        self._blocks.append(samples)
        self._n_samples += len(samples)
        while self._n_samples >= _MOST_FRAMES * FRAME_SAMPLES:
            joined = np.concatenate(self._blocks)
            at = self._cut(joined[: _MOST_FRAMES * FRAME_SAMPLES])
            n_samples = (_MOST_FRAMES - _KEPT_FRAMES if at is None else at) * FRAME_SAMPLES
            self._blocks, self._n_samples = [joined[n_samples:].copy()], len(joined) - n_samples
            self._goes_on = at is None
            yield Piece(joined[:n_samples], is_last=at is not None)

    def finish(self) -> Iterator[Piece]:
        """Give what is left."""
        if self._n_samples or self._goes_on:
            yield Piece(np.concatenate([*self._blocks, np.zeros(0, np.float32)]), is_last=True)
        self._blocks, self._n_samples, self._goes_on = [], 0, False

    def _cut(self, samples: FloatArray) -> int | None:
        """Choose the frame at which a section ends; None where there is no pause."""
        power = np.square(samples.reshape(-1, FRAME_SAMPLES)).mean(axis=1)
        is_quiet: BoolArray = power <= np.percentile(power, _LOUD_PERCENTILE) * _QUIET
        least = 1 if self._goes_on else _LEAST_FRAMES
        at = _in_longest(is_quiet, least)
        if at is None and (is_speech := self._find_speech(samples)) is not None:
            at = _in_longest(~is_speech, least)
        return at


def _in_longest(is_quiet: BoolArray, least: int) -> int | None:
    """Find a frame from `least` on in the longest pause, towards its end; None where there is no pause."""
    edges = np.flatnonzero(np.diff(np.pad(is_quiet, 1).astype(np.int8)))
    firsts, stops = edges[::2], edges[1::2]
    cuts = stops - np.minimum((stops - firsts) // 2, _MOST_LEAD_FRAMES)
    lengths = np.where(cuts >= least, stops - firsts, 0)
    if not len(lengths) or lengths.max() < _PAUSE_FRAMES:
        return None
    return int(cuts[lengths.argmax()])
