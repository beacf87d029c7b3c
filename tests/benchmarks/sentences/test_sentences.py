"""Commands that are understood, false actions, and the fit of the decision."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("hassil")
pytest.importorskip("home_assistant_intents")

from benchmarks.__main__ import main
from benchmarks.sentences.closest import closest
from benchmarks.sentences.fit import Example, fit
from benchmarks.sentences.spoken import of_home
from benchmarks.sentences.tasks import Command, Heard, in_figures, is_right, pieces, read_sentences
from edge.bench.sets import read_manifest
from edge.sentences import load
from edge.sentences.decide import Evidence, score_of

GRAMMARS = Path(__file__).parents[3] / "benchmarks" / "sentences"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Get me a Dark Rose Double Shot 8-ounce Maka", ("get me a dark roast double shot eight ounce mocha", 5)),
        ("I like an ice coffee with sweetener.", ("I'd like an iced coffee with sweetener", 2)),
    ],
)
def test_the_closest_sentence_has_the_fewest_edits(text: str, expected: tuple[str, int]) -> None:
    assert closest(load(GRAMMARS / "coffee.yaml").graph, text) == expected


@pytest.mark.parametrize(
    ("said", "written"),
    [("ERASE C K C W FOURTEEN EIGHTY FIVE", "Erase CKCW 1485."), ("FOUR OH THREE", "4-0-3"), ("may ninth", "May 9th")],
)
def test_words_are_compared_in_figures(said: str, written: str) -> None:
    assert in_figures(said, "en") == in_figures(written.replace("9th", "ninth"), "en")


def test_spelled_words_and_numbers_are_listed() -> None:
    an4 = load(GRAMMARS / "an4.yaml")
    for text in ("Erase CKCW 1485.", "RUBOUT OHGPD 2976", "October 1st, 1969", "412-688-7952", "Pittsburgh"):
        assert (an4.read(text) is None) == (text == "412-688-79521")


def test_intent_and_slots_have_to_be_right() -> None:
    coffee = load(GRAMMARS / "coffee.yaml")
    command = Command("a", np.zeros(0, np.float32), None, "orderDrink", {"coffeeDrink": "mocha", "size": "small"})
    right = Heard("…", "orderDrink", {"coffeeDrink": "mocha", "size": "small"})
    assert is_right(command, right, coffee)
    assert not is_right(command, Heard("…", "orderDrink", {"coffeeDrink": "mocha"}), coffee)
    assert not is_right(command, Heard(None), coffee)


def test_other_sound_is_cut_where_it_is_quiet(tmp_path: Path) -> None:
    import soundfile

    samples = np.random.default_rng(0).standard_normal(16000 * 20).astype(np.float32) * 0.1
    samples[16000 * 6 : 16000 * 6 + 3200] = 0
    soundfile.write(tmp_path / "a.flac", samples, 16000)
    (tmp_path / "manifest.jsonl").write_text(json.dumps({"audio": "a.flac", "text": "", "seconds": 20}) + "\n")
    found = [len(piece) / 16000 for piece in pieces(read_manifest(tmp_path))]
    assert sum(found) == pytest.approx(20, abs=0.01)
    assert found[0] == pytest.approx(6.1, abs=0.15)
    assert all(0.5 < one <= 8 for one in found)


def test_the_fit_tells_right_from_wrong() -> None:
    chance = np.random.default_rng(3)
    examples = [
        Example(Evidence(float(m), float(s), 0.1), is_right, is_right, "a", "b")
        for is_right, margin, alike in ((True, -0.4, 0.8), (False, -2.0, 0.5))
        for m, s in zip(chance.normal(margin, 0.3, 50), chance.normal(alike, 0.08, 50), strict=True)
    ]
    strict, lenient = fit(examples, 0), fit(examples, 5)
    assert strict.margin > 0
    assert strict.likeness > 0
    assert lenient.least < strict.least
    passed = [one for one in examples if score_of(one.evidence, strict) >= strict.least]
    assert all(one.is_right for one in passed)
    assert len(passed) >= 45


def test_home_assistants_sentences_are_drawn_with_what_they_ask_for() -> None:
    drawn = of_home(random.Random(5), 6)
    home = read_sentences(f"homeassistant+{GRAMMARS / 'home.yaml'}")
    assert len({one.intent for one in drawn}) >= 3
    assert [home.intent_of(one.text) for one in drawn] == [(one.intent, one.slots) for one in drawn]


def test_a_voice_speaks_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    voice = tmp_path / "voice.py"
    voice.write_text("import sys, numpy, soundfile\nsoundfile.write(sys.argv[1], numpy.zeros(8000), 16000)\n")
    lines = tmp_path / "lines.jsonl"
    texts = [("olly, lights on!", "iot_on"), ("is it cold", "weather"), ("wake me", "alarm")]
    lines.write_text("".join(json.dumps({"text": text, "intent": intent}) + "\n" for text, intent in texts))
    out = tmp_path / "out"
    command = f"{sys.executable} {voice} {{file}}"
    assert main(["spoken", str(out), "--voice", command, "--lines", str(lines), "--count", "2"]) == 0
    assert "2 recordings" in capsys.readouterr().out
    spoken = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    assert len(spoken) == 2
    assert load(out / "sentences.yaml").read("Olly lights on") == ("olly lights on", "iot_on", {})
    assert main(["spoken", str(out), "--voice", "/none {file}", "--lines", str(lines)]) == 1
    assert "the voice does not speak" in capsys.readouterr().err


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny_en_int8: Path, near_clip: Path) -> None:
    text = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
    (tmp_path / "manifest.jsonl").write_text(json.dumps({"audio": near_clip.name, "text": text, "lang": "en"}) + "\n")
    listed = tmp_path / "speech.txt"
    listed.write_text(f"{text}\n{text.replace('fellow', 'yellow')}\n", encoding="utf-8")
    out = tmp_path / "out.json"
    sets = ["--commands", f"{tmp_path}={listed}", "--other", str(tmp_path), "--against", str(GRAMMARS / "coffee.yaml")]
    arguments = [
        "sentences",
        *sets,
        "--models",
        "tiny.en",
        "--threads",
        "1",
        "--ways",
        "closed,free",
        "--json",
        str(out),
    ]
    assert main(arguments) == 0
    assert "right %" in capsys.readouterr().out
    results = json.loads(out.read_text())["results"]
    assert [one["right"] for one in results if "right" in one] == [1, 1]
    assert [one["actions"] for one in results if "actions" in one] == [0, 0]
    assert main(["sentences", "--ways", "none"]) == 1
    assert "expected --commands" in capsys.readouterr().err
