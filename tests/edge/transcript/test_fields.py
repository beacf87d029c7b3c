"""Events of sessions as lines of JSON."""

from __future__ import annotations

import json

import pytest

from edge.gaps import Gap
from edge.transcript.events import End, Event, Final, Partial, Silence, Speech, Stable
from edge.transcript.fields import live_event, segment_event
from edge.transcript.types import Decoding, Segment, Timing, Word

SEGMENT = Segment(3, 1.0, 2.5, " Grüße.", (Word(1.0, 2.5, " Grüße.", 0.5),), decoding=Decoding(0, (1,), 0, -0.5, 1, 0))


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (Speech(0.1 + 0.2), {"event": "speech", "start": 0.3}),
        (
            Partial(1.0, 2.0004, " one two", 4),
            {"event": "partial", "start": 1.0, "end": 2.0, "text": " one two", "n_stable": 4},
        ),
        (Stable(1.0, 1.5, " one"), {"event": "stable", "start": 1.0, "end": 1.5, "text": " one"}),
        (Silence(4.0), {"event": "silence", "start": 4.0}),
        (
            Gap(4.0, 5.0, "the microphone was disconnected", "damage"),
            {"event": "gap", "start": 4.0, "end": 5.0, "reason": "the microphone was disconnected", "cause": "damage"},
        ),
        (
            End("de", 7.00004, Timing(total_s=3), {"de": 0.9}, 0.123456),
            {"event": "end", "language": "de", "duration": 7.0, "language_probabilities": {"de": 0.9}, "peak": 0.123},
        ),
        (End("de", 7.0, Timing()), {"event": "end", "language": "de", "duration": 7.0, "peak": 0.0}),
    ],
)
def test_an_event_is_a_line(event: Event, fields: dict[str, object]) -> None:
    line = live_event(event)
    assert line.endswith("\n")
    assert list(json.loads(line).items()) == list(fields.items())


def test_a_final_has_the_keys_of_a_segment() -> None:
    final, segment = json.loads(live_event(Final(SEGMENT))), json.loads(segment_event(SEGMENT, None))
    assert (final.pop("event"), segment.pop("event")) == ("final", "segment")
    assert list(final.items()) == list(segment.items())
    assert final["words"][0]["word"] == " Grüße."


def test_nothing_that_a_terminal_obeys_is_in_it() -> None:
    line = live_event(Partial(0.0, 1.0, " \x1b[2J\u202e\n"))
    assert line.count("\n") == 1
    assert not {"\x1b", "\u202e"} & set(line)
    assert json.loads(line)["text"] == " \x1b[2J\u202e\n"
