"""`edgewise tune`, and the option --profile."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from .conftest import FakeModel, Run


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Two recordings and what the stand-in for a model says to them."""
    lines = []
    for seconds in (1, 2):
        with wave.open(str(tmp_path / f"{seconds}.wav"), "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
            file.writeframes(np.zeros(16000 * seconds, "<i2").tobytes())
        lines.append(json.dumps({"audio": f"{seconds}.wav", "text": "hello there"}))
    (tmp_path / "manifest.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "manifest.jsonl"


def test_a_budget_is_needed(run: Run) -> None:
    outcome = run("tune")
    assert outcome.status == 1
    assert "expected a budget, such as --errors 12" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--errors", "x"), "expected a number of 0 or more"),
        (("--errors", "12", "--contexts", "half"), "'half' is none of tail, full"),
        (("--errors", "12", "-m", ","), "expected one or more"),
        (("--errors", "12", "--threads", "0"), "expected a number of 1 or more"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, arguments: tuple[str, ...], complaint: str) -> None:
    outcome = run("tune", *arguments)
    assert outcome.status == 2
    assert complaint in outcome.err


def test_the_winner_is_written_and_taken(
    run: Run, manifest: Path, tmp_path: Path, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.says = "Hello there."
    monkeypatch.setattr("edge.tune.measure.load", model.load)
    profile = tmp_path / "p.toml"
    outcome = run("tune", "--errors", 5, "--set", manifest, "--threads", 1, "--beams", "5", "-o", profile)
    assert outcome.status == 0, outcome.err
    assert "the winner" in outcome.out
    assert "runs, to warm up included; all of each would be 16" in outcome.out
    assert "beam_size" in profile.read_text(encoding="utf-8")
    assert run("transcribe", manifest.parent / "1.wav", "--profile", profile).status == 0
    assert model.settings[-1]["beam_size"] == 5
    assert model.loaded_with is not None
    assert model.loaded_with[1]["threads"] == 1


def test_the_command_line_goes_first(run: Run, manifest: Path, tmp_path: Path, model: FakeModel) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text('[load]\nmodel = "base"\nthreads = 1\n[transcribe]\nbeam_size = 5\n', encoding="utf-8")
    arguments = ("-m", "tiny.en", "--profile", profile, "--beam-size", 1, "-t", 2)
    assert run("transcribe", manifest.parent / "1.wav", *arguments).status == 0
    assert model.loaded_with is not None
    assert model.loaded_with[0] == "tiny.en"
    assert model.loaded_with[1]["threads"] == 2
    assert model.settings[-1]["beam_size"] == 1


def test_words_that_nothing_hears_have_no_winner(
    run: Run, manifest: Path, tmp_path: Path, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.says = "Goodbye."
    monkeypatch.setattr("edge.tune.measure.load", model.load)
    outcome = run("tune", "--errors", 5, "--set", manifest, "--threads", 1, "-o", tmp_path / "p.toml")
    assert outcome.status == 1
    assert "no way to run keeps the budget" in outcome.out
    assert not (tmp_path / "p.toml").exists()


def test_a_profile_that_a_command_cannot_follow_is_refused(run: Run, tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text("[transcribe]\nbeam_size = 5\n", encoding="utf-8")
    outcome = run("listen", "--profile", profile, "x.wav")
    assert outcome.status == 1
    assert "sets beam_size, which this command does not have" in outcome.err
    missing = run("transcribe", "--profile", tmp_path / "no.toml", "x.wav")
    assert "there is no such profile" in missing.err
