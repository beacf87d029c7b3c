"""Recordings whose sections are read apart: what is put together is what one process gives for the whole."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import edge
from edge.arrays import FloatArray
from edge.audio import open_audio
from edge.listen.pauses import PauseCutter, Piece
from edge.sections import Outline, Told
from edge.transcript.events import End, Final
from edge.transcript.transcript import Transcript
from edge.transcript.types import Segment, Timing
from edge.whisper.divided import KnownCutter, joined, outline_of, read_between
from edge.whisper.whole import Whole

from .spoken import RATE_HZ, SecondsCutter, Stage, second

PAUSE = np.zeros(RATE_HZ // 2, np.float32)


@pytest.fixture(scope="module")
def speech(jfk_clip: Path) -> FloatArray:
    """Two minutes of a speaker who pauses."""
    with open_audio(jfk_clip) as source:
        clip = np.concatenate(list(source))
    return np.concatenate([clip, PAUSE] * 11)


def sections_of(cutter: PauseCutter | KnownCutter, samples: FloatArray, n_block: int) -> list[FloatArray]:
    found: list[list[FloatArray]] = [[]]
    pieces = [piece for at in range(0, len(samples), n_block) for piece in cutter.feed(samples[at : at + n_block])]
    for piece in (*pieces, *cutter.finish()):
        found[-1].append(piece.samples)
        if piece.is_last:
            found.append([])
    assert found.pop() == []
    return [np.concatenate(section) for section in found]


@pytest.mark.parametrize("n_block", [7, 100, 1000])
def test_known_edges_are_cut_whatever_the_blocks(n_block: int) -> None:
    samples = np.arange(1000, dtype=np.float32)
    found = sections_of(KnownCutter([100, 100, 350, 990]), samples, n_block)
    assert [(list(section[:1]), len(section)) for section in found] == [([], 0), ([100], 250), ([350], 640)]
    assert sections_of(KnownCutter([]), samples, n_block) == []


def test_a_long_section_comes_in_pieces() -> None:
    cutter = KnownCutter([0, 200 * RATE_HZ])
    pieces: list[Piece] = []
    for _ in range(10):
        pieces += cutter.feed(np.zeros(20 * RATE_HZ, np.float32))
    assert [(len(piece.samples) // RATE_HZ, piece.is_last) for piece in pieces] == [
        *[(60, False)] * 3,
        (20, True),
    ]
    assert cutter.is_done


def test_known_edges_are_those_of_pauses(speech: FloatArray) -> None:
    expected = sections_of(PauseCutter(), speech, 5000)
    edges = np.cumsum([0, *map(len, expected)]).tolist()
    for first in range(len(expected)):
        found = sections_of(KnownCutter(edges[first:]), speech, 7777)
        assert [section.tobytes() for section in found] == [section.tobytes() for section in expected[first:]]


def test_parts_hold_each_section_once() -> None:
    outline = Outline((0, 10, 30, 60, 100, 150), 1.0, (), "en", (), n_told=1)
    assert [outline.part(number, 2) for number in range(2)] == [(10, 30, 60), (60, 100, 150)]
    assert [outline.part(number, 5) for number in range(5)] == [(), (10, 30), (30, 60), (60, 100), (100, 150)]


def test_the_last_error_is_raised_where_all_failed() -> None:
    end = End("en", 1.0, Timing())
    whole = Whole("en")
    for number in range(2):
        whole.take(Told(number * RATE_HZ, RATE_HZ, (end,), ValueError(str(number))))
    with pytest.raises(ValueError, match="1"):
        whole.end()
    whole.take(Told(2 * RATE_HZ, RATE_HZ, (Final(Segment(0, 0.5, 0.9, " yes")), end)))
    assert whole.end().duration == whole.done_s == 3.0


def all_but_times(transcript: Transcript) -> tuple[object, ...]:
    return (
        *(transcript.text, transcript.segments, transcript.language, transcript.language_probabilities),
        *(transcript.duration, transcript.peak, transcript.gaps, transcript.notes),
        *(transcript.timing.n_windows, transcript.timing.n_tokens),
    )


def test_parts_give_what_the_whole_gives(tiny_en_int8: Path, speech: FloatArray) -> None:
    """The last part is read first, and each comes from another process as far as it can tell."""
    model = edge.load(tiny_en_int8, offline=True, threads=1)
    assert isinstance(model, edge.Model)
    settings: edge.Settings = {"vad": False, "temperature": 0, "word_timestamps": True}
    whole = model.transcribe(speech, parallel=True, **settings)
    outline: Outline = pickle.loads(pickle.dumps(model.outline(speech, **settings)))
    assert len(outline.edges) >= 4
    parts: list[Told] = []
    for number in reversed(range(2)):
        parts[:0] = pickle.loads(pickle.dumps(model.read_part(speech, outline, number, 2, **settings)))
    assert all_but_times(model.join(outline, parts, **settings)) == all_but_times(whole)
    assert not model.scheduler._sessions, "what was begun is ended"


def test_the_language_is_that_of_the_first_text() -> None:
    """Sections without words tell none, and what was read for it is not read again."""
    said = np.concatenate([second(said) for said in range(1, 7)])
    stage = Stage()
    stage.silent = {1, 2}
    with stage.session(language=None, finds_language=True) as session:
        expected = [event for number in range(6) for event in session.feed(said[number * RATE_HZ :][:RATE_HZ])]
        expected += session.finish()
    stage.languages.clear()
    with open_audio(said, block_s=1) as source, stage.sections(3, None, finds_language=True) as sections:
        outline = outline_of(source, SecondsCutter(), sections, None, finds_language=True)
    assert (outline.edges, outline.n_told) == (tuple(RATE_HZ * number for number in range(7)), 3)
    assert (outline.language, stage.languages) == ("de", [None, None, None])
    told = list(outline.told)
    for number in range(2):
        edges = outline.part(number, 2)
        with open_audio(said) as source, stage.sections(3, "de", finds_language=False, first=edges[0]) as sections:
            told += read_between(source, edges, sections)
    assert stage.languages[3:] == ["de"] * 3
    assert joined(told, None) == expected
