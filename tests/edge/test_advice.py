"""Which model a machine is advised to use."""

from __future__ import annotations

import pytest

from edge.advice import recommend
from edge.whisper.file.published import PUBLISHED

MODELS = list(PUBLISHED.items())


@pytest.mark.parametrize(
    ("cores", "memory_gb", "expected"),
    [
        (1, 0.3, ("tiny.en", "tiny")),
        (4, 0.5, ("tiny.en", "tiny")),
        (1, 8.0, ("base.en", "base")),
        (4, 1.0, ("base.en", "base")),
        (4, 4.0, ("small.en", "small")),
        (8, 4.0, ("large-v3-turbo", "large-v3-turbo")),
        (16, 64.0, ("large-v3", "large-v3")),
    ],
)
def test_the_largest_that_fits(cores: int, memory_gb: float, expected: tuple[str, str]) -> None:
    advice = recommend(MODELS, cores, memory_gb)
    assert advice is not None
    assert (advice.english, advice.other) == expected
    assert f"{cores} cores" in str(advice)


def test_nothing_to_choose_from() -> None:
    assert recommend([]) is None
    assert recommend([("tiny.en", PUBLISHED["tiny.en"])], 4, 4) is None


def test_this_machine_gets_an_answer() -> None:
    assert recommend(MODELS) is not None
