from __future__ import annotations

import pytest

from edge.live.joint import with_capitals_of, with_signs_of, word_behind
from edge.transcript.events import Event, Final, Silence
from edge.transcript.types import Segment, Word


def said(*texts: str) -> list[Event]:
    return [Final(Segment(0, 0.0, 1.0, text)) for text in texts]


def texts(events: list[Event]) -> list[tuple[str, str | None]]:
    return [(event.segment.text, event.segment.original) for event in events if isinstance(event, Final)]


@pytest.mark.parametrize(
    ("last", "joint", "expected"),
    [
        ("menus.", "to send this to the menus, now and forever", ("menus,", "now")),
        ("menus.", "to send this to the menus now", ("menus", "now")),
        ("menus.", "nothing of the kind", None),
        ("the", "the end of the beginning of it", ("the", "beginning")),
        ("menus.", "the menus", None),
        ("...", "... and", None),
    ],
)
def test_the_word_behind_a_joint_is_found_by_the_word_before_it(
    last: str, joint: str, expected: tuple[str, str] | None
) -> None:
    assert word_behind(last, joint, 0.6) == expected


def test_only_the_sign_changes_before_the_joint() -> None:
    assert texts(with_signs_of(said(" One.", " to the menus."), "menus,")) == [
        (" One.", None),
        (" to the menus,", " to the menus."),
    ]
    assert texts(with_signs_of(said(" to the menus."), "Menus")) == [(" to the menus", " to the menus.")]
    assert texts(with_signs_of(said(" to the menus."), "menus.")) == [(" to the menus.", None)]
    assert with_signs_of([Silence(1.0)], "menus,") == [Silence(1.0)]


def test_only_capitals_change_behind_it() -> None:
    assert texts(with_capitals_of(said(" Now and then.", " Next."), "now")) == [
        (" now and then.", " Now and then."),
        (" Next.", None),
    ]
    assert texts(with_capitals_of(said(" Now, and then."), "now")) == [(" now, and then.", " Now, and then.")]
    assert texts(with_capitals_of(said(" Then and now."), "now")) == [(" Then and now.", None)]
    assert texts(with_capitals_of(said(" Now."), "")) == [(" Now.", None)]
    assert with_capitals_of([], "now") == []


def test_words_change_with_their_text() -> None:
    words = (Word(0.0, 0.4, " Now", 1.0), Word(0.4, 1.0, " then.", 1.0))
    (event,) = with_capitals_of([Final(Segment(0, 0.0, 1.0, " Now then.", words))], "now")
    assert isinstance(event, Final)
    assert "".join(word.text for word in event.segment.words) == event.segment.text == " now then."
    (event,) = with_signs_of([event], "then,")
    assert isinstance(event, Final)
    assert "".join(word.text for word in event.segment.words) == event.segment.text == " now then,"
    assert event.segment.original == " Now then."
