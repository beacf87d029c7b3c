"""Doubts about a window's text: whether it was read in a loop, or from what is no speech, rather than from words.

The tail stands for the padding and is as good as the real padding nearly always; where a text looks like what
Whisper writes when it does not know that the audio has ended, or that there was none, the window is decoded again
in full. A false alarm costs time only, so the bounds are narrower than what would condemn a text.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..tokens import Tokenizer
from .decode import DecodedWindow

MOST_COMPRESSION = 2.4
"""openai-whisper's bound: zlib saves as much on text that repeats itself."""

MOST_TOKENS_PER_SECOND = 10
"""Fast speech has eight."""

LEAST_LOGPROB = -1.0
"""openai-whisper's bound on the mean log-probability: below it the text is a guess."""

MOST_NO_SPEECH = 0.5
"""Probability of silence from which on the window is one that Whisper likes to fill with words of its own."""

_SPARE_TOKENS = 16
_LONGEST_PHRASE = 12
_TIMES_IN_A_ROW = 3
_WORDS_IN_A_ROW = 5
_SAID_TWICE = 8


def is_suspicious(decoded: DecodedWindow, seconds: float, tokenizer: Tokenizer) -> bool:
    """Whether a window of `seconds` of audio should be looked at again, in full."""
    text = [token for token in decoded.tokens if token < tokenizer.eot]
    if len(text) > _SPARE_TOKENS + MOST_TOKENS_PER_SECOND * seconds:
        return True
    if decoded.no_speech_prob > MOST_NO_SPEECH or decoded.avg_logprob < LEAST_LOGPROB:
        return True
    return decoded.compression_ratio > MOST_COMPRESSION or repeats_itself(text)


def repeats_itself(tokens: Sequence[int]) -> bool:
    """Whether a phrase comes three times in a row (a single token: five times), or eight tokens come twice."""
    for length in range(1, _LONGEST_PHRASE + 1):
        times = _WORDS_IN_A_ROW if length == 1 else _TIMES_IN_A_ROW
        same_as_before = 0
        for index in range(length, len(tokens)):
            same_as_before = same_as_before + 1 if tokens[index] == tokens[index - length] else 0
            if same_as_before == length * (times - 1):
                return True
    seen: set[tuple[int, ...]] = set()
    for start in range(len(tokens) - _SAID_TWICE + 1):
        phrase = tuple(tokens[start : start + _SAID_TWICE])
        if phrase in seen:
            return True
        seen.add(phrase)
    return False
