from __future__ import annotations

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.correct.joints import cuts


def test_a_recording_is_cut_where_it_is_quietest() -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 16000 * 10).astype(np.float32)
    samples[48_000:54_400] = 0
    first, *others = cuts(samples, 64_000)
    assert 48_000 <= first <= 54_400
    assert others[-1] == len(samples)
    assert np.diff([0, first, *others]).max() <= 64_000


def test_what_is_shorter_is_not_cut() -> None:
    assert list(cuts(np.zeros(16_000, np.float32), 64_000)) == [16_000]


def test_pieces_must_have_a_length(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["joints", "--seconds", "0.5"]) != 0
    assert "--seconds is 0.5; expected 1 or more, or 0 for whole recordings" in capsys.readouterr().err
