"""Our own files of language models: what the engine loads from them, and what 4 bits cost."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edge.errors import FormatError, OptionError, UnsupportedModelError
from edge.gguf.file import StoredTensor, open_gguf
from edge.gguf.types import TensorType
from edge.gguf.writer import write_gguf
from edge.llm.model import open_model
from edge.quant import dequantize_q4_0, quantize_q4_0
from export.llm.export import export_llm, read_model
from export.llm.forward import attention, gate, norm
from export.llm.model import EMBEDDING, LazyTensor, tensor_shapes
from export.llm.model import LanguageModel as Source
from export.llm.rounding import round_layers
from export.llm.texts import source_text
from export.llm.to_gguf import write_gguf as write_source

TEXT = "the hen in the inn hit 12 tins; then the thin hen hid in the tent. " * 30


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Path:
    """A model of noise whose heads are 64 wide, which is what the engine runs, in float32."""
    model = read_model(folder)
    dims = dataclasses.replace(model.dims, head_dim=64, n_head=2, n_kv_head=1)
    random = np.random.default_rng(3)
    made = {name: random.normal(0, 0.2, shape).astype(np.float32) for name, shape in tensor_shapes(dims).items()}
    tensors = {name: LazyTensor("f32", made[name].shape, 0, partial(made.__getitem__, name)) for name in made}
    path = tmp_path_factory.mktemp("own") / "source.gguf"
    write_source(dataclasses.replace(model, dims=dims, tensors=tensors), path, "f32")
    return path


def log_probability(model: Source, tokens: list[int]) -> float:
    """What the arithmetic of the exporter gives for a text."""
    dims = model.dims

    def read(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.asarray(model.tensors[name].read(), np.float32)

    x = read(EMBEDDING)[tokens]
    for layer in range(dims.n_layer):
        at = f"model.layers.{layer}."
        h = norm(x, read(f"{at}input_layernorm.weight"), dims)
        qkv = np.concatenate([h @ read(f"{at}self_attn.{part}_proj.weight").T for part in "qkv"], axis=1)
        x = x + attention(qkv, dims, len(tokens)) @ read(f"{at}self_attn.o_proj.weight").T
        h = norm(x, read(f"{at}post_attention_layernorm.weight"), dims)
        wide = np.concatenate([h @ read(f"{at}mlp.{part}_proj.weight").T for part in ("gate", "up")], axis=1)
        x = x + gate(wide) @ read(f"{at}mlp.down_proj.weight").T
    logits = norm(x, read("model.norm.weight"), dims) @ read(EMBEDDING).T
    top = logits.max(axis=1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return float(sum(logits[at, token] - total[at] for at, token in enumerate(tokens[1:])))


def test_the_arithmetic_is_that_of_the_engine(source: Path) -> None:
    engine = open_model(source, precision="f32", threads=1)
    text = TEXT[:60]
    tokens = [engine.start, *engine.tokenizer.encode(text)]
    assert engine.score([text])[0] == pytest.approx(log_probability(read_model(source), tokens), abs=1e-3)


@pytest.mark.parametrize("precision", ["int8", "int4"])
def test_the_engine_loads_what_was_written_at_the_precision_of_the_file(
    source: Path, tmp_path: Path, precision: str
) -> None:
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    calibration = text if precision == "int4" else None
    report = export_llm(source, tmp_path / "own.gguf", precision=precision, calibration=calibration)
    assert {tensor.type for tensor in report.tensors} == {"f32", "i8"} | ({"q4_0"} if precision == "int4" else set())
    model = open_model(report.path, threads=1)
    assert model.precision == precision
    again = export_llm(source, tmp_path / "again.gguf", precision=precision, calibration=calibration)
    assert again.path.read_bytes() == report.path.read_bytes()
    if precision == "int8":  # rounded once, at the export or at loading
        assert model.score([TEXT[:50]]) == open_model(source, precision="int8", threads=1).score([TEXT[:50]])


def test_rounding_by_texts_loses_less_of_what_the_matrices_give(source: Path) -> None:
    model = read_model(source)
    texts = np.random.default_rng(1).integers(3, 260, (8, 64)).astype(np.int32)
    rows = round_layers(model, texts)
    name = "model.layers.0.self_attn.q_proj.weight"
    first = model.tensors["model.layers.0.input_layernorm.weight"].read()
    x = norm(model.tensors[EMBEDDING].read()[texts.reshape(-1)], first, model.dims)
    weights = np.asarray(model.tensors[name].read(), np.float32)

    def lost(found: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
        return float(np.square(x @ (dequantize_q4_0(found) - weights).T).mean())

    assert lost(rows[name]) < 0.8 * lost(quantize_q4_0(weights))
    assert len(rows) == 7 * model.dims.n_layer


def test_without_a_text_the_help_of_python_is_read(source: Path, tmp_path: Path) -> None:
    said: list[str] = []
    export_llm(source, tmp_path / "m.gguf", precision="int4", progress=lambda what, *_: said.append(what))
    assert "rounding layers" in said
    prose = source_text(None)
    assert len(prose) > 50_000
    assert "the" in prose.split()


def test_texts_that_cannot_help_are_refused(source: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.txt"
    short.write_text("the hen")
    with pytest.raises(OptionError, match="expected a text of 255 tokens or more to calibrate on, found 5"):
        export_llm(source, tmp_path / "out", precision="int4", calibration=short)
    with pytest.raises(UnsupportedModelError, match="no other precision"):
        export_llm(source, tmp_path / "out", precision="int8", calibration=short)
    assert [path.name for path in tmp_path.iterdir()] == ["short.txt"]


@pytest.mark.parametrize("damage", ["code", "scale", "missing"])
def test_damaged_codes_and_scales_are_refused(source: Path, tmp_path: Path, damage: str) -> None:
    file = open_gguf(export_llm(source, tmp_path / "own.gguf").path)
    name = "blk.0.ffn_down.weight"
    tensors = {found.name: found.in_memory() for found in file.tensors.values()}
    codes, scales = tensors[name].data.copy(), tensors[f"{name}_scale"].data.copy()
    codes[0, 0] = -128 if damage == "code" else codes[0, 0]
    scales[0] = np.nan if damage == "scale" else scales[0]
    tensors[name] = StoredTensor(name, TensorType.I8, codes.shape, codes)
    tensors[f"{name}_scale"] = StoredTensor(f"{name}_scale", TensorType.F32, scales.shape, scales)
    if damage == "missing":
        del tensors[f"{name}_scale"]
    write_gguf(tmp_path / "damaged.gguf", dict(file.metadata), tensors.values())
    with pytest.raises(FormatError, match=r"found -128|finite scales of 0 or more|float32 scale a row"):
        open_model(tmp_path / "damaged.gguf")
