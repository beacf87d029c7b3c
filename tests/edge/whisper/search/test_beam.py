"""Beam search and draws against openai-whisper's search written down, under logits that are scripted or random."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.errors import KernelError
from edge.whisper.search.beam import BeamDecoder, SampleDecoder, draw, likeliest
from edge.whisper.search.greedy import Bounds, DecodedWindow, GreedyDecoder, Hypothesis, Prompt, rank
from edge.whisper.search.rules import TokenRules, pick_greedy, top_tokens
from edge.whisper.tokens import Tokenizer

from ..conftest import EngineOf, ScriptedEngine, ScriptedState

Floats = NDArray[np.float32]
LogitsOf = Callable[[int, Sequence[int]], Floats]

N_TEXT_CTX = 448
SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def noise(english: Tokenizer) -> Floats:
    rows = np.random.default_rng(11).standard_normal((61, english.n_vocab)).astype(np.float32) * 3
    rows[:, english.eot] += 8
    return rows


def random_logits(noise: Floats, seed: int, lift: float = 0.0, timestamp_begin: int = 0) -> LogitsOf:
    """Logits that follow from the tokens so far, and from nothing else."""

    def logits_of(window: int, tokens: Sequence[int]) -> Floats:
        row: Floats = noise[hash((seed, *tokens)) % len(noise)].copy()
        if timestamp_begin:
            row[timestamp_begin:] += lift
        return row

    return logits_of


def state_of(engine: ScriptedEngine, n_beams: int) -> ScriptedState:
    state = engine.new_state(n_beams)
    state.encode(np.zeros((3000, 80), np.float32))
    return state


def prompt_of(tokenizer: Tokenizer, *, timestamps: bool) -> Prompt:
    return Prompt((tokenizer.sot,) if timestamps else (tokenizer.sot, tokenizer.no_timestamps), 0)


def readings(decoded: DecodedWindow) -> list[Hypothesis]:
    return [Hypothesis(decoded.tokens, decoded.token_logprobs, decoded.score), *decoded.others]


def log_softmax(masked: Floats) -> NDArray[np.float64]:
    wide = masked.astype(np.float64)
    return np.asarray(wide - wide.max() - np.log(np.exp(wide - wide.max()).sum()))


def beam_search_written_down(
    logits_of: LogitsOf, prompt: Prompt, rules: TokenRules, eot: int, beam_size: int, n_wanted: int, n_max: int
) -> dict[tuple[int, ...], float]:
    """openai-whisper's `BeamSearchDecoder`: what ended, `<|endoftext|>` left out, and its log-probability."""
    live: dict[tuple[int, ...], float] = {(): 0.0}
    ended: dict[tuple[int, ...], float] = {}
    for _ in range(n_max):
        scores: dict[tuple[int, ...], float] = {}
        for tokens, total in live.items():
            logprobs = log_softmax(rules.apply(logits_of(0, (*prompt.tokens, *tokens)), tokens))
            for token in np.argsort(-logprobs, kind="stable")[: beam_size + 1].tolist():
                if logprobs[token] > -math.inf:
                    scores[*tokens, token] = total + logprobs[token]
        live = {}
        for tokens, total in sorted(scores.items(), key=lambda item: -item[1]):
            if tokens[-1] != eot:
                live[tokens] = total
                if len(live) == beam_size:
                    break
            elif len(ended) < n_wanted:
                ended[tokens[:-1]] = total
        if len(ended) >= n_wanted:
            return ended
    for tokens, total in live.items():
        if len(ended) < beam_size:
            ended[tokens] = total
    return ended


@given(SEEDS, st.booleans(), st.integers(1, 6), st.sampled_from([0.6, 1.0, 2.0]), st.integers(1, 9))
@settings(deadline=None, max_examples=12)
def test_it_finds_what_the_original_finds(
    english: Tokenizer,
    noise: Floats,
    engine_of: EngineOf,
    seed: int,
    timestamps: bool,
    beam_size: int,
    patience: float,
    n_max: int,
) -> None:
    logits_of = random_logits(noise, seed)
    rules, prompt = TokenRules(english, timestamps=timestamps), prompt_of(english, timestamps=timestamps)
    decoder = BeamDecoder(english, rules, Bounds(N_TEXT_CTX, n_max), beam_size=beam_size, patience=patience)
    n_wanted = max(1, round(beam_size * patience))
    expected = beam_search_written_down(logits_of, prompt, rules, english.eot, beam_size, n_wanted, n_max)
    found = readings(decoder(state_of(engine_of(logits_of), beam_size), prompt))
    assert {one.tokens for one in found} == set(expected)
    for one in found:
        assert sum(one.token_logprobs) == pytest.approx(expected[one.tokens], abs=1e-3)
        assert one.score == pytest.approx(rank(sum(one.token_logprobs), len(one.tokens)))


