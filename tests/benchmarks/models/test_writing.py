"""The same texts, again and again, by a model of noise."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.models.writing import measure
from edge.llm.model import LanguageModel, open_model
from tests.edge.llm.conftest import write_noise

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the kernel of Linux")


def test_every_text_is_written_twice_at_least(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write_noise(tmp_path / "noise.gguf"), tmp_path / "out.json"
    options = ["--minutes", "0", "--tokens", "24", "--context", "40", "--seeds", "2", "--json", str(out)]
    assert main(["writing", f"edgewise:{path}@f32", *options]) == 0
    (part,) = json.loads(out.read_text())["results"]
    assert (part["texts"], part["others"]) == (6, 0)
    assert part["rss_mb"] > 10
    assert part["threads"] >= 1
    assert "processor, s" in capsys.readouterr().out


def test_a_text_that_changes_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model(write_noise(tmp_path / "noise.gguf"), threads=1, n_ctx=16)
    texts = iter(["a", "b", "a", "c"])
    monkeypatch.setattr(LanguageModel, "generate", lambda *_, **__: [next(texts)])
    (part,) = measure(model, 0, 4, 1)
    assert (part.texts, part.others) == (4, 1)
