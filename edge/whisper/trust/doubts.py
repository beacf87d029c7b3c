"""Judges whether a window's text may come from a loop, or from sound that is not speech, rather than from words.

The tail stands for the padding and is nearly always as good as real padding. Where a text looks like what Whisper
writes when it does not know that the audio has ended, or that there was none, the window is decoded again in full,
whatever thresholds the user has set. A false alarm costs only time, so the bounds are narrower than those that would
condemn a text.

A text that stays in doubt must be supported by the recording: `speech_needed_s` gives how much speech must be heard.
The bounds were chosen on noise, music and speech (`python -m benchmarks hallucination`): words that nobody says come
with less than 0.2 s of what sounds like speech, or with nothing of it, apart from a sneeze; the shortest words of
speakers have 0.4 s, or, in clips shorter than a second, a third of the clip. Whispering does not sound like speech, but
leaves the model in no doubt.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...options import LEAST_LOGPROB, MOST_COMPRESSION
from ..search.greedy import DecodedWindow
from ..tokens import Tokenizer
from .fillers import is_filler

MOST_TOKENS_PER_SECOND = 10
"""Tokens in a second of the fastest speech, with a margin: fast speech has eight."""

LEAST_TOKENS_PER_SECOND = 1
"""Tokens in a second of a segment below which it is mostly silence, if its times are right."""

MOST_NO_SPEECH = 0.5
"""Probability of silence from which on Whisper tends to fill the window with words of its own."""

SURE_NO_SPEECH = 0.2
"""Probability of silence up to which a text that the model is sure of needs no other evidence."""

_SPEECH_OF_A_WORD_S, _SHARE_OF_A_WORD = 0.25, 0.1
"""Speech that a text must rest on, in seconds, or as a share of a short window."""
_SPEECH_OF_A_GUESS_S, _SHARE_OF_A_GUESS = 0.6, 0.25
"""Speech that a text must rest on which the model itself hardly believes."""

_SPARE_TOKENS = 16
_LONGEST_PHRASE = 12
_TIMES_IN_A_ROW = 3
_WORDS_IN_A_ROW = 5
_SAID_TWICE = 8


def is_suspicious(decoded: DecodedWindow, seconds: float, tokenizer: Tokenizer) -> bool:
    """Whether a window of `seconds` of audio should be decoded again, in full."""
    text = [token for token in decoded.tokens if token < tokenizer.eot]
    if too_much(len(text), seconds) or repeats_itself(text):
        return True
    if decoded.no_speech_prob > MOST_NO_SPEECH or decoded.avg_logprob < LEAST_LOGPROB:
        return True
    return decoded.compression_ratio > MOST_COMPRESSION


def speech_needed_s(decoded: DecodedWindow, seconds: float, tokenizer: Tokenizer) -> float:
    """Compute the seconds of speech that a window of `seconds` must hold for its text to be believed.

    It is 0 where the text is in no doubt.
    """
    text = [token for token in decoded.tokens if token < tokenizer.eot]
    if not text:
        return 0.0
    is_guess = decoded.avg_logprob < LEAST_LOGPROB or decoded.compression_ratio > MOST_COMPRESSION
    if is_guess or too_much(len(text), seconds) or repeats_itself(text):
        return min(_SPEECH_OF_A_GUESS_S, _SHARE_OF_A_GUESS * seconds)
    if decoded.no_speech_prob > SURE_NO_SPEECH or is_filler(decoded.text):
        return min(_SPEECH_OF_A_WORD_S, _SHARE_OF_A_WORD * seconds)
    return 0.0


def is_doubtful_segment(tokens: Sequence[int], text: str, seconds: float, tokenizer: Tokenizer) -> bool:
    """Whether a segment of `seconds` may come from silence, in a window in which somebody speaks."""
    n_tokens = sum(token < tokenizer.eot for token in tokens)
    return n_tokens < LEAST_TOKENS_PER_SECOND * seconds or is_filler(text)


def too_much(n_tokens: int, seconds: float) -> bool:
    """Whether nobody can speak so many tokens in so many seconds."""
    return n_tokens > _SPARE_TOKENS + MOST_TOKENS_PER_SECOND * seconds


def repeats_itself(tokens: Sequence[int]) -> bool:
    """Whether a phrase comes three times in a row (a single token: five times), or eight tokens come twice."""
    return find_loop(tokens) is not None


def find_loop(tokens: Sequence[int]) -> tuple[int, int] | None:
    """Find where a phrase begins for the second time, and how many tokens after the first; None without a repeat.

    A phrase counts that comes three times in a row (a single token: five times), and eight tokens that come twice.
    """
    for length in range(1, _LONGEST_PHRASE + 1):
        times = _WORDS_IN_A_ROW if length == 1 else _TIMES_IN_A_ROW
        same_as_before = 0
        for index in range(length, len(tokens)):
            same_as_before = same_as_before + 1 if tokens[index] == tokens[index - length] else 0
            if same_as_before == length * (times - 1):
                return index + 1 - same_as_before, length
    seen: dict[tuple[int, ...], int] = {}
    for start in range(len(tokens) - _SAID_TWICE + 1):
        first = seen.setdefault(tuple(tokens[start : start + _SAID_TWICE]), start)
        if first != start:
            return start, start - first
    return None
