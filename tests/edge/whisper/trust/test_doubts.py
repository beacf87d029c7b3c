"""When a text is in doubt, and what is done then."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.audio import open_audio
from edge.options import TranscribeOptions
from edge.transcript.transcript import Transcript
from edge.whisper.file.landmarks import Tail
from edge.whisper.search.greedy import Hypothesis, summarize
from edge.whisper.tokens import Tokenizer
from edge.whisper.trust.doubts import is_suspicious, repeats_itself

from ..conftest import EngineOf, ScriptedEngine, ScriptOf
from ..run import transcribe

TAIL = Tail(
    stride=48,
    positions=np.array([40, 1499], np.int32),
    counts=np.array([1499, 1], np.int32),
    local_heads=np.zeros(0, np.int32),
    contexts=np.zeros((2, 0, 64), np.float32),
)


def doubt(tokenizer: Tokenizer, text: str, seconds: float, logprob: float = 0.0, no_speech_prob: float = 0.0) -> bool:
    tokens = tokenizer.encode(text)
    decoded = summarize(Hypothesis(tuple(tokens), (logprob,) * (len(tokens) + 1), logprob), no_speech_prob, tokenizer)
    return is_suspicious(decoded, seconds, tokenizer)


def test_guesses_and_silence_are_not_believed(english: Tokenizer) -> None:
    assert not doubt(english, " Ask not", 2.0, logprob=-0.9, no_speech_prob=0.4)
    assert doubt(english, " Ask not", 2.0, logprob=-1.1)
    assert doubt(english, " Ask not", 2.0, no_speech_prob=0.6)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (" Ask not what your country can do for you, ask what you can do for your country.", 5.0),
        (" No, no, no. Very, very well.", 2.0),
        (" Nine nine nine", 1.0),
        ("", 0.5),
    ],
)
def test_speech_is_believed(english: Tokenizer, text: str, seconds: float) -> None:
    assert not doubt(english, text, seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (" the end of the end of the end of the end of", 5.0),
        (" la la la la la la", 5.0),
        (" Once upon a time there lived a stone cutter. Once upon a time there lived a stone cutter.", 20.0),
        (" the quick brown fox jumps over a lazy dog and then some more of the same kind of prose", 0.1),
    ],
)
def test_loops_and_torrents_are_not(english: Tokenizer, text: str, seconds: float) -> None:
    assert doubt(english, text, seconds)


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 12), st.integers(0, 40))
def test_a_phrase_three_times_in_a_row_is_found_anywhere(tokens: list[int], length: int, at: int) -> None:
    phrase = list(range(100, 100 + length))
    times = 5 if length == 1 else 3
    assert repeats_itself([*tokens[:at], *phrase * times, *tokens[at:]])


@given(st.lists(st.integers(0, 10**6), max_size=60, unique=True))
def test_what_never_repeats_is_fine(tokens: list[int]) -> None:
    assert not repeats_itself(tokens)


def decode(engine: ScriptedEngine, tokenizer: Tokenizer, **settings: Any) -> Transcript:
    class Facts:
        mel_filters = np.ones((80, 201), np.float32)
        suppress_tokens = ()
        suppress_begin = ()
        attention_lead = 0

    sound = np.random.default_rng(1).standard_normal(80_000).astype(np.float32) / 10
    options = TranscribeOptions(timestamps=False, temperature=0, **settings)
    return transcribe(engine, engine.new_state(), tokenizer, Facts, open_audio(sound), options)


def test_a_text_in_doubt_is_read_again_in_full(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    engine = engine_of(script(english, english.encode(" ask" * 9), english.encode(" ask not")))
    engine.tail = TAIL
    result = decode(engine, english)
    assert result.text == "ask not"
    assert (result.timing.n_windows, result.timing.n_second_looks) == (2, 1)
    assert [len(features) for features in engine.state.encoded] == [2 * 288, 3000]


def test_one_look_is_enough_for_sound_text(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    engine = engine_of(script(english, english.encode(" ask not")))
    engine.tail = TAIL
    assert decode(engine, english).timing.n_second_looks == 0
    assert [len(features) for features in engine.state.encoded] == [2 * 288]


def test_full_context_never_uses_the_tail(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    engine = engine_of(script(english, english.encode(" ask" * 9)))
    engine.tail = TAIL
    assert decode(engine, english, context="full").timing.n_second_looks == 0
    assert [len(features) for features in engine.state.encoded] == [3000]
