"""What is said of a recording when it is done."""

from __future__ import annotations

from dataclasses import replace

from edge.cli.console.summary import wordless_line
from edge.gaps import Gap
from edge.transcript.transcript import Transcript
from edge.transcript.types import Timing

LOUD = Transcript("", "en", (), 62.0, Timing(), peak=0.5)


def test_a_loud_recording_without_words_is_mentioned() -> None:
    line = wordless_line("a.wav", LOUD)
    assert line is not None
    assert line.startswith("a.wav: no words were found in 0:01:02 of sound, whose loudest sample is at -6 dB")


def test_silence_words_and_gaps_speak_for_themselves() -> None:
    assert wordless_line("a.wav", replace(LOUD, peak=0.001)) is None
    assert wordless_line("a.wav", replace(LOUD, peak=0.0)) is None
    assert wordless_line("a.wav", replace(LOUD, text="ask")) is None
    assert wordless_line("a.wav", replace(LOUD, gaps=(Gap(0.0, 1.0, "no words", "unread"),))) is None
