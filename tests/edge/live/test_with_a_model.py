"""Live sessions with a real model and a real detector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import edge
from edge.arrays import FloatArray
from edge.errors import StoreError
from edge.transcript.events import Event, Final, Partial, Silence, Speech, Stable

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def model(tiny_en_int8: Path) -> edge.Recognizer:
    return edge.load(tiny_en_int8, threads=1, offline=True)


@pytest.fixture(scope="module")
def talk(jfk_clip: Path) -> FloatArray:
    clip = soundfile.read(jfk_clip, dtype="float32")[0]
    quiet = np.random.default_rng(0).standard_normal(RATE_HZ).astype(np.float32) * np.float32(1e-3)
    return np.concatenate([quiet, clip, quiet, clip[: 5 * RATE_HZ], quiet])


def run(session: edge.Session, samples: FloatArray, size: int) -> list[Event]:
    with session:
        events = [event for at in range(0, len(samples), size) for event in session.feed(samples[at : at + size])]
        return events + session.finish()


def live(model: edge.Recognizer, samples: FloatArray, size: int = 1600) -> list[Event]:
    try:
        return run(model.session(endpoint=0.5), samples, size)
    except StoreError as error:
        pytest.skip(str(error))


def test_what_is_final_is_the_transcript_of_its_samples(model: edge.Recognizer, talk: FloatArray) -> None:
    start, n_turns = 0.0, 0
    segments: list[edge.Segment] = []
    for event in live(model, talk):
        if isinstance(event, Speech):
            start, segments = event.start, []
        elif isinstance(event, Final):
            segments.append(event.segment)
        elif isinstance(event, Silence):
            n_turns += 1
            whole = model.transcribe(talk[round(start * RATE_HZ) : round(event.start * RATE_HZ)])
            assert [one.text for one in segments] == [one.text for one in whole.segments]
            for one, other in zip(segments, whole.segments, strict=True):
                assert one.start == pytest.approx(other.start + start, abs=0.006)
                assert one.decoding is not None
                assert other.decoding is not None
                assert (one.decoding.tokens, one.decoding.avg_logprob) == (
                    other.decoding.tokens,
                    other.decoding.avg_logprob,
                )
    assert n_turns >= 2


def test_what_is_final_does_not_hang_on_pieces(model: edge.Recognizer, talk: FloatArray) -> None:
    def finals(size: int) -> list[tuple[float, str]]:
        return [(one.segment.start, one.segment.text) for one in live(model, talk, size) if isinstance(one, Final)]

    assert finals(511) == finals(16_001) == finals(len(talk))


def test_words_come_while_somebody_speaks(model: edge.Recognizer, talk: FloatArray) -> None:
    stable = ""
    for event in live(model, talk):
        if isinstance(event, Speech):
            stable = ""
        if isinstance(event, Stable):
            stable += event.text
        elif isinstance(event, Partial):
            assert event.text[: event.n_stable] == stable
        elif isinstance(event, Final):
            break
    assert "fellow Americans" in stable


def test_a_sound_of_one_text_is_that_of_the_recording(model: edge.Recognizer, talk: FloatArray) -> None:
    try:
        events = run(model.session(endpoint=None), talk, 1600)
    except StoreError as error:
        pytest.skip(str(error))
    assert [one.segment for one in events if isinstance(one, Final)] == list(model.transcribe(talk).segments)


def test_silence_and_noise_give_no_words(model: edge.Recognizer) -> None:
    noise = np.random.default_rng(0).standard_normal(20 * RATE_HZ).astype(np.float32)
    for level in (0.0, 0.001, 0.05):
        events = live(model, noise * np.float32(level))
        assert not [event for event in events if isinstance(event, (Final, Stable, Partial))]
