"""What an overlay says, from the key until the text is written."""

from __future__ import annotations

from edge.desktop.protocol import Caption
from edge.dictate.captions import Captions
from edge.dictate.dictation import State
from edge.transcript.events import Partial, Stable

from .parts import final


def test_it_follows_a_dictation_to_its_text() -> None:
    shown: list[Caption | None] = []
    n_due = 0
    captions = Captions(shown.append, lambda: n_due)
    captions.tell(State.PREPARING)
    captions.tell(State.LISTENING)
    captions.take(Partial(0.0, 1.0, " Hello their"))
    captions.take(Stable(0.0, 0.5, " Hello"))
    captions.take(Partial(0.0, 1.5, " Hello there", 6))
    n_due = 1
    captions.tell(State.IDLE)
    n_due = 0
    captions.note_written()
    captions.tell(State.LISTENING)
    assert shown == [
        Caption("preparing"),
        Caption("listening"),
        Caption("listening", "", " Hello their"),
        Caption("listening", " Hello", ""),
        Caption("listening", " Hello", " there"),
        Caption("working", " Hello", " there"),
        None,
        Caption("listening"),
    ]


def test_a_text_that_was_written_at_once_is_not_waited_for() -> None:
    shown: list[Caption | None] = []
    captions = Captions(shown.append, lambda: 0)
    captions.tell(State.LISTENING)
    captions.tell(State.IDLE)
    assert shown == [Caption("listening"), None]


def test_a_final_text_leaves_and_what_comes_behind_it_stays() -> None:
    shown: list[Caption | None] = []
    captions = Captions(shown.append, lambda: 0)
    captions.tell(State.LISTENING)
    captions.take(Stable(0.0, 0.5, " One."))
    captions.take(Stable(5.0, 5.5, " Two."))
    captions.take(final(" One."))
    assert shown[-1] == Caption("listening", " Two.")
    assert shown[-1].words == "listening:  Two."
