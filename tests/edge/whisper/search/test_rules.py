from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.errors import KernelError
from edge.whisper.search.rules import TokenRules, pick_greedy, probability
from edge.whisper.tokens import Tokenizer, default_suppress_tokens


def written_down(
    logits: NDArray[np.float32], sampled: Sequence[int], tokenizer: Tokenizer, suppressed: Sequence[int]
) -> NDArray[np.float64]:
    """The rules as openai-whisper's paper and code state them, one after the other, without cleverness."""
    out = logits.astype(np.float64)
    begin, eot = tokenizer.timestamp_begin, tokenizer.eot
    if not sampled:
        out[[tokenizer.encode(" ")[0], eot]] = -np.inf
    out[[*suppressed, tokenizer.no_timestamps]] = -np.inf
    last = len(sampled) >= 1 and sampled[-1] >= begin
    last_but_one = len(sampled) < 2 or sampled[-2] >= begin
    if last and last_but_one:
        out[begin:] = -np.inf
    elif last:
        out[:eot] = -np.inf
    timestamps = [token for token in sampled if token >= begin]
    if timestamps:
        out[begin : timestamps[-1] if last and not last_but_one else timestamps[-1] + 1] = -np.inf
    if not sampled:
        out[:begin] = -np.inf
        out[begin + 51 :] = -np.inf
    with np.errstate(divide="ignore"):
        if np.log(np.exp(out[begin:]).sum()) > out[:begin].max():
            out[:begin] = -np.inf
    return out


@pytest.fixture(scope="module")
def rules(english: Tokenizer) -> TokenRules:
    return TokenRules(english)


@st.composite
def histories(draw: st.DrawFn, begin: int = 50363) -> list[int]:
    """What a search under the rules may have written: pairs of rising timestamps around text."""
    written = [begin + draw(st.integers(0, 50))]
    for _ in range(draw(st.integers(0, 3))):
        latest = max(written)
        if latest >= begin + 1500:
            break
        end = draw(st.integers(latest + 1, begin + 1500))
        start = draw(st.integers(end, begin + 1500))
        written += [*draw(st.lists(st.integers(300, 400), min_size=1, max_size=3)), end, start]
    cut = draw(st.integers(0, len(written)))
    return written[:cut]


@given(histories(), st.integers(0, 2**32 - 1), st.floats(-20, 20))
@settings(deadline=None, max_examples=150)
def test_the_mask_is_that_of_the_rules_written_down(
    english: Tokenizer, rules: TokenRules, sampled: list[int], seed: int, lift: float
) -> None:
    logits = np.random.default_rng(seed).standard_normal(english.n_vocab).astype(np.float32) * 4
    logits[english.timestamp_begin :] += lift
    expected = written_down(logits, sampled, english, default_suppress_tokens(english))
    np.testing.assert_array_equal(rules.apply(logits, sampled), expected.astype(np.float32))


@given(st.integers(0, 2**32 - 1), st.floats(-10, 10), st.integers(1, 60))
@example(25, 7.0, 21)
@settings(deadline=None, max_examples=40)
def test_greedy_text_under_random_logits_keeps_the_rules(
    english: Tokenizer, rules: TokenRules, seed: int, lift: float, n_tokens: int
) -> None:
    rng = np.random.default_rng(seed)
    begin = english.timestamp_begin
    sampled: list[int] = []
    for _ in range(n_tokens):
        logits = rng.standard_normal(english.n_vocab).astype(np.float32) * 3
        logits[begin:] += lift
        token, logprob = pick_greedy(rules.apply(logits, sampled))
        assert -math.inf < logprob <= 1e-6
        if token == english.eot:
            break
        sampled.append(token)
    timestamps = [token for token in sampled if token >= begin]
    assert timestamps == sorted(timestamps)
    # A language token counts as no timestamp and no text: pairs are told up to the first one only.
    is_special = [english.eot < token < begin for token in sampled]
    n_plain = is_special.index(True) if True in is_special else len(sampled)
    paired = [token for token in sampled[:n_plain] if token >= begin]
    assert begin <= sampled[0] <= begin + 50
    assert not {english.no_timestamps, english.sot, english.no_speech, english.transcribe} & set(sampled)
    # x: a language token; the original does not forbid those either.
    runs = "".join("t" if token >= begin else "w" if token < english.eot else "x" for token in sampled)
    assert "ttt" not in runs
    assert "wtw" not in runs
    for start, end in zip(paired[::2], paired[1::2], strict=False):
        assert start < end, "a segment has a length"


def test_without_timestamps_only_the_lists_hold(english: Tokenizer) -> None:
    rules = TokenRules(english, suppress_tokens=[5], suppress_begin=[6], timestamps=False)
    logits = np.zeros(english.n_vocab, np.float32)
    first = rules.apply(logits, []).copy()
    later = rules.apply(logits, [7])
    assert first[5] == first[6] == later[5] == -np.inf
    assert later[6] == 0
    assert later[english.sot] == -np.inf
    assert np.isneginf(later).sum() == 1 + 6  # and the task tokens


def test_the_first_timestamp_may_be_bound_or_not(english: Tokenizer) -> None:
    logits = np.zeros(english.n_vocab, np.float32)
    bound = TokenRules(english, max_initial_timestamp=0.5).apply(logits, [])
    assert np.flatnonzero(bound == 0).tolist() == [english.timestamp_begin + i for i in range(26)]
    free = TokenRules(english, max_initial_timestamp=None).apply(logits, [])
    assert (free == 0).sum() == 1501


def test_tokens_outside_the_vocabulary_are_refused(english: Tokenizer) -> None:
    with pytest.raises(ValueError, match="expected ids from 0 to 51863"):
        TokenRules(english, suppress_tokens=[99999])


def test_greedy_takes_the_first_of_the_likeliest() -> None:
    logits = np.log(np.array([0.1, 0.4, 0.1, 0.4], np.float32))
    logits[2] = -np.inf
    token, logprob = pick_greedy(logits)
    assert token == 1
    assert logprob == pytest.approx(math.log(0.4 / 0.9))


@pytest.mark.parametrize("value", [-np.inf, np.nan, np.inf])
def test_logits_without_numbers_are_an_error(value: float) -> None:
    logits = np.full(8, value, np.float32)
    with pytest.raises(KernelError, match="hold no number to choose by"):
        pick_greedy(logits)


def test_probability_is_softmax() -> None:
    logits = np.array([100.0, 101.0], np.float32)
    assert probability(logits, 1) == pytest.approx(1 / (1 + math.exp(-1)))
