"""Tells a phrase that is spoken again and again from one that was only read in a loop.

A repetition counts as spoken where it has a stretch of speech of its own: in the attention of the alignment heads its
tokens move on, and the detector hears as much speech there as so many tokens take. A decoder in a loop looks at one
place, or goes on where nobody speaks. The text after a loop is judged in the same way, never dropped with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ...arrays import FloatArray
from ...options import MOST_COMPRESSION
from ..engines.protocol import State
from ..features import FRAMES_PER_SECOND
from ..file.dims import FRAMES_PER_POSITION
from ..search.greedy import DecodedWindow
from ..sound import Sound
from ..tokens import Tokenizer
from ..words.align import attention_map, warp
from .doubts import find_loop
from .evidence import Listener

_TOKENS_PER_SECOND = 12
"""Tokens in a second, more than anybody speaks, with a margin for where attention puts a token."""


Align = Callable[[Sequence[int], int], FloatArray]
"""Function that finds when tokens are spoken, as an `Aligner` does."""


class Aligner:
    """A finder of when tokens are spoken, by the attention of a state that holds the encoding of the window."""

    def __init__(self, state: State, start: Sequence[int], eot: int, lead: int) -> None:
        """Make one; `start` are the tokens that begin a text without timestamps, `lead` is that of `attention_map`."""
        self._state, self._start, self._eot, self._lead = state, tuple(start), eot, lead

    def __call__(self, text: Sequence[int], n_frames: int) -> FloatArray:
        """Find the second at which each token of `text` begins, and at which the last one ends: (n_text + 1,)."""
        n_positions = max(1, n_frames // FRAMES_PER_POSITION)
        gain = attention_map(self._state, self._start, text, self._eot, n_positions, self._lead)
        entries = warp(gain)[: len(text) + 1]
        return (entries * (FRAMES_PER_POSITION / FRAMES_PER_SECOND)).astype(np.float32)


def is_repeated(decoded: DecodedWindow, tokenizer: Tokenizer) -> bool:
    """Whether a window's text repeats itself, spoken or not."""
    if decoded.compression_ratio <= MOST_COMPRESSION:
        return False
    return find_loop([token for token in decoded.tokens if token < tokenizer.eot]) is not None


def _said_again(times: FloatArray, start: int, period: int, listener: Listener) -> Iterator[int]:
    """Find the tokens from `start` on that belong to a repetition with speech of its own.

    Attention may give a part of a repetition to its neighbor: one that has half of the speech it needs counts as
    spoken if it and both neighbors together have enough.
    """

    def has_speech(first: int, stop: int, tokens_per_second: float) -> bool:
        first, stop = max(first, 0), min(stop, len(times) - 1)
        return listener.heard_s(float(times[first]), float(times[stop])) * tokens_per_second >= stop - first

    for first in range(start, len(times) - 1, period):
        stop = min(first + period, len(times) - 1)
        alone = has_speech(first, stop, _TOKENS_PER_SECOND)
        if alone or (
            has_speech(first, stop, 2 * _TOKENS_PER_SECOND)
            and has_speech(first - period, stop + period, _TOKENS_PER_SECOND)
        ):
            yield from range(first, stop)


def without_loop(
    decoded: DecodedWindow, sound: Sound, tokenizer: Tokenizer, listener: Listener | None, align: Align | None
) -> DecodedWindow:
    """Keep those repetitions in a window's text that are spoken; gives the same object if all are.

    Without a detector or alignment heads to ask, the first telling of the phrase stays and nothing after it. Timestamps
    stay where they stood, and the compression ratio is that of what was decoded, so that the text stays in doubt.
    """
    if not is_repeated(decoded, tokenizer):
        return decoded
    places = [place for place, token in enumerate(decoded.tokens) if token < tokenizer.eot]
    text = [decoded.tokens[place] for place in places]
    loop = find_loop(text)
    assert loop is not None
    start, period = loop
    said = set(range(start))
    times = None if align is None or listener is None or listener.speech() is None else align(text, sound.n_frames)
    if times is not None and listener is not None:
        said.update(_said_again(times, start, period, listener))
    if len(said) == len(text):
        return decoded
    dropped = {place for index, place in enumerate(places) if index not in said}
    if times is None:  # the place of the rest is not known
        dropped.update(range(places[start], len(decoded.tokens)))
    kept = [place for place in range(len(decoded.tokens)) if place not in dropped]
    tokens = tuple(decoded.tokens[place] for place in kept)
    return dataclasses.replace(
        decoded,
        tokens=tokens,
        token_logprobs=tuple(decoded.token_logprobs[place] for place in kept),
        text=tokenizer.decode(tokens).strip(),
    )
