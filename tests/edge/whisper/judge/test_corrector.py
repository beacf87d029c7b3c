"""Corrections of what real models read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import edge
from edge.correct.edits import Edit, edited
from edge.correct.witnesses import Company, Judged
from edge.errors import CancelledError
from edge.options import TranscribeOptions
from edge.store import Store
from edge.transcript.types import Segment
from edge.whisper.model import Model


@pytest.fixture(scope="module")
def pair(tiny_en_int8: Path) -> Model:
    """A model with another one beside it that gives a second opinion."""
    if not Store().is_here("base"):
        pytest.skip("base is not in the store: run `edgewise models pull base` once")
    model = edge.load("tiny.en", threads=1, offline=True)
    assert isinstance(model, Model)
    company = Company(edge.load("base", threads=1, offline=True), notes=("tiny.en and base",))
    model._companies["edgewise"] = company
    return model


@pytest.fixture
def clip(shared_data: Path) -> NDArray[np.float32]:
    """Speech in which tiny.en is in doubt about words."""
    from edge.bench.sets import read_manifest, read_samples

    return read_samples(read_manifest(shared_data / "librispeech_test_other").utterances[5])


@pytest.fixture
def makes_all(pair: Model, monkeypatch: pytest.MonkeyPatch) -> list[Judged]:
    """The gate is open: the first edit of each segment is made. What was judged is listed."""
    seen: list[Judged] = []

    def decide(judged: Judged) -> Sequence[Edit]:
        seen.append(judged)
        return list(judged.case.edits)[:1]

    _beside(pair, monkeypatch, decide=decide)
    return seen


def test_what_is_corrected_is_recorded_and_the_text_as_it_was_stays(
    pair: Model, clip: NDArray[np.float32], makes_all: list[Judged]
) -> None:
    plain, corrected = pair.transcribe(clip), pair.transcribe(clip, correct="safe", word_timestamps=True)
    (judged,) = makes_all
    (segment,) = corrected.segments
    assert segment.original == plain.segments[0].text
    assert segment.text == edited(segment.original, list(judged.case.edits)[:1])
    assert "".join(word.text for word in segment.words) == segment.text
    (one,) = segment.corrections
    assert segment.original[one.start : one.end] == one.before
    assert set(one.evidence) == {"own", "second"}
    assert segment.decoding is not None
    assert len(segment.decoding.tokens) == len(segment.decoding.token_probabilities)
    assert pair.tokenizer.decode(segment.decoding.tokens) == segment.text


def test_nothing_else_is_changed_and_twice_is_the_same(pair: Model, clip: NDArray[np.float32]) -> None:
    plain, first, again = (
        pair.transcribe(clip),
        pair.transcribe(clip, correct="most"),
        pair.transcribe(clip, correct="most"),
    )
    assert "".join(segment.original or segment.text for segment in first.segments).strip() == plain.text
    assert first.segments == again.segments
    assert first.notes == ("tiny.en and base",)


def test_a_session_in_pieces_corrects_the_same(pair: Model, clip: NDArray[np.float32], makes_all: list[Judged]) -> None:
    whole = pair.transcribe(clip, correct="safe")
    found: list[Segment] = []
    with pair.session(correct="safe") as session:
        for at in range(0, len(clip), 7000):
            found += [event.segment for event in session.feed(clip[at : at + 7000]) if isinstance(event, edge.Final)]
        found += [event.segment for event in session.finish() if isinstance(event, edge.Final)]
    assert tuple(found) == whole.segments
    assert whole.segments[0].corrections


def test_live_finals_are_corrected_as_the_same_samples_are(
    pair: Model, clip: NDArray[np.float32], makes_all: list[Judged]
) -> None:
    whole = pair.transcribe(clip, correct="safe")
    with pair.session(correct="safe", endpoint=None) as session:
        events = [*session.feed(clip), *session.finish()]
    assert tuple(event.segment for event in events if isinstance(event, edge.Final)) == whole.segments
    assert whole.segments[0].corrections
    assert [event.notes for event in events if isinstance(event, edge.End)] == [whole.notes]


def test_a_look_ahead_leaves_the_second_opinion_in_place(tiny_en_int8: Path, jfk_clip: Path) -> None:
    model = edge.load(tiny_en_int8, threads=1)
    assert isinstance(model, Model)
    judged: list[Judged] = []

    def decide(one: Judged) -> Sequence[Edit]:
        judged.append(one)
        return ()

    model._companies["edgewise"] = Company(edge.load(tiny_en_int8, threads=1), decide=decide)
    with model.session(correct="safe") as session:
        session.feed(soundfile.read(jfk_clip, dtype="float32")[0][: 6 * 16_000])
        ahead = session.ahead()
        end = session.finish()
    assert [one.witnesses for one in judged] == [("own", "second")] * 2
    assert [event.notes for events in (ahead, end) for event in events if isinstance(event, edge.End)] == [(), ()]


class _Broken:
    def score(self, texts: Sequence[str]) -> Sequence[float]:
        raise RuntimeError("out of order")


class _Fixed:
    """A language model that finds every change a hundred nats better."""

    def score(self, texts: Sequence[str]) -> Sequence[float]:
        return [0.0, *(100.0 for _ in texts[1:])]


def _beside(model: Model, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Change who stands beside the model."""
    monkeypatch.setitem(model._companies, "edgewise", replace(model._companies["edgewise"], **changes))


