"""Sections of a recording: all of the sound, cut where nobody speaks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.arrays import BoolArray, FloatArray
from edge.listen.pauses import FRAME_SAMPLES, FindSpeech, PauseCutter, Piece

RATE_HZ = 16000
LEAST_S, MOST_S = 30, 60


def speech(seconds: float, *, level: float = 0.1) -> FloatArray:
    rng = np.random.default_rng(round(seconds * 1000))
    return (rng.standard_normal(round(seconds * RATE_HZ)) * level).astype(np.float32)


def silence(seconds: float, *, level: float = 0.0005) -> FloatArray:
    return speech(seconds, level=level)


def cut(sound: FloatArray, n_block: int = 4096, find_speech: FindSpeech = lambda samples: None) -> list[Piece]:
    cutter = PauseCutter(find_speech)
    blocks = (sound[first : first + n_block] for first in range(0, len(sound), n_block))
    return [piece for block in blocks for piece in cutter.feed(block)] + list(cutter.finish())


def ends(pieces: list[Piece]) -> list[int]:
    """Samples at which sections end."""
    stops = np.cumsum([len(piece.samples) for piece in pieces]).tolist()
    return [stop for stop, piece in zip(stops, pieces, strict=True) if piece.is_last]


@settings(max_examples=25, deadline=None)
@given(
    said=st.lists(st.tuples(st.floats(0.3, 40), st.sampled_from([0.1, 0.2, 0.35, 0.6, 3.0])), min_size=1, max_size=12),
    n_block=st.sampled_from([777, 4096, 100_000]),
)
def test_every_cut_is_in_a_pause_and_nothing_is_lost(said: list[tuple[float, float]], n_block: int) -> None:
    sound = np.concatenate([part for word_s, pause_s in said for part in (speech(word_s), silence(pause_s))])
    pieces = cut(sound, n_block)
    assert np.array_equal(np.concatenate([piece.samples for piece in pieces]), sound)
    *inner, last = ends(pieces)
    assert last == len(sound)
    at, pauses = 0.0, []
    for word_s, pause_s in said:
        pauses.append((at + word_s, at + word_s + pause_s))
        at += word_s + pause_s
    for stop in inner:
        assert stop % FRAME_SAMPLES == 0
        assert any(first + 0.1 < stop / RATE_HZ < end - 0.1 and end - first > 0.3 for first, end in pauses), (
            "a word may be silent for 0.2 s"
        )


def test_a_section_fills_a_window_and_ends_soon() -> None:
    sound = np.concatenate([part for _ in range(100) for part in (speech(2.6), silence(0.4))])
    lengths = np.diff([0, *ends(cut(sound))]) / RATE_HZ
    assert len(lengths) > 5
    assert all(LEAST_S <= length <= MOST_S for length in lengths[:-1])


def test_sound_without_a_pause_goes_on_until_there_is_one() -> None:
    sound = np.concatenate([speech(150), silence(0.6), speech(30)])
    pieces = cut(sound)
    assert [piece.is_last for piece in pieces] == [False, False, True, True]
    assert ends(pieces)[0] / RATE_HZ == pytest.approx(150.3, abs=0.05)
    assert max(len(piece.samples) for piece in pieces) <= MOST_S * RATE_HZ, "memory is bounded"


def test_the_next_section_begins_soon_before_its_first_word() -> None:
    pieces = cut(np.concatenate([speech(30), silence(10), speech(40)]))
    assert ends(pieces)[0] / RATE_HZ == pytest.approx(39.5, abs=0.05)


def test_the_detector_finds_pauses_behind_noise() -> None:
    sound = np.concatenate([speech(40), silence(1, level=0.03), speech(40)])
    assert len(ends(cut(sound))) == 1, "the noise is too loud to be called silence"
    asked: list[int] = []

    def find_speech(samples: FloatArray) -> BoolArray:
        asked.append(len(samples))
        is_speech: BoolArray = np.abs(samples.reshape(-1, FRAME_SAMPLES)).max(axis=1) > 0.15
        return is_speech

    assert ends(cut(sound, find_speech=find_speech))[0] / RATE_HZ == pytest.approx(40.5, abs=0.05)
    assert asked == [MOST_S * RATE_HZ]


@pytest.mark.parametrize("seconds", [0.0, 0.004, 59.9, 60.0])
def test_edges(seconds: float) -> None:
    assert sum(len(piece.samples) for piece in cut(speech(seconds))) == round(seconds * RATE_HZ)


def test_digital_silence_is_a_pause() -> None:
    assert len(ends(cut(np.zeros(150 * RATE_HZ, np.float32)))) > 1
