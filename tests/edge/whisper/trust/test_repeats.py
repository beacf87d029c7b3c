"""What the recording says again and again, and what was only read in a loop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.whisper.features import HOP_SAMPLES
from edge.whisper.search.greedy import DecodedWindow, Hypothesis, summarize
from edge.whisper.sound import Sound
from edge.whisper.tokens import Tokenizer
from edge.whisper.trust.evidence import Listener
from edge.whisper.trust.repeats import is_repeated, without_loop

ONCE = " ask not what your country"
SILENT = Sound(0, 3000, np.zeros((3000, 80), np.float32), np.zeros(3000 * HOP_SAMPLES, np.float32), 30.0)


def decoded_of(tokens: Sequence[int], tokenizer: Tokenizer) -> DecodedWindow:
    return summarize(Hypothesis(tuple(tokens), (0.0,) * (len(tokens) + 1), 0.0), 0.0, tokenizer)


class HeardFrom(Listener):
    """Hears speech between two places, and nothing elsewhere."""

    def __init__(self, start: float, end: float) -> None:
        self._start, self._end = start, end

    def speech(self) -> NDArray[np.bool_]:
        steps = np.arange(0, 30, 0.032)
        return (steps >= self._start) & (steps < self._end)


class Evenly:
    """An aligner that spreads tokens over so many seconds, or puts them where it is told to."""

    def __init__(self, seconds: float | Sequence[float]) -> None:
        self._seconds = seconds

    def __call__(self, text: Sequence[int], n_frames: int) -> NDArray[np.float32]:
        if isinstance(self._seconds, float):
            return np.linspace(0, self._seconds, len(text) + 1, dtype=np.float32)
        return np.asarray(self._seconds, np.float32)


def kept(
    tokenizer: Tokenizer, tokens: Sequence[int], listener: Listener | None, align: Evenly | None
) -> tuple[DecodedWindow, DecodedWindow]:
    decoded = decoded_of(tokens, tokenizer)
    return decoded, without_loop(decoded, SILENT, tokenizer, listener, align)


def test_a_recording_that_repeats_keeps_all_of_its_tellings(english: Tokenizer) -> None:
    tokens = [english.timestamp_token(0.0), *english.encode(ONCE) * 6, *english.encode(" fellow Americans")]
    decoded, said = kept(english, tokens, HeardFrom(0, 20), Evenly(20.0))
    assert is_repeated(decoded, english)
    assert said is decoded


def test_tellings_without_speech_of_their_own_are_dropped(english: Tokenizer) -> None:
    once = english.encode(ONCE)
    _, said = kept(english, [english.timestamp_token(0.0), *once * 9], HeardFrom(0, 4), Evenly(18.0))
    assert said.text == "ask not what your country ask not what your country"  # 2 s each
    assert len(said.token_logprobs) == len(said.tokens) == 1 + 2 * len(once)
    assert said.compression_ratio > 2.4


def test_a_decoder_that_looks_at_one_place_reads_in_a_loop(english: Tokenizer) -> None:
    once = english.encode(ONCE)
    n = 9 * len(once)
    crowded = [0.0] * len(once) + [2 + 0.02 * number for number in range(n - len(once))] + [30.0]
    _, said = kept(english, once * 9, HeardFrom(0, 3), Evenly(crowded))
    assert said.text == "ask not what your country"


def test_what_follows_a_loop_stays(english: Tokenizer) -> None:
    once, after = english.encode(ONCE), english.encode(" fellow Americans and you too")
    n_loop = 9 * len(once)
    times = [*np.linspace(0, 2, len(once), endpoint=False), *(2 + 0.02 * np.arange(n_loop - len(once)))]
    times += [*np.linspace(10, 14, len(after) + 1)]
    _, said = kept(english, [*once * 9, *after], HeardFrom(0, 14), Evenly(times))
    assert said.text.startswith("ask not what your country")
    assert said.text.endswith("fellow Americans and you too")


def test_without_evidence_the_first_telling_stays_alone(english: Tokenizer) -> None:
    tokens = [english.timestamp_token(0.0), *english.encode(ONCE) * 9, english.timestamp_token(20.0)]
    for listener, align in ((None, Evenly(20.0)), (HeardFrom(0, 20), None)):
        _, said = kept(english, tokens, listener, align)
        assert said.text == "ask not what your country"
        assert said.tokens == tuple(tokens[: 1 + len(english.encode(ONCE))])


@pytest.mark.parametrize("text", [" no no no no no", " ask not what your country can do for you"])
def test_what_hardly_repeats_is_left_alone(english: Tokenizer, text: str) -> None:
    decoded, said = kept(english, english.encode(text), None, None)
    assert said is decoded
