"""`edgewise export llm`, as a user types it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.cli.main import main
from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.gguf.writer import write_gguf


def test_help_says_what_to_install_and_how_long_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "llm", "--help"]) == 0
    said = capsys.readouterr().out
    assert 'pip install "edgewise[llm]"' in said
    assert "compiles llama.cpp for 5 to 30 minutes" in said
    assert "IQ4_NL" in said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["gone/folder", "--precision", "f16"], "no such file or folder"),
        (["smollm2-136m", "--precision", "f16"], "did you mean smollm2-135m?"),
        (
            [".", "--precision", "q2"],
            "gguf is written at f16 or int8 or int4 or q8_0 or q4_0 or iq4_nl only, not at q2",
        ),
        (["made.gguf", "--precision", "f16"], "the architecture is 'gpt2'; only 'llama' is supported"),
    ],
)
def test_errors_are_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    tensor = StoredTensor("token_embd.weight", TensorType.F32, (1,), np.zeros(1, np.float32))
    write_gguf("made.gguf", {"general.architecture": "gpt2"}, [tensor])
    assert main(["export", "llm", *words, "-o", "out", "--offline"]) == 1
    said = capsys.readouterr().err
    assert expected in said
    assert len(said.splitlines()) == 1
    assert not Path("out").exists()
