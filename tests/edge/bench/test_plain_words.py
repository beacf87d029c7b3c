from __future__ import annotations

import numpy as np
import pytest

from edge.bench.plain_words import Counts, count_edits, plain
from edge.bench.spoken import Spoken

_NO_SOUND = np.zeros(0, np.float32)


def test_case_and_signs_are_no_words() -> None:
    assert plain("\u201cWell,\u201d said Mr. Hale \u2014 don\u2019t!") == plain("WELL SAID MISTER HALE DON'T")


@pytest.mark.parametrize(
    ("heard", "edits"), [("a b c", 0), ("a x c", 1), ("a c", 1), ("a b b c", 1), ("", 3), ("c a b", 2)]
)
def test_edits_are_the_fewest(heard: str, edits: int) -> None:
    assert count_edits(["a", "b", "c"], heard.split()) == edits


def test_a_rate_is_over_all_words_and_lies_in_its_interval() -> None:
    counts = Counts()
    counts.add(Spoken("a", "ONE TWO THREE", _NO_SOUND), "one two three")
    counts.add(Spoken("b", "FOUR", _NO_SOUND), "five")
    rate = counts.rate("m", "int8")
    assert rate.rate == 0.25
    assert rate.low <= rate.rate <= rate.high
    assert (rate.names, rate.words, rate.edits) == (("a", "b"), (3, 1), (0, 1))
