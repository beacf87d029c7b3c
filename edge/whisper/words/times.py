"""Finds when each word was spoken: where attention points, and of that what is loud enough to be speech.

Attention tells words apart well, but gives a pause to a word next to it. Loudness shows where speech begins and ends at
a pause, so every word is trimmed to that.
"""

from __future__ import annotations

import math
import time
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

import numpy as np

from ...arrays import BoolArray, FloatArray
from ...options import Task
from ...transcript.types import Segment, Word
from ..engines.protocol import State
from ..features import FRAMES_PER_SECOND
from ..file.dims import FRAMES_PER_POSITION
from ..segments import decoding_of
from ..tokens import Tokenizer
from .align import attention_map, warp
from .pieces import TokenWord, group_words

_HEARD = np.float32(8)
"""Powers of ten below the loudest value of a window that the model hears; its features are cut off there as well."""
_QUIET_PERCENTILE, _LOUD_PERCENTILE = 10, 95
_SPEECH_FROM = 0.2
"""Share of the way from quiet to loud at which speech begins."""
_SMOOTHED_FRAMES = 5
_CLOSURE_FRAMES = 10
"""Frames of silence too short to divide a word, as before the p of "stop"."""
_LINGER_FRAMES = 15
"""Frames for which a word may still be heard after attention has moved on to the sign after it."""
_WORD_FRAMES = 50
"""Frames in which nearly every word is said."""
_DOUBT_S = 0.5
"""Seconds that the timestamps of a segment, where the model wrote some, are hardly ever further off."""


