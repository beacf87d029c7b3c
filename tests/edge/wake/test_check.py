"""The check of a wake word by example, with a real model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edge
from edge.arrays import FloatArray
from edge.audio import open_audio
from edge.recognizer import Recognizer
from edge.wake.check import examples_checked_by
from edge.wake.examples import Examples


@pytest.fixture(scope="module")
def tiny(tiny_en_int8: Path) -> Recognizer:
    return edge.load(tiny_en_int8, threads=1, offline=True)


@pytest.fixture
def fellow(jfk_clip: Path) -> FloatArray:
    """The beginning of the clip, which is read as "And so am I fellow Americans"."""
    with open_audio(jfk_clip) as source:
        return np.concatenate([*source])[: 5 * 8000]


@pytest.mark.parametrize(
    ("phrase", "score", "is_it"),
    [
        ("fellow Americans", 0.0, True),  # read so, whatever it sounds like
        ("ensemble", 0.9, True),  # might be read so
        ("ensemble", 0.1, False),
        ("computer", 0.9, False),
    ],
)
def test_the_phrase_is_read_or_might_be(
    tiny: Recognizer, fellow: FloatArray, phrase: str, score: float, is_it: bool
) -> None:
    assert examples_checked_by(tiny, Examples(phrase, 0.37, ()))(fellow, score) is is_it


def test_readings_of_the_examples_count(tiny: Recognizer, fellow: FloatArray) -> None:
    assert examples_checked_by(tiny, Examples("computer", 0.37, (), ("Fellow Americans.",)))(fellow, 0.0)
