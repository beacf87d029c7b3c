"""A folder for onnxruntime in words, and what `edgewise inspect` makes of other folders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edge.cli.main import main
from edge.errors import FormatError, ModelNotFoundError
from edge.gguf.file import StoredTensor, open_gguf
from edge.gguf.writer import write_gguf
from edge.onnx.folder import FACTS
from edge.whisper.engines import onnx_folder as names
from edge.whisper.engines.onnx_inspect import describe_folder


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A folder to change."""
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def add_report(folder: Path, report: str) -> None:
    facts = folder / FACTS
    with open_gguf(facts) as file:
        metadata = {key: file.metadata[key] for key in file.metadata}
        tensors = [StoredTensor(name, one.type, one.shape, one.data.copy()) for name, one in file.tensors.items()]
    write_gguf(facts, metadata | {"edgewise.report": report}, tensors)


def test_it_tells_what_is_in_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(folder)]) == 0
    text = capsys.readouterr().out
    assert text.rstrip("\n") == describe_folder(folder)
    assert "Whisper tiny.en, int8: onnxruntime runs it (`--engine onnxruntime`)" in text
    assert f"  {names.DECODER} " in text
    assert "padding      always computed whole" in text
    assert "stt.whisper.decoder.vocab_size = 51864" in text
    assert "Report" not in text


def test_it_shows_the_report(copy: Path) -> None:
    score = {"name": "set", "n_recordings": 2, "low": 0.0, "high": 0.5, "errors": {
        "words": 8, "substitutions": 1, "deletions": 0, "insertions": 1}}  # fmt: skip
    report = {"recipe": "int8", "engine": "onnxruntime 1\x1b[31m", "scores": [score], "float32": [score]}
    add_report(copy, json.dumps(report))
    text = describe_folder(copy)
    assert "Report: int8 on onnxruntime 1\\x1b[31m, word error rates\n" in text
    assert "  set: 25.00 % [0.00 to 50.00], float32 25.00 %, 2 recordings" in text
    add_report(copy, "[")
    assert "Report: edgewise.report holds a report that cannot be read" in describe_folder(copy)


def test_what_is_no_such_folder(copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelNotFoundError, match=r"no encoder_model\.onnx in it"):
        describe_folder(tmp_path)
    assert main(["inspect", "--tensors", str(copy)]) == 1
    assert "is a folder" in capsys.readouterr().err
    facts = copy / FACTS
    facts.write_bytes(facts.read_bytes()[:1000])
    with pytest.raises(FormatError, match=FACTS):
        describe_folder(copy)
