"""The same model in llama.cpp, where it is installed; what is said where it is not."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import edge
from edge.cli.main import main
from edge.errors import EdgeError, OptionError, UnsupportedModelError
from edge.llm.model import open_model
from edge.loading import _find_company

from .conftest import Write
from .test_model import TEXTS


def test_without_the_library_it_is_said_what_to_install(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    with pytest.raises(EdgeError, match=r'pip install "edgewise\[llm\]"'):
        open_model(write(), engine="llama.cpp")
    with pytest.raises(EdgeError, match=r'pip install "edgewise\[llm\]"'):
        _find_company("tiny.en", "llama.cpp", threads=1, offline=True)
    assert main(["generate", "a", "--model", "smollm2-135m", "--llm-engine", "llama.cpp"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert 'pip install "edgewise[llm]"' in line


def test_both_engines_say_the_same(write: Write) -> None:
    pytest.importorskip("llama_cpp")
    path = write()
    own = open_model(path, precision="f32", threads=1)
    other = open_model(path, engine="llama.cpp", threads=1)
    assert (other.name, other.n_ctx, other.start) == (own.name, own.n_ctx, own.start)
    for text in TEXTS:
        assert other.tokenizer.encode(text) == own.tokenizer.encode(text)
    tokens = [own.start, *own.tokenizer.encode("the cat on that cab")]
    assert other.tokenizer.decode_bytes(tokens[1:]) == own.tokenizer.decode_bytes(tokens[1:])
    np.testing.assert_allclose(other.logits(tokens), own.logits(tokens), atol=0.02)
    mine = own.score(TEXTS, before="the", after="\n")
    assert other.score(TEXTS, before="the", after="\n") == pytest.approx(mine, abs=0.05)
    assert list(other.generate("the cat", most=100)) == list(own.generate("the cat", most=100))


def test_what_is_not_for_llama_cpp_is_refused(write: Write, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    with pytest.raises(OptionError, match="leave the precision out"):
        open_model(write(), engine="llama.cpp", precision="int8")
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    with pytest.raises(UnsupportedModelError, match=r"llama.cpp does not open it"):
        open_model(tmp_path / "broken.gguf", engine="llama.cpp")
    with pytest.raises(edge.EdgeError, match="no such model file"):
        open_model(tmp_path / "none.gguf", engine="llama.cpp")
