"""A whole dialogue with a virtual microphone that hears the loudspeaker as well, and with a real model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

import edge
from benchmarks.desktop.cable import Cable, missing
from edge.store import Store
from tests.edge.assist.dialogue import Dialogue
from tests.edge.assist.speech import RATE_HZ, is_here, silence, spoken

if sys.platform == "win32":
    pytest.skip("needs signals", allow_module_level=True)
pytest.importorskip("pymicro_wakeword")
pytest.importorskip("hassil")

LONGEST_START_S, MOST_MB = 3, 350
"""Seconds of a processor that a start may take, and megabytes of memory that the whole may hold."""
COMMANDS = """
[commands]
"count to twenty" = "echo one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, twenty"
"""


@pytest.fixture(scope="session")
def detector(tiny_en_int8: Path) -> None:
    if not Store().is_here("silero-vad"):
        pytest.skip("the detector of speech is not in the store: run `edgewise transcribe --demo` once")


@pytest.fixture
def dialogue(detector: None, tiny_en_int8: Path, tmp_path: Path) -> Iterator[Dialogue]:
    if missing() or not is_here:
        pytest.skip(missing() or "no voice: apt install espeak-ng")
    with Cable(tmp_path / "server") as cable:
        options = ("--wake", "alexa", "--model", tiny_en_int8, "--voice", "espeak", "--patience", 3)
        made = Dialogue(cable, tmp_path, *options, settings=COMMANDS)
        try:
            yield made
        finally:
            made.end()


def test_a_dialogue(dialogue: Dialogue, tiny_en_int8: Path, jfk_clip: Path) -> None:
    model = edge.load(tiny_en_int8)
    dialogue.wait_for('ready: say "Alexa"')
    assert dialogue.processor_s < LONGEST_START_S

    # A command after a pause, whose answer our own recogniser reads.
    began_s = dialogue.heard_s
    at = dialogue.say(spoken("alexa"), silence(0.5), spoken("set a timer for five minutes"))
    at = dialogue.wait_for("says: Timer for 5 minutes set.", dialogue.wait_for("[HassStartTimer]", at))
    said_s = dialogue.heard_s
    dialogue.until(lambda: dialogue.heard_s > said_s + 2)
    words = model.transcribe(dialogue.sound(said_s - 0.2)).text.lower()
    assert "5 minutes set" in words.replace("five", "5"), words
    assert said_s - began_s < 8

    # Speech without the wake word, such as of a television: nothing is done.
    samples, _ = soundfile.read(jfk_clip, dtype="float32")
    at = dialogue.say(samples[: 3 * RATE_HZ], spoken("set a timer for ten minutes", before_s=0.1))
    began_s = dialogue.heard_s
    dialogue.until(lambda: dialogue.heard_s > began_s + 6)
    assert [line for line in dialogue.lines[at:] if "microphone" not in line] == []

    # A long answer, which stops when somebody speaks into it.
    at = dialogue.say(spoken("alexa"), silence(0.3), spoken("count to twenty"))
    at = dialogue.wait_for("says: one, two", at)
    said_s = dialogue.heard_s
    dialogue.until(lambda: dialogue.heard_s > said_s + 1.2)
    dialogue.say(spoken("never mind, that is enough", voice="en-us+f3"))
    dialogue.wait_for("heard: ", at)
    words = model.transcribe(dialogue.sound(said_s)).text.lower()
    assert any(word in words for word in ("2", "two", "3", "three")), words
    assert not any(word in words for word in ("20", "twenty", "12", "twelve")), words

    # The wake word, and then nothing: it waits again, and hears the next one.
    at = dialogue.say(
        silence(1.5), spoken("alexa"), silence(2.8), spoken("alexa"), silence(0.3), spoken("cancel the timer")
    )
    dialogue.wait_for("says: Timer cancelled.", at)
    assert dialogue.peak_mb < MOST_MB
    assert dialogue.end() == 0
