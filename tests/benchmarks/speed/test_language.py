"""Language models by turns, each in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from tests.edge.llm.conftest import write_noise


def test_two_precisions_of_a_model_are_measured_by_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write_noise(tmp_path / "noise.gguf"), tmp_path / "out.json"
    models = [f"edgewise:{path}@{precision}" for precision in ("int8", "int4")]
    assert main(["language", *models, "--batch", "8", "--steps", "4", "--rounds", "2", "--json", str(out)]) == 0
    found = json.loads(out.read_text())["results"]
    assert [(row["model"], row["engine"], len(row["rounds"])) for row in found] == [
        ("noise.gguf@int8", "edgewise", 2),
        ("noise.gguf@int4", "edgewise", 2),
    ]
    assert all(row["load_s"] > 0 and row["peak_rss_mb"] > 10 for row in found)
    assert all(measured["step_ms"] > 0 for row in found for measured in row["rounds"])
    assert "one token ms" in capsys.readouterr().out


def test_a_model_that_does_not_open_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF")
    assert main(["language", f"edgewise:{tmp_path / 'bad.gguf'}"]) == 1
    assert "bad.gguf" in capsys.readouterr().err
