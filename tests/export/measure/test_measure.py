"""Words that a model gets wrong, and how far chance moves them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from edge.bench.scoring import Errors
from edge.bench.sets import read_manifest
from export.measure.measure import SetScore, at_level, bootstrap, increase, mean_rate, measure

WORDS = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"


def scored(edits: list[int], words: list[int]) -> SetScore:
    errors = Errors(words=sum(words), substitutions=sum(edits))
    return SetScore("set", "0" * 64, len(words), errors, tuple(edits), tuple(words), 0.0, 1.0, 12.0)


def test_bootstrap_brackets_the_rate() -> None:
    edits, words = [n % 4 for n in range(100)], [10] * 100
    low, high = bootstrap(edits, words)
    assert 0.11 < low < 0.15 < high < 0.19
    assert bootstrap(edits, words) == (low, high)
    assert bootstrap([1] * 5, [10] * 5) == (0.1, 0.1)


def test_what_both_find_hard_does_not_widen_the_increase() -> None:
    edits, words = [n % 8 for n in range(50)], [10] * 50
    one = scored(edits, words)
    assert increase([one], [one]) == (0.0, 0.0, 0.0)
    worse = scored([count + 1 for count in edits], words)
    assert increase([worse], [one]) == pytest.approx((0.1, 0.1, 0.1))
    sometimes = scored([count + 2 * (n % 2) for n, count in enumerate(edits)], words)
    more, low, high = increase([sometimes, one], [one, one])
    assert 0.03 < low < 0.05 < high < 0.07
    assert more == mean_rate([sometimes, one]) - mean_rate([one, one])
    assert more == pytest.approx(0.05)


def test_every_recording_is_heard_at_every_level(tmp_path: Path, tiny_en_int8: Path, jfk_clip: Path) -> None:
    pytest.importorskip("jiwer")
    pytest.importorskip("whisper_normalizer")
    shutil.copy(jfk_clip, tmp_path / jfk_clip.name)
    line = json.dumps({"audio": jfk_clip.name, "text": f"{WORDS} tomorrow", "lang": "en"})
    (tmp_path / "manifest.jsonl").write_text(line + "\n")
    manifests = [read_manifest(tmp_path)]
    (once,) = measure(tiny_en_int8, manifests)
    n_words = len(WORDS.split()) + 1
    assert (once.n_recordings, once.words, once.edits, once.errors.deletions) == (1, (n_words,), (1,), 1)
    (thrice,) = measure(tiny_en_int8, manifests, levels_db=(-6, 0, 3))
    assert (thrice.n_recordings, thrice.words, thrice.edits) == (1, (3 * n_words,), (3,))
    assert thrice.rate == once.rate


def test_levels_are_decibels() -> None:
    samples = np.array([0.1, -0.2], np.float32)
    assert np.array_equal(at_level(samples, 0), samples)
    np.testing.assert_allclose(at_level(samples, 20), 10 * samples, rtol=1e-6)
    assert at_level(samples, -6).dtype == np.float32
