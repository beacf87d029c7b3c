from __future__ import annotations

import numpy as np
import pytest

from edge.tune.rates import rate_interval

_WORDS = np.full(60, 20.0)


def test_all_recordings_leave_nothing_to_guess() -> None:
    assert rate_interval(dict.fromkeys(range(60), 2), _WORDS) == (0.1, 0.1)


def test_more_recordings_say_more() -> None:
    edits = {number: number % 5 for number in range(60)}
    wide, narrow = (rate_interval({number: edits[number] for number in range(n)}, _WORDS) for n in (10, 40))
    assert wide[1] - wide[0] > 2 * (narrow[1] - narrow[0])
    for low, high in (wide, narrow):
        assert low < 0.1 < high


def test_a_way_that_differs_little_is_told_by_few_recordings() -> None:
    edits = {number: number % 5 for number in range(60)}
    few = {number: edits[number] + (number == 3) for number in range(8)}
    alone, beside = rate_interval(few, _WORDS), rate_interval(few, _WORDS, [edits])
    assert beside[1] - beside[0] < 0.5 * (alone[1] - alone[0])
    assert (beside[0] + beside[1]) / 2 == pytest.approx(0.1 + 1 / 160)


def test_what_never_differs_is_still_not_sure() -> None:
    edits = dict.fromkeys(range(60), 2)
    low, high = rate_interval(dict.fromkeys(range(8), 2), _WORDS, [edits])
    assert low < 0.1 < high


def test_few_recordings_with_clustered_words_seldom_keep_a_budget_that_is_broken() -> None:
    rng, n_wrong = np.random.default_rng(0), 0
    for _ in range(500):
        edits = rng.negative_binomial(1.4, 1 / 3, 60)  # 2.8 of 20 words, and three times the spread of single ones
        bound = 0.97 * float(edits.sum()) / float(_WORDS.sum())
        read = dict(enumerate(edits[:8].tolist()))
        n_wrong += rate_interval(read, _WORDS, bound=bound)[1] <= bound
    assert n_wrong <= 10


def test_a_few_alike_recordings_spread_as_wrong_words_do() -> None:
    alike = dict.fromkeys(range(8), 1)
    assert rate_interval(alike, _WORDS)[1] < 0.1 < rate_interval(alike, _WORDS, bound=0.1)[1]