def test_nobody_to_ask_changes_nothing(
    pair: Model, clip: NDArray[np.float32], makes_all: list[Judged], monkeypatch: pytest.MonkeyPatch
) -> None:
    _beside(pair, monkeypatch, second=None, notes=("nobody",))
    plain, corrected = pair.transcribe(clip), pair.transcribe(clip, correct="most")
    assert corrected.segments == plain.segments
    assert corrected.notes == ("nobody",)
    assert not makes_all


def test_a_language_model_is_heard(
    pair: Model, clip: NDArray[np.float32], makes_all: list[Judged], monkeypatch: pytest.MonkeyPatch
) -> None:
    _beside(pair, monkeypatch, second=None, language_model=_Fixed())
    pair.transcribe(clip, correct="safe")
    (judged,) = makes_all
    assert judged.witnesses == ("own", "lm")
    assert all(evidence["lm"] == 100.0 for evidence in judged.case.edits.values())


def test_a_witness_that_fails_leaves_the_text_as_it_was(
    pair: Model, clip: NDArray[np.float32], makes_all: list[Judged], monkeypatch: pytest.MonkeyPatch
) -> None:
    _beside(pair, monkeypatch, second=None, language_model=_Broken())
    plain, corrected = pair.transcribe(clip), pair.transcribe(clip, correct="most")
    assert corrected.segments == plain.segments
    assert "out of order" in corrected.notes[-1]


def test_a_budget_that_is_spent_leaves_the_text_as_it_was(
    pair: Model, clip: NDArray[np.float32], makes_all: list[Judged]
) -> None:
    corrected = pair.transcribe(clip, correct="most", correct_budget=0.001)
    assert corrected.segments == pair.transcribe(clip).segments
    assert "lack of time" in corrected.notes[-1]


def test_words_of_the_vocabulary_and_numbers_are_left_alone(
    pair: Model, clip: NDArray[np.float32], makes_all: list[Judged]
) -> None:
    pair.transcribe(clip, correct="most")
    words = {word for judged in makes_all for edit in judged.case.edits for word in edit.after}
    makes_all.clear()
    options = replace(TranscribeOptions(correct="most"), vocabulary=tuple(words))
    pair.transcribe(clip, options=options)
    assert not any(set(edit.after) & words for judged in makes_all for edit in judged.case.edits)


def test_a_session_that_is_cancelled_is_not_read_on(
    pair: Model, clip: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancelled(judged: Judged) -> Sequence[Edit]:
        raise CancelledError("cancelled")

    _beside(pair, monkeypatch, decide=cancelled)
    with pytest.raises(CancelledError):
        pair.transcribe(clip, correct="safe")
