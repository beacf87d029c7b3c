"""A text longer than what a model of noise looks back at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.models.long_text import WAYS, _read
from edge.llm.model import open_model
from tests.edge.llm.conftest import write_noise


def test_all_ways_read_a_short_text_alike(tmp_path: Path) -> None:
    model = open_model(write_noise(tmp_path / "noise.gguf"), threads=1, n_ctx=16)
    tokens = [0, *model.tokenizer.encode("the cat on that cab")][:16]
    ways = [[nats for block in _read(model.new_state(), tokens, 16, way) for nats in block] for way in WAYS]
    assert len(ways[0]) == len(tokens) - 1
    assert ways[0] == ways[1] == ways[2]


def test_parts_of_a_long_text_are_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, text, out = write_noise(tmp_path / "noise.gguf"), tmp_path / "text.txt", tmp_path / "out.json"
    text.write_text("the cat on that cab, " * 40, encoding="utf-8")
    options = ["--text", str(text), "--tokens", "200", "--context", "16", "--parts", "4", "--json", str(out)]
    assert main(["longtext", f"edgewise:{path}@f32@int8", *options]) == 0
    found = json.loads(out.read_text())["results"]
    assert [part["last"] for part in found] == [50, 100, 150, 200] * 3
    assert len({round(part["perplexity"], 6) for part in found if part["last"] == 200}) == 3
    assert "sinks and window" in capsys.readouterr().out
    assert main(["longtext", str(text)]) == 1
    assert "expected a file of ours" in capsys.readouterr().err
