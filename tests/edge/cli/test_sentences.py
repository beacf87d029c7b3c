"""`edgewise sentences`, without a model and with one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("hassil")

from .conftest import Run


@pytest.fixture
def lights(tmp_path: Path) -> Path:
    path = tmp_path / "lights.txt"
    path.write_text("turn (on|off) [the] light[s]\nset {0..100:level} percent\n", encoding="utf-8")
    return path


def test_sentences_are_checked(run: Run, lights: Path) -> None:
    outcome = run("sentences", lights)
    assert outcome.status == 0
    assert outcome.out == "2 templates of 1 intents in en; 2 words to begin with: set, turn\n"


def test_a_text_is_taken_as_what_was_said(run: Run, lights: Path) -> None:
    assert run("sentences", "--text", "Set 25%!", lights).out == "sentence lights level=25: set 25 percent\n"
    assert run("sentences", "--text", "Good day.", lights).out == "free: Good day.\n"
    table = json.loads(run("sentences", "--text", "Turn off the lights.", "-f", "jsonl", lights).out)
    assert (table["kind"], table["text"], table["intent"]) == ("sentence", "turn off the lights", "lights")


def test_a_context_is_known(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "home.yaml"
    home.write_text("intents: {Dim: {data: [{sentences: [dim it], requires_context: {area: {slot: true}}}]}}")
    assert run("sentences", "--text", "dim it", home).out == "free: dim it\n"
    outcome = run("sentences", "--context", "area=attic", "--text", "dim it", home)
    assert outcome.out == "sentence Dim area=attic: dim it\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--context", "area"], "expected KEY=VALUE"),
        (["--strictness", "99"], "expected a number from -10 to 10"),
        (["--lists", "none.yaml"], "none.yaml: expected a file or folder of sentences"),
    ],
)
def test_what_cannot_be_is_said(run: Run, lights: Path, arguments: list[str], complaint: str) -> None:
    outcome = run("sentences", *arguments, lights)
    assert outcome.status == 1
    assert complaint in outcome.message


def test_recordings_are_listened_to(run: Run, lights: Path, tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path) -> None:
    outcome = run("sentences", "-m", tiny_en_int8, "-t", 1, lights, jfk_clip, tmp_path / "none.wav")
    assert outcome.status == 1
    assert outcome.out.startswith(f"{jfk_clip}: free: And so my fellow Americans")
    assert "none.wav" in outcome.message
