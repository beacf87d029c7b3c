from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import soundfile

import edge
from edge.correct.joined import JoinedSession
from edge.correct.joining import Joiner
from edge.correct.undo import undone
from edge.correct.witnesses import Company
from edge.session import Session
from edge.transcript.events import End, Event, Final, Partial, Silence, Speech
from edge.transcript.types import Correction, Decoding, Segment, Timing, Word
from edge.whisper.model import Model


class Small:
    """A language model to which a text is the likelier the fewer full stops and capitals it has."""

    def __init__(self) -> None:
        self.calls = 0

    def score(self, texts: Sequence[str]) -> Sequence[float]:
        self.calls += 1
        return [-2.0 * sum(sign == "." or sign.isupper() for sign in text) - text.count(",") for text in texts]


class Commas:
    """A language model to which a text is the likelier the more commas it has."""

    def score(self, texts: Sequence[str]) -> Sequence[float]:
        return [2.0 * text.count(",") for text in texts]


class Broken:
    def score(self, texts: Sequence[str]) -> Sequence[float]:
        raise RuntimeError("out of order")


def said(text: str, start: float, *, seek: int | None = None, temperature: float = 0.0, language: str = "en") -> Final:
    words = text.split()
    at = round(start * 100) if seek is None else seek
    return Final(
        Segment(
            id=0,
            start=start,
            end=start + 1.0,
            text=text,
            words=tuple(
                Word(start + number / len(words), start + (number + 1) / len(words), " " + word, 0.5)
                for number, word in enumerate(words)
            ),
            language=language,
            decoding=Decoding(at, (), temperature, -0.1, 1.0, 0.0),
        )
    )


def segments(events: Sequence[Event]) -> list[Segment]:
    return [event.segment for event in events if isinstance(event, Final)]


SOUND = np.zeros(160, np.float32)
END = End("en", 10.0, Timing(correct_s=1.0), notes=("somebody",))


def test_a_joint_is_mended_and_what_was_read_is_kept() -> None:
    joiner = Joiner(Small())
    assert joiner.pass_on([said(" In the garden.", 0.0)]) == []
    first, second, end = joiner.pass_on([said(" Where she sat.", 1.2), END])
    assert isinstance(first, Final)
    assert isinstance(second, Final)
    assert [first.segment.text, second.segment.text] == [" In the garden", " where she sat."]
    assert first.segment.original == " In the garden."
    assert first.segment.corrections == (Correction(8, 15, "garden.", "garden", {"lm": 4.0}),)
    assert second.segment.corrections == (Correction(1, 6, "Where", "where", {"lm": 4.0}),)
    for one in (first.segment, second.segment):
        assert "".join(word.text for word in one.words) == one.text
        back = undone(one)
        assert back.text == one.original == "".join(word.text for word in back.words)
    assert isinstance(end, End)
    assert end.timing.correct_s >= 1.0


@pytest.mark.parametrize(
    "behind",
    [
        said(" Where she sat.", 1.8),
        said(" Where she sat.", 1.2, seek=0),
        said(" Where she sat.", 1.2, temperature=0.2),
        said(" Where she sat.", 1.2, language="de"),
        Final(replace(said(" Where she sat.", 1.2).segment, decoding=None)),
    ],
    ids=["a pause", "read together", "drawn", "German", "not by Whisper"],
)
def test_what_is_no_joint_stays(behind: Final) -> None:
    model = Small()
    joiner = Joiner(model)
    before = said(" In the garden.", 0.0)
    assert joiner.pass_on([before, behind])[:1] == [before]
    assert joiner.release() == [behind]
    assert model.calls == 0


def test_a_correction_of_the_word_at_the_joint_stays_as_it_is() -> None:
    one = replace(
        said(" In the garden.", 0.0).segment,
        original=" In the guard.",
        corrections=(Correction(8, 14, "guard.", "garden.", {"own": 1.0}),),
    )
    joiner = Joiner(Small())
    joiner.pass_on([Final(one)])
    assert joiner.pass_on([said(" Where she sat.", 1.2)]) == [Final(one)]


