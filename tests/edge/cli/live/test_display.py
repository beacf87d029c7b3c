"""What stands on the terminal while somebody speaks."""

from __future__ import annotations

import numpy as np

from edge.cli.live.display import Display
from edge.cli.live.region import Region
from edge.gaps import Gap
from edge.transcript.events import End, Final, Partial, Silence, Speech, Stable
from edge.transcript.types import Segment, Timing

from .screen import Screen


class Terminal:
    """A display on a model of a terminal, with a clock that stands still."""

    def __init__(self, columns: int = 60, lines: int = 8, *, follows: bool = True) -> None:
        self.now = 0.0
        self.screen = Screen(columns, lines)
        region = Region(self.screen.write, lambda: self.screen.size, styled=True)
        self.display = Display(region, hint="Ctrl-C ends", follows=follows, clock=lambda: self.now)

    def hear(self, samples: int, value: float = 0.0) -> None:
        self.now += 1.0
        self.display.hear(np.full(samples, value, np.float32))

    @property
    def lines(self) -> list[str]:
        return self.screen.text


def final(text: str, start: float, end: float) -> Final:
    return Final(Segment(0, start, end, text))


def test_a_turn_from_its_first_word_to_its_end() -> None:
    terminal = Terminal()
    display = terminal.display
    terminal.hear(1600, 0.1)
    assert terminal.lines == ["listening  [###########.....]  0:00  Ctrl-C ends"]
    display.take(Speech(0.0))
    display.take(Partial(0.0, 1.0, " one too"))
    assert terminal.lines[0] == "one too"
    assert terminal.screen.dim == "one too  Ctrl-C ends"
    display.take(Stable(0.0, 0.5, " one"))
    assert terminal.lines[0] == "one too"  # nothing disappears in between
    display.take(Partial(0.0, 1.5, " one two", 4))
    assert terminal.lines[0] == "one two"
    assert terminal.lines[1].startswith("speech  [")
    assert terminal.screen.dim == " two  Ctrl-C ends"
    display.take(Stable(0.6, 1.0, " two."))
    display.take(final(" One, two.", 0.0, 1.2))
    display.take(Silence(1.5))
    assert terminal.lines == ["One, two.", "silence  [###########.....]  0:00  Ctrl-C ends"]
    display.take(End("en", 2.0, Timing()))
    assert terminal.lines == ["One, two.", ""]


def test_what_is_stable_stays_until_it_is_final() -> None:
    """Of a pipe nothing is final before 30 s, and several turns may have ended by then."""
    terminal = Terminal()
    for event in (Stable(0.0, 1.0, " one."), Speech(3.0), Partial(3.0, 4.0, " two", 0)):
        terminal.display.take(event)
    assert terminal.lines[0] == "one. two"
    terminal.display.take(Stable(4.0, 4.0, " two"))
    terminal.display.take(final(" One.", 0.0, 1.0))
    assert terminal.lines[:2] == ["One.", "two"]


def test_a_state_that_is_told_stays_where_events_are_not_followed() -> None:
    for follows, state in ((True, "speech"), (False, "press Enter")):
        terminal = Terminal(follows=follows)
        terminal.display.tell("press Enter")
        terminal.display.take(Speech(0.0))
        assert terminal.lines[-1].startswith(f"{state}  [")


def test_long_text_keeps_to_the_screen() -> None:
    terminal = Terminal(columns=21, lines=4)
    terminal.display.take(Partial(0.0, 9.0, " 漢字" * 60))
    assert len(terminal.lines) == 3
    terminal.display.take(final(" word" * 12, 0.0, 9.0))
    assert terminal.lines[:3] == ["word word word word"] * 3


def test_a_gap_is_said() -> None:
    terminal = Terminal()
    terminal.display.take(Partial(0.0, 1.0, " what"))
    terminal.display.take(Gap(1.0, 3.5, "it was unplugged", "damage"))
    assert terminal.lines[:2] == ["(1.00 to 3.50 s, damaged: it was unplugged)", terminal.lines[1]]
    assert terminal.lines[1].startswith("listening")


def test_trouble_stands_in_place_of_the_state() -> None:
    terminal = Terminal()
    terminal.display.trouble = "muted"
    terminal.hear(1600)
    assert terminal.lines == ["muted  [................]  0:00  Ctrl-C ends"]


def test_the_meter_falls_slowly_and_is_drawn_now_and_then() -> None:
    terminal = Terminal()
    terminal.hear(1600, 0.9)
    loud = terminal.lines
    terminal.now -= 1.0
    terminal.hear(1600)
    assert terminal.lines == loud  # too soon
    terminal.hear(8000)
    assert "[####" in terminal.lines[0]
    assert terminal.lines != loud
    terminal.hear(160000)
    assert "[....." in terminal.lines[0]


def test_it_is_taken_off_for_a_message_and_drawn_again() -> None:
    terminal = Terminal()
    terminal.display.take(Partial(0.0, 1.0, " one"))
    terminal.display.erase()
    assert terminal.lines == [""]
    terminal.screen.write("edgewise: a message\n")
    terminal.hear(1600)
    assert terminal.lines[:2] == ["edgewise: a message", "one"]
    terminal.display.erase()
    terminal.now += 1.0
    terminal.display.refresh()
    assert terminal.lines[:2] == ["edgewise: a message", "one"]