@given(SEEDS, st.booleans(), st.integers(1, 30))
@settings(deadline=None, max_examples=8)
def test_a_beam_of_one_is_greedy(
    english: Tokenizer, noise: Floats, engine_of: EngineOf, seed: int, timestamps: bool, n_max: int
) -> None:
    engine = engine_of(random_logits(noise, seed))
    rules, prompt = TokenRules(english, timestamps=timestamps), prompt_of(english, timestamps=timestamps)
    one = BeamDecoder(english, rules, Bounds(N_TEXT_CTX, n_max), beam_size=1)(state_of(engine, 1), prompt)
    greedy = GreedyDecoder(english, rules, Bounds(N_TEXT_CTX, n_max))(state_of(engine, 1), prompt)
    assert one.tokens == greedy.tokens
    assert one.token_logprobs == pytest.approx(greedy.token_logprobs)
    assert (one.score, one.avg_logprob) == pytest.approx((greedy.score, greedy.avg_logprob))


@given(SEEDS, st.sampled_from([None, 0.0, 0.5, 1.0]))
@settings(deadline=None, max_examples=8)
def test_a_beam_that_holds_everything_finds_the_best_and_is_never_below_greedy(
    english: Tokenizer, engine_of: EngineOf, seed: int, length_penalty: float | None
) -> None:
    """Three words, three steps: thirty beams are all there is."""
    words = (300, 301, 302)

    def logits_of(window: int, tokens: Sequence[int]) -> Floats:
        logits = np.full(english.n_vocab, -np.inf, np.float32)
        rng = np.random.default_rng([seed, *tokens])
        logits[[*words, english.eot]] = rng.standard_normal(4)
        logits[english.no_speech] = -9
        return logits

    rules, prompt = TokenRules(english, suppress_begin=[], timestamps=False), prompt_of(english, timestamps=False)
    bounds = Bounds(N_TEXT_CTX, 3)
    beam = BeamDecoder(english, rules, bounds, beam_size=30, patience=2, length_penalty=length_penalty)
    found = readings(beam(state_of(engine_of(logits_of), 30), prompt))
    everything: dict[tuple[int, ...], float] = {}
    live: dict[tuple[int, ...], float] = {(): 0.0}
    for _ in range(3):
        following: dict[tuple[int, ...], float] = {}
        for tokens, total in live.items():
            logprobs = log_softmax(rules.apply(logits_of(0, (*prompt.tokens, *tokens)), tokens))
            everything[tokens] = total + logprobs[english.eot]
            following |= {(*tokens, word): total + logprobs[word] for word in words}
        live = following
    everything |= live
    ranked = sorted(everything, key=lambda tokens: -rank(everything[tokens], len(tokens), length_penalty))
    best = rank(everything[ranked[0]], len(ranked[0]), length_penalty)
    assert found[0].score == pytest.approx(best, abs=1e-4)
    greedy = GreedyDecoder(english, rules, bounds)(state_of(engine_of(logits_of), 1), prompt)
    assert found[0].score >= rank(sum(greedy.token_logprobs), len(greedy.tokens), length_penalty) - 1e-4


@given(SEEDS, st.floats(-6, 10), st.integers(2, 6), st.integers(1, 25), st.sampled_from([0.0, 0.3, 1.0]))
@settings(deadline=None, max_examples=12)
def test_every_reading_keeps_the_rules_and_the_bounds(
    english: Tokenizer,
    noise: Floats,
    engine_of: EngineOf,
    seed: int,
    lift: float,
    n_beams: int,
    n_max: int,
    temperature: float,
) -> None:
    engine = engine_of(random_logits(noise, seed, lift, english.timestamp_begin))
    rules, bounds = TokenRules(english), Bounds(N_TEXT_CTX, n_max)
    state, prompt = state_of(engine, n_beams), prompt_of(english, timestamps=True)
    if temperature:
        draws = SampleDecoder(english, rules, bounds, best_of=n_beams)
        decoded = draws(state, prompt, temperature, np.random.default_rng(seed))
    else:
        decoded = BeamDecoder(english, rules, bounds, beam_size=n_beams)(state, prompt)
    found = readings(decoded)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len(state.decoded) <= n_max
    assert 0 <= decoded.no_speech_prob <= 1
    if not temperature:
        assert len({one.tokens for one in found}) == len(found) <= n_beams
    for one in found:
        assert len(one.tokens) <= n_max
        assert english.eot not in one.tokens
        assert all(-math.inf < logprob <= 1e-6 for logprob in one.token_logprobs)
        replayed: list[int] = []
        for token in one.tokens:  # each was allowed after the ones before it
            allowed = rules.apply(engine.logits_of(0, (*prompt.tokens, *replayed)), replayed)
            assert allowed[token] > -np.inf
            replayed.append(token)
        times = [token for token in one.tokens if token >= english.timestamp_begin]
        assert all(earlier <= later for earlier, later in pairwise(times))


