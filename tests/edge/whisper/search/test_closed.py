"""The search along a prefix tree, beside all texts of the tree scored one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.whisper.search.closed import Ahead, ClosedDecoder, Listed, Way, begin
from edge.whisper.search.greedy import Prompt
from edge.whisper.search.rules import IdArray, TokenRules
from edge.whisper.tokens import Tokenizer

from ..conftest import EngineOf, LogitsOf

Floats = NDArray[np.float32]


@dataclass
class Listing:
    """A prefix tree of texts that are written out."""

    texts: Sequence[tuple[int, ...]]
    eot: int
    bonus: float = 0.0
    """Nats of the first token of each text but the first."""
    depth: int = 0
    tokens: IdArray = field(init=False)
    bonuses: Floats = field(init=False)

    def __post_init__(self) -> None:
        onward = sorted({(*text, self.eot)[self.depth] for text in self.texts})
        self.tokens = np.array(onward, np.intp)
        free = self.depth or not self.texts
        self.bonuses = np.array(
            [0.0 if free or token == self.texts[0][0] else self.bonus for token in onward], np.float32
        )

    def after(self, token: int) -> Listing:
        rest = [text for text in self.texts if len(text) > self.depth and text[self.depth] == token]
        return Listing(rest, self.eot, self.bonus, self.depth + 1)

    def known(self, token: int) -> Listing | None:
        return self.after(token) if token in self.tokens else None


def noise_of(english: Tokenizer, seed: int) -> LogitsOf:
    rows = np.random.default_rng(seed).standard_normal((61, english.n_vocab)).astype(np.float32) * 3
    return lambda window, tokens: rows[hash(tokens) % len(rows)].copy()


def logprobs_of(logits_of: LogitsOf, prompt: Prompt, text: Sequence[int], rules: TokenRules, eot: int) -> list[float]:
    found = []
    for at, token in enumerate((*text, eot)):
        row = rules.apply(logits_of(0, (*prompt.tokens, *text[:at])), text[:at]).astype(np.float64)
        found.append(float(row[token] - row.max() - math.log(np.exp(row - row.max()).sum())))
    return found


def total_of(logits_of: LogitsOf, prompt: Prompt, text: Sequence[int], rules: TokenRules, eot: int) -> float:
    return sum(logprobs_of(logits_of, prompt, text, rules, eot))


def found_by(
    english: Tokenizer, engine_of: EngineOf, logits_of: LogitsOf, root: Listing, start: Way | None = None, n: int = 8
) -> list[Listed]:
    state = engine_of(logits_of).new_state(n)
    state.encode(np.zeros((3000, 80), np.float32))
    prompt = Prompt((english.sot, english.no_timestamps), 0)
    if start is not None:
        state.decode(np.array([[*prompt.tokens, *start.tokens]], np.int32))
    search = ClosedDecoder(english, TokenRules(english, timestamps=False), 448, beam_size=n)
    return search(state, prompt, start or Way((), 0.0, 0.0, root))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_likeliest_text_is_found(english: Tokenizer, engine_of: EngineOf, seed: int) -> None:
    """With a beam that holds all beginnings, within the width of the search."""
    random = np.random.default_rng(seed)
    words = [english.encode(f" {word}") for word in ("country", "americans", "fellow", "ask")]
    texts = list({tuple(t for at in random.integers(0, 4, size=3) for t in words[at][:1]) for _ in range(6)})
    logits_of, prompt = noise_of(english, seed), Prompt((english.sot, english.no_timestamps), 0)
    rules = TokenRules(english, timestamps=False)
    totals = {text: total_of(logits_of, prompt, text, rules, english.eot) for text in texts}
    found = found_by(english, engine_of, logits_of, Listing(texts, english.eot))
    assert {one.tokens for one in found} <= {*texts}
    for one in found:
        assert one.total == pytest.approx(totals[one.tokens], abs=1e-3)
    assert found[0].score == max(one.score for one in found)


def test_of_two_texts_the_likelier_is_found_and_a_bonus_counts(english: Tokenizer, engine_of: EngineOf) -> None:
    ask, country = english.encode(" ask")[0], english.encode(" country")[0]
    rows = np.full(english.n_vocab, -20.0, np.float32)
    rows[[ask, country, english.eot]] = 1.0, 0.0, 1.0
    texts = [(country,), (ask,)]

    def logits_of(window: int, tokens: Sequence[int]) -> Floats:
        return rows.copy()

    plain, weighed = (found_by(english, engine_of, logits_of, Listing(texts, english.eot, by)) for by in (0.0, -2.0))
    assert plain[0].tokens == (ask,)
    assert weighed[0].tokens == (country,)
    assert weighed[0].total == weighed[0].score


def test_ways_to_write_the_same_words_are_one(english: Tokenizer, engine_of: EngineOf) -> None:
    ask, sign = english.encode(" ask")[0], english.encode(".")[0]
    found = found_by(english, engine_of, noise_of(english, 3), Listing([(ask,), (ask, sign)], english.eot))
    assert len(found) == 1


def test_a_search_goes_on_where_a_reading_leaves_the_tree(english: Tokenizer, engine_of: EngineOf) -> None:
    tokens = [english.encode(f" {word}")[0] for word in ("and", "so", "my", "fellow")]
    whole = (*tokens[:3], tokens[0])
    root = Listing([whole], english.eot)
    logits_of, prompt = noise_of(english, 5), Prompt((english.sot, english.no_timestamps), 0)
    ways = [*begin(root, tokens, [-0.1, -0.2, -0.3, -0.4])]
    assert [len(way.tokens) for way in ways] == [0, 1, 2, 3]
    (found,) = found_by(english, engine_of, logits_of, root, ways[2])
    rules = TokenRules(english, timestamps=False)
    exact = total_of(logits_of, prompt, whole, rules, english.eot)
    begun = sum(logprobs_of(logits_of, prompt, whole, rules, english.eot)[:2])
    assert found.tokens == whole
    assert found.total == pytest.approx(-0.3 + exact - begun, abs=1e-3)


def test_nothing_is_found_that_scores_below_the_least(english: Tokenizer, engine_of: EngineOf) -> None:
    ask = english.encode(" ask")[0]
    state = engine_of(noise_of(english, 1)).new_state(2)
    state.encode(np.zeros((3000, 80), np.float32))
    search = ClosedDecoder(english, TokenRules(english, timestamps=False), 448, beam_size=2)
    root = Listing([(ask,)], english.eot)
    assert search(state, Prompt((english.sot, english.no_timestamps), 0), Way((), 0.0, 0.0, root), least=-0.001) == []


def test_where_few_texts_go_on_the_first_is_guessed() -> None:
    ahead = Ahead(Listing([(1, 2, 3, 4, 5, 6, 7), (1, 2, 9)], eot=50), end=50)
    assert ahead([]) == [1, 2, 3, 4]
    assert ahead([1, 2]) == [3, 4, 5, 6]
    assert ahead([1, 2, 9]) == []  # the end is no token to go on from
    assert ahead([1, 2, 9, 1]) == []
    many = [(token,) for token in range(6)]
    assert Ahead(Listing(many, eot=50), end=50)([]) == []