def test_a_broken_model_changes_nothing_and_is_told_once() -> None:
    joiner = Joiner(Broken())
    given = [said(" One.", 0.0), said(" Two.", 1.1), said(" Three.", 2.2)]
    *found, end = joiner.pass_on([*given, END])
    assert found == given
    assert isinstance(end, End)
    assert end.notes == ("somebody", "joints could not be judged: RuntimeError: out of order")


def test_a_turn_that_goes_on_tells_how_the_one_before_ends() -> None:
    joiner = Joiner(Small())
    assert joiner.pass_on([said(" In the garden.", 0.0), Silence(1.2), Speech(1.2)]) == []
    assert joiner.pass_on([Partial(1.2, 1.5, " Where")]) == []
    partial = Partial(1.2, 2.0, " Where she sat")
    first, *rest = joiner.pass_on([partial])
    assert segments([first])[0].text == " In the garden"
    assert rest == [Silence(1.2), Speech(1.2), Partial(1.2, 1.5, " Where"), partial]
    joiner.pass_on([said(" Where she sat down.", 1.2)])
    assert segments(joiner.release())[0].text == " where she sat down."


class Played:
    """A session that gives what it was made with."""

    def __init__(self, events: Sequence[Sequence[Event]], quiet_s: Sequence[float]) -> None:
        self._events, self._quiet_s = list(events), list(quiet_s)
        self.quiet_s = self.done_s = 0.0

    def feed(self, samples: object) -> list[Event]:
        self.quiet_s = self._quiet_s.pop(0)
        return list(self._events.pop(0))

    def ahead(self) -> list[Event]:
        return [said(" Where she sat.", 1.2), END]


def joined(events: Sequence[Sequence[Event]], quiet_s: Sequence[float]) -> JoinedSession:
    return JoinedSession(cast(Session, Played(events, quiet_s)), Joiner(Small()))


def test_nothing_is_held_after_a_pause() -> None:
    before = said(" In the garden.", 0.0)
    session = joined([[before], [], []], [0.3, 0.6, 0.75])
    assert [session.feed(SOUND) for _ in range(3)] == [[], [], [before]]


def test_a_look_ahead_changes_nothing() -> None:
    session = joined([[said(" In the garden.", 0.0)]], [0.0])
    assert session.feed(SOUND) == []
    for _ in range(2):
        assert [one.text for one in segments(session.ahead())] == [" In the garden", " where she sat."]


def test_short_turns_and_sections_of_real_speech_are_joined(tiny_en_int8: Path, jfk_clip: Path) -> None:
    model = edge.load(tiny_en_int8, threads=1)
    assert isinstance(model, Model)
    speech = soundfile.read(jfk_clip, dtype="float32")[0]
    with model.session(endpoint=0.25) as plain:
        apart = segments(list(plain.listen(np.split(speech, range(1600, len(speech), 1600)))))
    model._companies["edgewise"] = Company(language_model=Small(), decide=lambda _: ())
    with model.session(endpoint=0.25, correct="safe") as session:
        events = list(session.listen(np.split(speech, range(1600, len(speech), 1600))))
    found = segments(events)
    assert len(found) == len(apart) > 2
    assert [one.original or one.text for one in found] == [one.text for one in apart]
    assert any(one.corrections for one in found)
    assert [letters(one.text) for one in found] == [letters(one.text) for one in apart]
    assert [one.id for one in found] == list(range(len(found)))
    model._companies["edgewise"] = Company(language_model=Commas(), decide=lambda _: ())
    sections = np.tile(speech[: 10 * 16_000], 4)
    mended, read = (
        model.transcribe(sections, parallel=True, correct=correct, language="en") for correct in ("safe", "off")
    )
    assert [change.after for one in mended.segments for change in one.corrections] == ["you,"]
    assert letters(mended.text) == letters(read.text)


def letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum() or letter == " ")
