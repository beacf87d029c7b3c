"""Asks the recording, where the decoder is not to be trusted, whether somebody speaks and where.

The detector is asked only in doubt, so it costs ordinary clips nothing, not even the opening of its file.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from ...arrays import BoolArray, FloatArray
from ...audio import SAMPLE_RATE_HZ
from ...listen.vad.silero import FRAME_SAMPLES, SileroVad
from ..features import FRAMES_PER_SECOND, HOP_SAMPLES
from ..search.greedy import DecodedWindow
from ..segments import Span
from ..sound import Sound
from ..tokens import Tokenizer
from .doubts import is_doubtful_segment, speech_needed_s, too_much

OpenVad = Callable[[], SileroVad | None]
"""Function that opens the detector when it is first needed; None where there is no detector."""


def no_vad() -> None:
    """Open nothing: there is no detector."""


_SHORT_SAMPLES = SAMPLE_RATE_HZ
_LEAD_IN_FRAMES = 4
"""Frames of silence put before less than a second of sound, whose first word the detector would miss without them."""

_NEAR_S = 0.5
"""Seconds by which the times that Whisper writes may be off."""

_EVENED_SAMPLES = SAMPLE_RATE_HZ // 2
_EVENED_LEVEL, _MOST_GAIN = 0.3, 300.0
"""Level of the loudest sample of each half second, as far as a gain of 50 dB brings it there."""

_CLOSURE_S = 0.2
"""Seconds of the longest pause between two stretches of speech that belongs to both."""

_STEPS_PER_S = SAMPLE_RATE_HZ / FRAME_SAMPLES


class Listener:
    """A listener to one stretch of a recording after another, where its text is in doubt."""

    def __init__(self, open_vad: OpenVad, threshold: float, tokenizer: Tokenizer) -> None:
        self._open_vad = open_vad
        self._threshold = threshold
        self._tokenizer = tokenizer
        self._sound: Sound | None = None
        self._heard: tuple[Sound, BoolArray | None] | None = None  # what was last listened to

    def turn_to(self, sound: Sound) -> None:
        """Let all questions from now on be about `sound`."""
        self._sound = sound

    def bears_out(self, decoded: DecodedWindow) -> bool:
        """Whether the sound holds the speech that its text needs.

        True as well when the text is in no doubt, or no detector is available.
        """
        assert self._sound is not None
        needed_s = speech_needed_s(decoded, len(self._sound.samples) / SAMPLE_RATE_HZ, self._tokenizer)
        if not needed_s:
            return True
        is_speech = self.speech()
        if is_speech is None:
            return True
        heard_s = np.count_nonzero(is_speech) / _STEPS_PER_S
        n_tokens = sum(token < self._tokenizer.eot for token in decoded.tokens)
        return bool(heard_s >= needed_s) and not too_much(n_tokens, heard_s)

    def bears_out_segment(self, span: Span, decoded: DecodedWindow) -> bool:
        """Whether the sound holds any speech near a segment of its text, if that or the whole text is in doubt.

        Where the sound holds none at all, the words may be whispered, and `bears_out` has decided.
        """
        assert self._sound is not None
        seconds = len(self._sound.samples) / SAMPLE_RATE_HZ
        text = self._tokenizer.decode(span.tokens)
        in_doubt = speech_needed_s(decoded, seconds, self._tokenizer) > 0
        if not in_doubt and not is_doubtful_segment(span.tokens, text, span.end - span.start, self._tokenizer):
            return True
        is_speech = self.speech()
        if is_speech is None or not is_speech.any():
            return True
        return self.heard_s(span.start - _NEAR_S, span.end + _NEAR_S) > 0

    def heard_s(self, start: float, end: float) -> float:
        """Count the seconds of speech between two times of the sound in seconds; 0 without a detector."""
        is_speech = self.speech()
        if is_speech is None:
            return 0.0
        first, stop = max(0, math.floor(start * _STEPS_PER_S)), max(0, math.ceil(end * _STEPS_PER_S))
        return np.count_nonzero(is_speech[first:stop]) / _STEPS_PER_S

    def stretches(self) -> list[tuple[int, int]] | None:
        """Find where the sound holds speech, in frames [first, stop), ascending; None without a detector."""
        is_speech = self.speech()
        if is_speech is None:
            return None
        edges = np.flatnonzero(np.diff(np.pad(is_speech, 1).astype(np.int8))) / _STEPS_PER_S
        joined: list[tuple[float, float]] = []
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if joined and start - joined[-1][1] <= _CLOSURE_S:
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
        return [(math.floor(start * FRAMES_PER_SECOND), math.ceil(end * FRAMES_PER_SECOND)) for start, end in joined]

    def speech(self) -> BoolArray | None:
        """Mark which stretches of 32 ms of the sound are speech; None without a detector."""
        sound = self._sound
        assert sound is not None
        if self._heard is not None:
            heard, is_speech = self._heard
            offset = (sound.seek - heard.seek) * HOP_SAMPLES
            if offset >= 0 and offset + len(sound.samples) <= len(heard.samples):
                if is_speech is None:
                    return None
                first = round(offset / FRAME_SAMPLES)
                return is_speech[first : first + math.ceil(len(sound.samples) / FRAME_SAMPLES)]
        self._heard = sound, self._listen(sound)
        return self._heard[1]

    def _listen(self, sound: Sound) -> BoolArray | None:
        vad = self._open_vad()
        if vad is None:
            return None
        n_lead_in = _LEAD_IN_FRAMES if len(sound.samples) < _SHORT_SAMPLES else 0
        led_in = np.concatenate([np.zeros(n_lead_in * FRAME_SAMPLES, np.float32), evened(sound.samples)])
        is_speech: BoolArray = vad.probabilities(led_in)[n_lead_in:] >= self._threshold
        return is_speech


def find_speech(open_vad: OpenVad, threshold: float, samples: FloatArray) -> BoolArray | None:
    """Mark which frames of samples (n_samples,) are speech; None without a detector."""
    vad = open_vad()
    if vad is None:
        return None
    is_speech = vad.probabilities(evened(samples)) >= threshold
    frames: BoolArray = is_speech[np.arange(len(samples) // HOP_SAMPLES) * HOP_SAMPLES // FRAME_SAMPLES]
    return frames


def evened(samples: FloatArray) -> FloatArray:
    """Make quiet parts of samples (n_samples,) as loud as the rest: after a loud voice they would be missed.

    Each half second is brought near one level, but none is raised above it for the sake of a quieter neighbor; between
    their middles the gain changes evenly.
    """
    starts = np.arange(0, len(samples), _EVENED_SAMPLES)
    if not len(starts):
        return samples
    loudest = np.maximum.reduceat(np.abs(samples), starts)
    gains = np.clip(_EVENED_LEVEL / np.maximum(loudest, _EVENED_LEVEL / _MOST_GAIN), 1, _MOST_GAIN)
    lowest = np.pad(gains, 1, mode="edge")
    lowest = np.minimum(np.minimum(lowest[:-2], lowest[2:]), gains)
    even = samples.astype(np.float32)
    middles = [0, *(starts + _EVENED_SAMPLES // 2).tolist(), len(samples)]
    known = [lowest[0], *lowest, lowest[-1]]
    for (first, stop), (from_gain, to_gain) in zip(pairwise(middles), pairwise(known), strict=True):
        part = even[first:stop]
        part *= np.linspace(from_gain, to_gain, len(part), endpoint=False, dtype=np.float32)
    return even
