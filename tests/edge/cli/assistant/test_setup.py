"""`edgewise assist setup`."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.assist.options import AssistOptions
from edge.assist.settings import read_settings

from ..conftest import Run


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "edgewise" / "assist.toml"


def test_without_a_question_all_is_as_usual(run: Run, settings: Path) -> None:
    outcome = run("assist", "setup", "--yes")
    assert outcome.status == 0
    assert f"wrote {settings}\n" in outcome.out
    assert read_settings(settings).assist == AssistOptions()


def test_what_was_answered_before_stays(run: Run, settings: Path) -> None:
    run("assist", "setup", "--yes")
    settings.write_text('[microphone]\ndevice = "desk"\n[commands]\n"good night" = "true"\n')
    outcome = run("assist", "setup", "--yes")
    assert f"wrote {settings}; the one before is {settings}.old\n" in outcome.out
    found = read_settings(settings)
    assert (found.assist.device, found.commands) == ("desk", {"good night": "true"})


def test_a_file_that_cannot_be_read_is_written_anew(run: Run, settings: Path) -> None:
    settings.parent.mkdir()
    settings.write_text("nonsense")
    outcome = run("assist", "setup", "--yes")
    assert "it is written anew" in outcome.out
    assert read_settings(settings).assist == AssistOptions()
