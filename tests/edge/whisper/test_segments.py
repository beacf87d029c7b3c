from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.whisper.segments import Span, split_window
from edge.whisper.tokens import Tokenizer

WORD = 300


def t(tokenizer: Tokenizer, *items: float | str) -> list[int]:
    """Tokens from times and words: 0.0, "w", 1.5 are `<|0.00|> word <|1.50|>`."""
    return [WORD if isinstance(item, str) else tokenizer.timestamp_token(item) for item in items]


def times(spans: list[Span]) -> list[tuple[float, float]]:
    return [(span.start, span.end) for span in spans]


def test_two_timestamps_in_a_row_divide(english: Tokenizer) -> None:
    tokens = t(english, 0.0, "w", 2.5, 2.5, "w", "w", 7.0, 7.2, "w")
    spans, advance = split_window(tokens, english, 3000)
    assert times(spans) == [pytest.approx((0, 2.5)), pytest.approx((2.5, 7))]
    assert [span.tokens for span in spans] == [tuple(tokens[:3]), tuple(tokens[3:7])]
    # The unfinished rest is read again, from the end of the last segment.
    assert advance == 700


def test_a_single_timestamp_at_the_end_closes_the_window(english: Tokenizer) -> None:
    tokens = t(english, 0.0, "w", 2.5, 3.0, "w", 7.0)
    spans, advance = split_window(tokens, english, 3000)
    assert times(spans) == [pytest.approx((0, 2.5)), pytest.approx((3, 7))]
    assert advance == 3000


def test_a_window_that_nothing_divides_is_one_segment(english: Tokenizer) -> None:
    tokens = t(english, 0.0, "w", 4.0)
    (span,), advance = split_window(tokens, english, 2000)
    assert (span.start, span.end) == pytest.approx((0, 4))
    assert (span.tokens, advance) == (tuple(tokens), 2000)
    tokens = t(english, 0.0, "w", "w")
    assert split_window(tokens, english, 2000) == ([Span(0.0, 20.0, tuple(tokens))], 2000)
    assert split_window([], english, 500) == ([Span(0.0, 5.0, ())], 500)


def test_a_pair_at_zero_still_advances(english: Tokenizer) -> None:
    _, advance = split_window(t(english, 0.0, 0.0, "w"), english, 1234)
    assert advance == 1234


@given(st.lists(st.one_of(st.just(300), st.integers(50363, 51863)), max_size=40), st.integers(1, 3000))
def test_whatever_was_written_the_window_moves_on(english: Tokenizer, tokens: list[int], n_frames: int) -> None:
    spans, advance = split_window(tokens, english, n_frames)
    assert 0 < advance <= 3000
    joined = [token for span in spans for token in span.tokens]
    assert joined == tokens[: len(joined)]