@given(SEEDS, st.floats(0.05, 1.5))
@settings(deadline=None, max_examples=10)
def test_the_same_seed_draws_the_same(
    english: Tokenizer, noise: Floats, engine_of: EngineOf, seed: int, temperature: float
) -> None:
    rules, prompt = TokenRules(english, timestamps=False), prompt_of(english, timestamps=False)
    decoder = SampleDecoder(english, rules, Bounds(N_TEXT_CTX, 12), best_of=4)
    state = state_of(engine_of(random_logits(noise, seed)), 4)
    first = decoder(state, prompt, temperature, np.random.default_rng(seed))
    assert decoder(state, prompt, temperature, np.random.default_rng(seed)) == first
    assert first.temperature == temperature
    assert len(readings(first)) == 4


def test_draws_follow_the_probabilities() -> None:
    probabilities = np.array([0.5, 0.0, 0.3, 0.2])
    with np.errstate(divide="ignore"):
        masked = np.log(probabilities).astype(np.float32)
    random = np.random.default_rng(5)
    for temperature in (1.0, 0.5):
        counts = np.zeros(4)
        for _ in range(4000):
            token, logprob = draw(masked, temperature, random)
            counts[token] += 1
            assert logprob == pytest.approx(math.log(probabilities[token]), abs=1e-5)
        expected = probabilities ** (1 / temperature)
        assert counts / 4000 == pytest.approx(expected / expected.sum(), abs=0.03)
        assert counts[1] == 0


def test_a_low_temperature_is_greedy(english: Tokenizer, noise: Floats, engine_of: EngineOf) -> None:
    rules, prompt, bounds = TokenRules(english), prompt_of(english, timestamps=True), Bounds(N_TEXT_CTX, 20)
    engine = engine_of(random_logits(noise, 3))
    drawn = SampleDecoder(english, rules, bounds)(state_of(engine, 1), prompt, 1e-3, np.random.default_rng(0))
    assert drawn.tokens == GreedyDecoder(english, rules, bounds)(state_of(engine, 1), prompt).tokens


def test_beams_share_one_call_and_the_prompt_is_decoded_once(
    english: Tokenizer, noise: Floats, engine_of: EngineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = state_of(engine_of(random_logits(noise, 8)), 5)
    calls: list[tuple[int, ...]] = []
    decode = state.decode

    def noted(tokens: NDArray[np.int32], **how: bool) -> Floats:
        calls.append(tokens.shape)
        logits: Floats = decode(tokens, **how)
        return logits

    monkeypatch.setattr(state, "decode", noted)
    prompt = Prompt((english.sot_prev, 300, 301, english.sot, english.no_timestamps), 3)
    rules = TokenRules(english, timestamps=False)
    BeamDecoder(english, rules, Bounds(N_TEXT_CTX, 6), beam_size=5)(state, prompt)
    assert calls[:2] == [(1, 3), (1, 2)]
    assert set(calls[2:]) == {(5, 1)}
    assert len(calls) <= 2 + 5


@given(SEEDS, st.integers(1, 33), st.sampled_from([51864, 51865, 51866]), st.integers(0, 2))
@settings(deadline=None, max_examples=20)
def test_the_likeliest_tokens_are_those_of_a_sort(seed: int, n: int, n_vocab: int, digits: int) -> None:
    rng = np.random.default_rng(seed)
    logits = np.round(rng.standard_normal(n_vocab) * 3, digits).astype(np.float32)
    logits[rng.random(n_vocab) < rng.choice([0.0, 0.5, 0.9999])] = -np.inf
    order = np.argsort(-logits, kind="stable")[:n]
    assert top_tokens(logits, n).tolist() == order[logits[order] > -np.inf].tolist()


@pytest.mark.parametrize("value", [-np.inf, np.nan, np.inf])
def test_logits_without_numbers_are_an_error(value: float) -> None:
    for logits in (np.full(51864, value, np.float32), np.zeros(51864, np.float32)):
        logits[-1] = value
        if value == -np.inf and logits[0] == 0:
            continue  # forbidden, as many are
        for search in (lambda x: likeliest(x, 6), lambda x: draw(x, 0.5, np.random.default_rng(0)), pick_greedy):
            with pytest.raises(KernelError, match="hold no number to choose by"):
                search(logits)
