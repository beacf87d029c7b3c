"""`edgewise export whisper`, as a user types it: what is at odds is said before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--max-wer-increase", "0.2"), "need --eval SET to measure on"),
        (("--to", "onnx", "--target-ms", "9"), "need --eval SET to measure on"),
        (("--precision", "auto", "--eval", "set"), "--precision auto needs --max-wer-increase POINTS and --eval SET"),
        (
            ("--precision", "auto", "--to", "onnx", "--eval", "set", "--max-wer-increase", "1"),
            "precision auto is for gguf files; onnx is written at f32 or int8 or w8 or w4",
        ),
        (("--vary", "2"), "varied speech is for --compress and --recover; leave --vary out"),
        (("--to", "ctranslate2", "--eval", "set"), "only gguf and onnx are run here and can be measured"),
    ],
)
def test_options_at_odds(run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    outcome = run("export", "whisper", source, "-o", tmp_path / "out", *arguments)
    assert outcome.status == 1
    assert message in outcome.message
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize("option", ["--max-wer-increase", "--target-ms"])
@pytest.mark.parametrize("value", ["nan", "inf", "some"])
def test_limits_are_numbers(run: Run, option: str, value: str) -> None:
    outcome = run("export", "whisper", "base", "-o", "out", "--eval", "set", option, value)
    assert outcome.status == 2
    assert f"{option}: expected a number, found '{value}'" in outcome.err


@pytest.mark.parametrize("value", ["nan", "0,", "x", "0,90"])
def test_levels_are_decibels_that_recordings_bear(run: Run, value: str) -> None:
    outcome = run("export", "whisper", "base", "-o", "out", "--eval", "set", "--eval-levels", value)
    assert outcome.status == 2
    assert "--eval-levels: expected" in outcome.err


@pytest.mark.parametrize("value", ["-1", "1.5", "21"])
def test_recordings_are_heard_again_so_many_times(run: Run, value: str) -> None:
    outcome = run("export", "whisper", "base", "-o", "out", f"--vary={value}")
    assert outcome.status == 2
    assert f"--vary: expected a number from 0 to 20, found '{value}'" in outcome.err
