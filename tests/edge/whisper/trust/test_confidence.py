"""The map from what the model says to how often it is right."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.whisper.trust.confidence import CALIBRATION, token_probabilities

LOGPROBS = st.floats(-40, -1e-5)


@given(LOGPROBS, LOGPROBS)
def test_probabilities_can_be_undone(logprob: float, avg_logprob: float) -> None:
    (probability,) = token_probabilities([logprob], avg_logprob)
    assert 0 < probability < 1
    raw = CALIBRATION.undo(probability, avg_logprob)
    assert -math.log1p(math.exp(-raw)) == pytest.approx(logprob, rel=1e-4, abs=1e-4)


def test_more_sure_is_more_probable() -> None:
    rising = token_probabilities([-math.inf, -9.0, -2.0, -0.1, 0.0], -0.3)
    assert list(rising) == sorted(rising)
    assert len(set(rising)) == len(rising)
    (certain,) = token_probabilities([-0.2], -0.05)
    (doubtful,) = token_probabilities([-0.2], -0.9)
    assert certain > doubtful


def test_certainty_and_impossibility_stay_within_bounds() -> None:
    for probability in token_probabilities([0.0, 1e-9, -math.inf, -1e9], 0.0):
        assert 0 < probability < 1
