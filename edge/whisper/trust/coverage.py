"""Finds speech in a recording that has no text, to be read once more.

A decoder may end a window early, at a pause or before another speaker, and with a window whose text is not believed the
speech in it is lost. So for every window it is known where text stands; where there is no text and no silence, the
detector is asked, and nothing that sounds like speech is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ...arrays import FloatArray
from ..features import FRAMES_PER_SECOND, HOP_SAMPLES
from ..sound import Sound
from .evidence import Listener

Stretch = tuple[int, int]
"""Frames [first, stop) of a sound."""

LEAST_FRAMES = 40
"""Frames of speech that must have text: 0.4 s."""

LEAD_FRAMES = 20
"""Frames that are read before and after speech, as far as they are there."""

PAUSE_FRAMES = 100
"""Frames of a pause that divides what is read on its own: 1 s."""

_NEAR_FRAMES = 30
"""Frames by which a text's times may be off: what is so near to it is not missing."""

_CONTEXT_FRAMES = 100
"""Frames that the detector hears before and after a gap, to know the voice."""

_AUDIBLE_FRAMES = 20
"""Frames that must be audible in all for there to be speech."""
_AUDIBLE = np.float32(10 ** (-80 / 10))
"""Mean square of a frame that may hold quiet speech, 80 dB below full scale: some recordings are no louder at all."""
_ABOVE_QUIET = np.float32(10 ** (6 / 10))
"""Factor by which speech is louder than the sound that is always there: 6 dB."""
_QUIET_PERCENTILE, _LOUD_PERCENTILE = 10, 90
_NEARLY_AS_LOUD = np.float32(10 ** (-30 / 10))
"""Factor to the loudest words below which a frame is between words: -30 dB."""


def first_unread(sound: Sound, texts: Sequence[Stretch], begin: int, end: int, listener: Listener) -> Stretch | None:
    """Find the first stretch of speech without text between two frames of a sound, with its lead.

    `texts` are the stretches that have text, in order. None means that all speech has text. The stretch ends at the
    first pause of a second after it, or at a text.
    """
    gaps = [gap for gap in _between(texts, begin, end) if gap[1] - gap[0] >= LEAST_FRAMES]
    for first, stop in _audible(sound.samples, gaps):
        spoken = _listen(sound, max(first - _CONTEXT_FRAMES, 0), min(stop + _CONTEXT_FRAMES, sound.n_frames), listener)
        inside = [(max(a, first), min(b, stop)) for a, b in spoken if b > first and a < stop]
        inside = [(a, b) for a, b in inside if b - a >= LEAST_FRAMES]
        if inside:
            return _with_lead(inside, spoken, (first, stop), texts, sound.n_frames)
    return None


def _listen(sound: Sound, first: int, stop: int, listener: Listener) -> list[Stretch]:
    """Find where somebody speaks between two frames of a sound; nothing if there is no detector."""
    listener.turn_to(sound.part(first, stop))
    spoken = [(first + a, first + b) for a, b in listener.stretches() or ()]
    listener.turn_to(sound)
    return spoken


def _between(texts: Sequence[Stretch], begin: int, end: int) -> list[Stretch]:
    """Find the stretches from `begin` to `end` that are not near any text."""
    gaps = []
    for first, stop in texts:
        if first - _NEAR_FRAMES > begin:
            gaps.append((begin, min(first - _NEAR_FRAMES, end)))
        begin = max(begin, stop + _NEAR_FRAMES)
    return [*gaps, (begin, end)]


def _with_lead(
    inside: Sequence[Stretch], spoken: Sequence[Stretch], gap: Stretch, texts: Sequence[Stretch], n_frames: int
) -> Stretch:
    """Give the first of the stretches `inside` a gap, and what follows it without a pause, with its lead."""
    before = max((stop for _, stop in texts if stop <= gap[0]), default=0)
    behind = min((first for first, _ in texts if first >= gap[1]), default=n_frames)
    # The speech may have begun nearer to the text than the part that counts.
    begun = min(first for first, stop in spoken if stop > inside[0][0])
    last = inside[0][1]
    for first, stop in spoken:
        if first <= last + PAUSE_FRAMES and first < behind:
            last = max(last, stop)
    return max(begun - LEAD_FRAMES, before, 0), min(last + LEAD_FRAMES, behind, n_frames)


def _audible(samples: FloatArray, gaps: Sequence[Stretch]) -> Sequence[Stretch]:
    """Choose the gaps in which there may be speech, by their loudness alone."""
    power = _power(samples) if gaps else np.zeros(0, np.float32)
    if not len(power):
        return ()
    least = max(_AUDIBLE, np.percentile(power, _QUIET_PERCENTILE) * _ABOVE_QUIET)
    return [(a, b) for a, b in gaps if np.count_nonzero(power[a:b] > least) >= _AUDIBLE_FRAMES]


def _power(samples: FloatArray) -> FloatArray:
    """Compute the mean square of each whole frame."""
    n_frames = len(samples) // HOP_SAMPLES
    power: FloatArray = np.square(samples[: n_frames * HOP_SAMPLES].reshape(n_frames, HOP_SAMPLES)).mean(axis=1)
    return power


def loud_s(samples: FloatArray, pause_s: float) -> float | None:
    """Count the seconds in which samples (n_samples,) are near their loudness; None without a pause of `pause_s`."""
    n_frames = len(samples) // HOP_SAMPLES
    if n_frames < pause_s * FRAMES_PER_SECOND:
        return None
    power = _power(samples)
    loud = np.flatnonzero(power > np.percentile(power, _LOUD_PERCENTILE) * _NEARLY_AS_LOUD)
    longest = np.diff(loud, prepend=-1, append=n_frames).max()
    return len(loud) / FRAMES_PER_SECOND if longest > pause_s * FRAMES_PER_SECOND else None


def is_partly_spoken(sound: Sound, listener: Listener) -> bool:
    """Whether somebody speaks in a sound, but not in all of it: what is spoken can be read on its own."""
    spoken = listener.stretches()
    if not spoken:
        return False
    edges = [(0, spoken[0][0]), *((a[1], b[0]) for a, b in pairwise(spoken)), (spoken[-1][1], sound.n_frames)]
    return any(stop - first >= PAUSE_FRAMES + 2 * LEAD_FRAMES for first, stop in edges)


def speech_start(sound: Sound, listener: Listener) -> int | None:
    """Find the frame at which speech begins, with its lead; 0 without a detector, None where nobody speaks."""
    listener.turn_to(sound)
    spoken = listener.stretches()
    if spoken is None:
        return 0
    return max(0, spoken[0][0] - LEAD_FRAMES) if spoken else None
