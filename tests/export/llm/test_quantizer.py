"""llama.cpp's quantizer: what it writes, and what becomes of its failures."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

pytest.importorskip("llama_cpp", reason="the extra `llm` is not installed")

from edge.errors import EdgeError
from export.llm.export import export_llm, read_model
from export.llm.quantizer import QUANTIZED, quantize

from .conftest import write_folder

STORED = {"q8_0": "q8_0", "q4_0": "q4_0", "iq4_nl": "iq4_nl"}


@pytest.mark.parametrize("precision", QUANTIZED)
def test_precisions(tmp_path: Path, folder: Path, precision: str) -> None:
    report = export_llm(folder, tmp_path / "model.gguf", precision=precision)
    types = {tensor.type for tensor in report.tensors}
    assert {STORED[precision], "f32"} <= types
    most = {"q8_0": 0.01, "q4_0": 0.12, "iq4_nl": 0.1}[precision]
    assert all(0 < tensor.error < most for tensor in report.tensors if tensor.type != "f32")
    assert [path.name for path in tmp_path.iterdir()] == ["model.gguf"]


def test_q8_0_is_rounded_from_the_source_itself(tmp_path: Path) -> None:
    """Not from a float16 copy of it: the same blocks as gguf-py makes of float32 weights."""
    export_llm(write_folder(tmp_path / "source", "f32"), tmp_path / "model.gguf", precision="q8_0")
    name = "model.layers.0.mlp.down_proj.weight"
    original = read_model(tmp_path / "source").tensors[name].read()
    kind = gguf.GGMLQuantizationType.Q8_0
    expected = gguf.quants.dequantize(gguf.quants.quantize(original, kind), kind)
    np.testing.assert_array_equal(read_model(tmp_path / "model.gguf").tensors[name].read(), expected)


def test_default(tmp_path: Path, folder: Path) -> None:
    assert export_llm(folder, tmp_path / "model.gguf").precision == "q8_0"


def test_same_source_gives_the_same_bytes(tmp_path: Path, folder: Path) -> None:
    for name in ("first", "second"):
        export_llm(folder, tmp_path / name, precision="iq4_nl")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_progress_and_interrupt(tmp_path: Path, folder: Path) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if what.startswith("quantizing"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_llm(folder, tmp_path / "model.gguf", precision="q4_0", progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_refusal_is_told(tmp_path: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(b"no model")
    with pytest.raises(EdgeError, match=r"quantizing to q4_0 failed: .*(magic|failed to)"):
        quantize(tmp_path / "no.gguf", tmp_path / "out.gguf", "q4_0")


def test_place_that_cannot_be_written(tmp_path: Path, folder: Path) -> None:
    export_llm(folder, tmp_path / "model.gguf", precision="f16")
    with pytest.raises(EdgeError, match=r"quantizing to q4_0 (failed|was killed)"):
        quantize(tmp_path / "model.gguf", tmp_path / "gone" / "out.gguf", "q4_0")


def test_file_that_hits_a_limit(tmp_path: Path, folder: Path) -> None:
    """A stand-in for a full disk: the system refuses to make the file any longer."""
    resource = pytest.importorskip("resource")
    export_llm(folder, tmp_path / "model.gguf", precision="f16")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))
    try:
        with pytest.raises(EdgeError, match=r"quantizing to q8_0 (failed|was killed)"):
            quantize(tmp_path / "model.gguf", tmp_path / "out.gguf", "q8_0")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
