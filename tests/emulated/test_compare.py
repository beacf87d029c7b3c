"""What another machine heard is compared clip by clip, and every difference is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.emulated.compare import main

Heard = dict[str, str]
HEARD: Heard = {"clip": "a.wav", "level": "neon", "text": "Hello.", "encoder": "11", "logits": "22", "speech": "0110"}
HEARD |= {"features": "33"}


def write(path: Path, *lines: Heard) -> str:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return str(path)


def test_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([write(tmp_path / "here", HEARD), write(tmp_path / "max", HEARD | {"level": "i8mm"})]) == 0
    assert capsys.readouterr().out == "max (i8mm): 1 clips, 0 differences from here\n"


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("text", "Hallo."),
        ("encoder", "12"),
        ("logits", "23"),
        ("speech", "0111"),
        ("features", "34"),
    ],
)
def test_a_difference(tmp_path: Path, what: str, found: str, capsys: pytest.CaptureFixture[str]) -> None:
    same, other = write(tmp_path / "same", HEARD), write(tmp_path / "other", HEARD | {what: found})
    assert main([write(tmp_path / "here", HEARD), same, other]) == 1
    assert "1 differences from here\n  a.wav: " in capsys.readouterr().out


def test_a_clip_that_was_not_heard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([write(tmp_path / "here", HEARD), write(tmp_path / "other")]) == 1
    assert "heard nothing; expected a.wav" in capsys.readouterr().out


def test_nothing_is_not_the_same_as_nothing(tmp_path: Path) -> None:
    assert main([write(tmp_path / "here"), write(tmp_path / "other")]) == 1