class WordTimer:
    """A timer that places the words of one window after another in time."""

    def __init__(self, state: State, tokenizer: Tokenizer, task: Task, lead: int) -> None:
        """Make a timer; `lead` is the number of positions by which attention is ahead (`attention_lead`)."""
        self.seconds = 0.0
        """Seconds spent."""
        self._state = state
        self._tokenizer = tokenizer
        self._task: Task = task
        self._lead = lead

    def __call__(self, segments: Sequence[Segment], raw: FloatArray, language: str | None) -> list[Segment]:
        """Give the segments of a window their words; their own times become those of their first and last word.

        The state holds the encoding of the window; what it has decoded is lost. `raw` (n_frames, n_mels) are the
        window's raw mel frames, up to the end of the segments: all words lie there, in order and apart.
        """
        began = time.perf_counter()
        tokenizer = self._tokenizer
        texts = [[token for token in decoding_of(segment).tokens if token < tokenizer.eot] for segment in segments]
        written_in = "en" if self._task == "translate" else language
        groups = [group_words(tokens, tokenizer, written_in) for tokens in texts]
        firsts = accumulate((len(tokens) for tokens in texts), initial=0)
        spoken = [
            (first + word.spoken_first, first + word.spoken_stop)
            for first, group in zip(firsts, groups, strict=False)
            for word in group
        ]
        openings = set(accumulate((len(group) for group in groups), initial=0))
        text = [token for tokens in texts for token in tokens]
        places = iter(self._places(spoken, openings, text, raw, language))
        timed = [_timed(segment, group, places, tokenizer) for segment, group in zip(segments, groups, strict=True)]
        self.seconds += time.perf_counter() - began
        return timed

    def _places(
        self,
        spoken: Sequence[tuple[int, int]],
        openings: Container[int],
        text: Sequence[int],
        raw: FloatArray,
        language: str | None,
    ) -> list[tuple[int, int]]:
        if not text:
            return []
        start = (*self._tokenizer.sot_sequence(language, self._task), self._tokenizer.no_timestamps)
        n_positions = max(1, len(raw) // FRAMES_PER_POSITION)
        gain = attention_map(self._state, start, text, self._tokenizer.eot, n_positions, self._lead)
        return place_words(spoken, gain, is_speech(raw), openings)


def place_words(
    spoken: Sequence[tuple[int, int]], gain: FloatArray, speech: BoolArray, openings: Container[int] = (0,)
) -> list[tuple[int, int]]:
    """Find the first frame of each word and the one after its last.

    Args:
        spoken: first token and one after the last of each word, signs left out: rows of `gain`, ascending.
        gain: how much each token and, last, the end of the text are read from each position (`attention_map`).
        speech: which frames are speech (`is_speech`).
        openings: numbers of the words that begin a segment.
    """
    entries = warp(gain) * FRAMES_PER_POSITION
    begins = [int(entries[first]) for first, _ in spoken]
    places: list[tuple[int, int]] = []
    bounds = pairwise([*begins, int(entries[-1])])
    for number, ((first, stop), (begin, end)) in enumerate(zip(spoken, bounds, strict=True)):
        attended = min(int(entries[stop]), len(speech))
        attention = np.maximum(gain[first:stop], 0).repeat(FRAMES_PER_POSITION, axis=1)[:, begin:attended]
        heard = speech[begin : min(end, attended + _LINGER_FRAMES)]
        stretches = [stretch for stretch in _stretches(heard) if stretch[0] < attended - begin]
        if not stretches:
            found = [(0, max(attended - begin, 0))]
        elif number in openings and stop - first == 1:  # its attention wanders over all that is heard before
            found = stretches[-1:]
        else:  # token by token: a number or a name that is spelled may be spoken with pauses in it
            found = [_best(stretches, of_token) for of_token in attention]
        places.append((begin + min(at[0] for at in found), begin + max(at[1] for at in found)))
    return places


def _best(stretches: Sequence[tuple[int, int]], attention: FloatArray) -> tuple[int, int]:
    """Choose the stretch to which a token pays most attention (n_frames,)."""
    return max(stretches, key=lambda stretch: _most_at_once(attention[slice(*stretch)]))


def _most_at_once(attention: FloatArray) -> float:
    """Find the most attention (n_frames,) in the time of a word.

    What has no text of its own, such as a phrase that is said again, draws less at once, but in all of its length.
    """
    sums = np.cumsum(attention)
    sums[_WORD_FRAMES:] -= sums[:-_WORD_FRAMES].copy()
    return float(sums.max())


def is_speech(raw: FloatArray) -> BoolArray:
    """Mark the raw mel frames (n_frames, n_mels) that are as loud as the speech in them."""
    if not len(raw):
        return np.zeros(0, np.bool_)
    loudness = np.maximum(raw, raw.max() - _HEARD).mean(axis=1)
    quiet, loud = np.percentile(loudness, (_QUIET_PERCENTILE, _LOUD_PERCENTILE))
    half = _SMOOTHED_FRAMES // 2
    padded = np.pad(loudness, half, mode="edge")
    smooth = np.lib.stride_tricks.sliding_window_view(padded, _SMOOTHED_FRAMES).mean(axis=1)
    found: BoolArray = smooth > quiet + _SPEECH_FROM * (loud - quiet)
    return found


def _stretches(speech: BoolArray) -> list[tuple[int, int]]:
    """Find stretches [first, stop) of speech, joining those less than a pause apart."""
    edges = np.flatnonzero(np.diff(np.pad(speech, 1).astype(np.int8))).tolist()
    joined: list[tuple[int, int]] = []
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        if joined and first - joined[-1][1] < _CLOSURE_FRAMES:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((first, stop))
    return joined


def _timed(
    segment: Segment, group: Sequence[TokenWord], places: Iterator[tuple[int, int]], tokenizer: Tokenizer
) -> Segment:
    decoding = decoding_of(segment)
    given = zip(decoding.tokens, decoding.token_probabilities, strict=True)
    sure = [probability for token, probability in given if token < tokenizer.eot]
    words = [
        Word(
            start=_seconds(decoding.seek + first),
            end=_seconds(decoding.seek + stop),
            text=word.text,
            probability=math.prod(sure[word.spoken_first : word.spoken_stop]),
        )
        for word, (first, stop) in zip(group, places, strict=False)
    ]
    if not words:
        return segment
    # Music and the like hide where speech begins next to them; then the model's timestamps are better.
    words[0] = replace(words[0], start=_raised(words[0].start, round(segment.start - _DOUBT_S, 2), words[0].end))
    words[-1] = replace(words[-1], end=-_raised(-words[-1].end, -round(segment.end + _DOUBT_S, 2), -words[-1].start))
    return replace(segment, start=words[0].start, end=words[-1].end, words=tuple(words))


def _raised(value: float, least: float, below: float) -> float:
    """Give `value`, or `least` if that is more and yet less than `below`."""
    return least if value < least < below else value


def _seconds(frame: int) -> float:
    return round(frame / FRAMES_PER_SECOND, 2)
