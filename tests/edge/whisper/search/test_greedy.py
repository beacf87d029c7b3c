from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.whisper.file.dims import WhisperDims
from edge.whisper.search.greedy import Bounds, GreedyDecoder, Prompt, compression_ratio, make_prompt
from edge.whisper.search.language import detect_language
from edge.whisper.search.rules import TokenRules
from edge.whisper.tokens import Tokenizer

from ..conftest import EngineOf, ScriptedEngine, ScriptedState, ScriptOf

N_TEXT_CTX = 448


def state_of(engine: ScriptedEngine) -> ScriptedState:
    state = engine.new_state()
    state.encode(np.zeros((3000, 80), np.float32))
    return state


def greedy(tokenizer: Tokenizer, *, timestamps: bool = True, max_tokens: int | None = None) -> GreedyDecoder:
    return GreedyDecoder(tokenizer, TokenRules(tokenizer, timestamps=timestamps), Bounds(N_TEXT_CTX, max_tokens))


def rest_of(guess: Sequence[int], tokens: Sequence[int]) -> Sequence[int]:
    return guess[len(tokens) :]


def test_greedy_writes_what_the_logits_say(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    words = english.encode(" ask not what")
    wanted = [english.timestamp_begin, *words, english.timestamp_token(2.0)]
    state = state_of(engine_of(script(english, wanted, no_speech=0.25)))
    found = greedy(english)(state, Prompt((english.sot,), 0))
    assert list(found.tokens) == wanted
    assert found.text == "ask not what"
    assert found.no_speech_prob == pytest.approx(0.25, rel=1e-3)
    assert len(found.token_logprobs) == len(wanted) + 1
    assert found.avg_logprob == pytest.approx(sum(found.token_logprobs) / (len(wanted) + 1))
    assert found.temperature == 0
    # One call for the prompt, then one for each token but <|endoftext|>.
    assert state.decoded == [[english.sot], *([token] for token in wanted)]


def test_a_window_can_be_decoded_twice(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    state = state_of(engine_of(script(english, english.encode(" ask"))))
    decoder, prompt = greedy(english, timestamps=False), Prompt((english.sot, english.no_timestamps), 0)
    assert decoder(state, prompt) == decoder(state, prompt)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.lists(st.integers(300, 303), max_size=14))
@settings(deadline=None, max_examples=60)
def test_any_draft_gives_the_same_text(
    english: Tokenizer, engine_of: EngineOf, seed: int, max_tokens: int, draft: list[int]
) -> None:
    def few_words(window: int, tokens: tuple[int, ...]) -> NDArray[np.float32]:
        logits = np.zeros(english.n_vocab, np.float32)
        rng = np.random.default_rng((seed, *tokens))
        logits[[300, 301, 302, 303, english.eot]] = 9 + rng.standard_normal(5)
        return logits

    decoder = greedy(english, timestamps=False, max_tokens=max_tokens)
    prompt = Prompt((english.sot, english.no_timestamps), 0)
    state, other = state_of(engine_of(few_words)), state_of(engine_of(few_words))
    plain = decoder(state, prompt)
    for guess in (tuple(draft), plain.tokens, (*plain.tokens[:3], *draft)):
        assert decoder(other, replace(prompt, draft=guess)) == plain
        assert (other.n_past, other.beams) == (state.n_past, state.beams)
        assert decoder(other, prompt, partial(rest_of, guess)) == plain
        assert (other.n_past, other.beams) == (state.n_past, state.beams)


def test_what_is_guessed_on_the_way_takes_one_call(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    wanted = english.encode(" ask not what")
    state = state_of(engine_of(script(english, wanted)))
    prompt = Prompt((english.sot, english.no_timestamps), 0)
    found = greedy(english, timestamps=False)(state, prompt, lambda tokens: wanted[len(tokens) :])
    assert list(found.tokens) == wanted
    assert state.decoded == [list(prompt.tokens), wanted]


@pytest.mark.parametrize(
    ("max_tokens", "n_previous", "expected"),
    [(None, 0, 224), (1000, 0, 224), (7, 0, 7), (None, 300, 448 - (1 + 223 + 1) + 1), (7, 300, 7)],
)
def test_a_search_that_never_ends_is_cut(
    english: Tokenizer, engine_of: EngineOf, max_tokens: int | None, n_previous: int, expected: int
) -> None:
    def forever(window: int, tokens: tuple[int, ...]) -> NDArray[np.float32]:
        logits = np.zeros(english.n_vocab, np.float32)
        logits[300] = 9
        return logits

    prompt = make_prompt(english, N_TEXT_CTX, language=None, previous=[400] * n_previous)
    decoder = greedy(english, timestamps=False, max_tokens=max_tokens)
    found = decoder(state_of(engine_of(forever)), prompt)
    assert len(found.tokens) == min(expected, 224)
    assert len(found.token_logprobs) == len(found.tokens)


@pytest.mark.parametrize(("seconds", "expected"), [(0.01, 33), (0.1, 36), (1.0, 72), (4.8, 224), (30.0, 224)])
def test_a_short_window_holds_few_tokens(english: Tokenizer, seconds: float, expected: int) -> None:
    prompt = make_prompt(english, N_TEXT_CTX, language=None, seconds=seconds)
    assert Bounds(N_TEXT_CTX).most_tokens(prompt) == expected
    assert Bounds(N_TEXT_CTX, 7).most_tokens(prompt) == 7


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(0, 500))
@settings(deadline=None, max_examples=15)
def test_bounds_hold_for_any_logits(
    english: Tokenizer, dims_of: Callable[[int], WhisperDims], seed: int, max_tokens: int, n_previous: int
) -> None:
    rng = np.random.default_rng(seed)
    n_calls = 0

    class Noise:
        n_past = 0

        def rewind(self, n_past: int) -> None:
            self.n_past = n_past

        def decode(self, tokens: NDArray[np.int32], *, last_only: bool = True) -> NDArray[np.float32]:
            nonlocal n_calls
            n_calls += 1
            self.n_past += tokens.shape[1]
            assert self.n_past <= N_TEXT_CTX
            n = 1 if last_only else tokens.shape[1]
            return rng.standard_normal((1, n, english.n_vocab)).astype(np.float32)

    prompt = make_prompt(english, N_TEXT_CTX, language=None, previous=[400] * n_previous)
    found = greedy(english, max_tokens=max_tokens)(Noise(), prompt)  # type: ignore[arg-type]
    assert len(found.tokens) <= max_tokens
    assert n_calls <= max_tokens + 1
    assert found.avg_logprob <= 0
    assert 0 <= found.no_speech_prob <= 1


def test_the_prompt_holds_what_fits(english: Tokenizer, multilingual: Tokenizer) -> None:
    assert make_prompt(english, N_TEXT_CTX, language="en") == Prompt((english.sot,), 0)
    k = multilingual
    plain = make_prompt(k, N_TEXT_CTX, language="de", task="translate", timestamps=False)
    assert plain == Prompt((k.sot, k.sot + 3, k.translate, k.no_timestamps), 0)
    previous = list(range(1000))
    long = make_prompt(k, N_TEXT_CTX, language="en", previous=previous)
    assert long.tokens[: long.sot_index] == (k.sot_prev, *previous[-223:])
    assert long.tokens[long.sot_index] == k.sot


def test_the_initial_prompt_stays_in_front_of_what_was_written(english: Tokenizer) -> None:
    both = make_prompt(english, N_TEXT_CTX, language="en", initial=[7, 8, 9], previous=list(range(1000)))
    assert both.tokens == (english.sot_prev, 7, 8, 9, *range(780, 1000), english.sot)
    alone = make_prompt(english, N_TEXT_CTX, language="en", initial=list(range(300)), previous=[400])
    assert alone.tokens == (english.sot_prev, *range(77, 300), english.sot)


def test_the_earlier_text_goes_in_before_the_start(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    state = state_of(engine_of(script(english, english.encode(" ask"))))
    prompt = make_prompt(english, N_TEXT_CTX, language=None, timestamps=False, previous=[300, 301])
    found = greedy(english, timestamps=False)(state, prompt)
    assert found.text == "ask"
    assert state.decoded[:2] == [[english.sot_prev, 300, 301], [english.sot, english.no_timestamps]]


def test_repetition_shows_in_the_compression_ratio() -> None:
    assert compression_ratio("") == 0
    assert compression_ratio("ask not what your country can do") < 1.2
    assert compression_ratio("you know " * 50) > 2.4


def test_the_language_is_the_likeliest_language_token(multilingual: Tokenizer, engine_of: EngineOf) -> None:
    def german(window: int, tokens: tuple[int, ...]) -> NDArray[np.float32]:
        assert tokens == (multilingual.sot,)
        logits = np.zeros(multilingual.n_vocab, np.float32)
        logits[300] = 50  # no language
        logits[multilingual.language_token("de")] = 8
        logits[multilingual.language_token("nl")] = 7
        return logits

    found = detect_language(state_of(engine_of(german, 51865)), multilingual)
    assert list(found)[:2] == ["de", "nl"]
    assert len(found) == 99
    assert sum(found.values()) == pytest.approx(1)
