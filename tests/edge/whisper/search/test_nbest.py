"""Several readings of a window, taken apart into readings of its segments."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.transcript.types import Alternative
from edge.whisper.search.greedy import Hypothesis, summarize
from edge.whisper.search.nbest import alternatives
from edge.whisper.segments import split_window
from edge.whisper.tokens import Tokenizer

N_FRAMES = 3000


def says(tokenizer: Tokenizer, *items: float | str) -> tuple[int, ...]:
    parts = (tokenizer.encode(item) if isinstance(item, str) else [tokenizer.timestamp_token(item)] for item in items)
    return tuple(token for part in parts for token in part)


def reading(tokens: tuple[int, ...], logprob: float) -> Hypothesis:
    return Hypothesis(tokens, (logprob,) * (len(tokens) + 1), logprob)


def of(tokenizer: Tokenizer, n_best: int, *texts: tuple[int, ...]) -> list[tuple[Alternative, ...]]:
    best, *others = (reading(tokens, -0.1 * number) for number, tokens in enumerate(texts, start=1))
    decoded = summarize(best, 0.0, tokenizer, 0.0, tuple(others))
    spans, _ = split_window(best.tokens, tokenizer, N_FRAMES)
    return alternatives(decoded, spans, N_FRAMES, n_best, tokenizer)


def texts_of(found: list[tuple[Alternative, ...]]) -> list[list[str]]:
    return [[one.text for one in readings] for readings in found]


def test_one_segment_has_the_texts_of_its_window(english: Tokenizer) -> None:
    k = english
    found = of(
        k,
        3,
        says(k, " ask not"),
        says(k, 0.0, " ask not", 4.0),  # the same text
        says(k, " ask  not"),  # but for white space
        says(k, " ask what"),
        says(k, ""),  # nothing
        says(k, 0.0, " ask", 29.0),
        says(k, " what"),  # one too many
    )
    assert texts_of(found) == [[" ask not", " ask what", " ask"]]
    scores = [one.score for one in found[0]]
    assert scores == sorted(scores, reverse=True)
    assert found[0][0].avg_logprob == pytest.approx(-0.1)


def test_segments_get_what_other_readings_have_at_their_place(english: Tokenizer) -> None:
    k = english
    found = of(
        k,
        5,
        says(k, 0.0, " ask", 2.0, 2.4, " not", 4.0),
        says(k, 0.0, " ask", 2.1, 2.4, " what", 4.1),  # a little later
        says(k, 0.0, " you", 1.0, 1.0, " do", 2.0, 2.4, " not", 4.0),  # finer
        says(k, 0.0, " for", 4.0),  # no border within
        says(k, 0.0, " can", 3.0, 3.0, " not", 4.0),  # another border
    )
    assert texts_of(found) == [[" ask", " you do"], [" not", " what"]]


@given(st.lists(st.lists(st.integers(256, 330), min_size=1, max_size=5), min_size=1, max_size=8), st.integers(2, 6))
@settings(deadline=None, max_examples=40)
def test_readings_are_distinct_and_sorted(english: Tokenizer, texts: list[list[int]], n_best: int) -> None:
    for readings in of(english, n_best, *(tuple(tokens) for tokens in texts)):
        plain = [" ".join(one.text.split()) for one in readings]
        assert len(set(plain)) == len(plain) <= n_best
        assert [one.score for one in readings] == sorted((one.score for one in readings), reverse=True)
        assert readings[0].text == english.decode(texts[0])
