"""Scaled rotary positions: the published formulas, and what is kept of them in every form."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import EdgeError, FormatError, UnsupportedModelError
from edge.gguf.file import open_gguf
from edge.llm.model import open_model
from export.llm.export import export_llm, read_model
from export.llm.forward import attention
from export.llm.model import LazyTensor, tensor_shapes
from export.llm.rope import factors_of
from export.llm.to_gguf import write_gguf

from .conftest import DIMS, write_folder

LINEAR = {"rope_type": "linear", "factor": 2.5}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
PUBLISHED = LLAMA3 | {"factor": 32.0, "original_max_position_embeddings": 8192}


def inverse_frequency(said: Mapping[str, Any], frequency: float) -> float:
    """One frequency, as the published program scales it."""
    factor = float(said["factor"])
    if said["rope_type"] == "linear":
        return frequency / factor
    context = float(said["original_max_position_embeddings"])
    low, high = float(said["low_freq_factor"]), float(said["high_freq_factor"])
    wavelength = 2 * math.pi / frequency
    if wavelength < context / high:
        return frequency
    if wavelength > context / low:
        return frequency / factor
    smooth = (context / wavelength - low) / (high - low)
    return (1 - smooth) * frequency / factor + smooth * frequency


@pytest.mark.parametrize(
    ("said", "width", "base"),
    [(LINEAR, 16, 1e4), (LLAMA3, 16, 1e4), (LLAMA3, 64, 1e4), (PUBLISHED, 64, 5e5), (PUBLISHED, 128, 5e5)],
)
def test_factors_are_those_of_the_published_formula(said: Mapping[str, Any], width: int, base: float) -> None:
    plain = [base ** (-2 * at / width) for at in range(width // 2)]
    expected = [frequency / inverse_frequency(said, frequency) for frequency in plain]
    found = factors_of(Path("m"), said, width, base)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    if said["rope_type"] == "llama3":
        assert len({1.0, said["factor"]} & set(found)) == 2  # fast turns are kept, slow ones divided
        assert any(1.01 < factor < said["factor"] - 0.01 for factor in found)


def test_attention_turns_by_the_divided_frequencies() -> None:
    """Every frequency divided by two: the same as of every second position alone."""
    random = np.random.default_rng(4)
    dims = dataclasses.replace(DIMS, n_head=1, n_kv_head=1)
    qkv = random.normal(0, 1, (2, 3 * 16)).astype(np.float32)
    three = np.stack([qkv[0], qkv[0], qkv[1]])  # the middle one is what nobody sees: as the first
    halved = attention(three, dataclasses.replace(dims, rope_factors=(2.0,) * 8), 3)
    q, k, v = np.split(qkv, 3, axis=1)
    angle = 1e4 ** (-np.arange(8) / 8)

    def turned(row: np.ndarray[Any, Any], by: float) -> np.ndarray[Any, Any]:
        left, right = row[:8], row[8:]
        cosine, sine = np.cos(by * angle), np.sin(by * angle)
        return np.concatenate([left * cosine - right * sine, right * cosine + left * sine])

    rows = [(k[0], v[0], 0.0), (k[0], v[0], 0.5), (k[1], v[1], 1.0)]
    scores = np.array([turned(q[1], 1.0) @ turned(key, at) / 4 for key, _, at in rows])
    weights = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    expected = sum(weight * value for weight, (_, value, _) in zip(weights, rows, strict=True))
    np.testing.assert_allclose(halved[2], expected, atol=1e-5)


@pytest.mark.parametrize("said", [LINEAR, LLAMA3, PUBLISHED])
@pytest.mark.parametrize("key", ["rope_scaling", "rope_parameters"])
def test_every_form_keeps_them(tmp_path: Path, said: dict[str, Any], key: str) -> None:
    given = said | ({"rope_theta": DIMS.rope_theta} if key == "rope_parameters" else {})
    source = write_folder(tmp_path / "source", changes={key: given})
    dims = read_model(source).dims
    assert dims.rope_factors == factors_of(source, said, DIMS.head_dim, DIMS.rope_theta) != ()
    for precision in ("f16", "int8"):
        export_llm(source, tmp_path / f"{precision}.gguf", precision=precision)
        assert read_model(tmp_path / f"{precision}.gguf").dims == dims
    with open_gguf(tmp_path / "f16.gguf") as file:
        is_linear = said["rope_type"] == "linear"
        assert file.metadata.get("llama.rope.scaling.type") == ("linear" if is_linear else None)
        assert ("rope_freqs.weight" in file.tensors) != is_linear
    export_llm(source, tmp_path / "again", to="huggingface")
    assert json.loads((tmp_path / "again" / "config.json").read_text())["rope_scaling"] == said


@pytest.mark.parametrize("said", [LINEAR, PUBLISHED])
def test_a_gguf_file_becomes_a_folder_where_its_factors_have_a_name(tmp_path: Path, said: dict[str, Any]) -> None:
    source = write_folder(tmp_path / "source", changes={"rope_scaling": said})
    export_llm(source, tmp_path / "m.gguf", precision="f16")
    export_llm(tmp_path / "m.gguf", tmp_path / "back", to="huggingface")
    assert json.loads((tmp_path / "back" / "config.json").read_text())["rope_scaling"] == said
    assert read_model(tmp_path / "back").dims == read_model(source).dims


def test_factors_without_a_name_are_no_folder(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "source", changes={"rope_scaling": LLAMA3 | {"low_freq_factor": 2.0}})
    export_llm(source, tmp_path / "m.gguf", precision="f16")
    with pytest.raises(UnsupportedModelError, match=r"rope_freqs\.weight is not that of Llama 3"):
        export_llm(tmp_path / "m.gguf", tmp_path / "back", to="huggingface")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ({"rope_type": "yarn", "factor": 4.0}, UnsupportedModelError, "'yarn'; 'linear' and 'llama3' are supported"),
        ({"type": "dynamic", "factor": 4.0}, UnsupportedModelError, "scaled as 'dynamic'"),
        ({"rope_type": "longrope"}, UnsupportedModelError, "scaled as 'longrope'"),
        ({"rope_type": ["llama3"]}, UnsupportedModelError, "scaled as"),
        ({"rope_type": "linear"}, FormatError, "factor of scaled rotary positions is None"),
        ({"rope_type": "linear", "factor": 0}, FormatError, "is 0, expected a positive number"),
        ({"rope_type": "linear", "factor": float("nan")}, FormatError, "is nan"),
        ({"rope_type": "linear", "factor": 10**400}, FormatError, "expected a positive number"),
        (LLAMA3 | {"high_freq_factor": 1.0}, FormatError, "low_freq_factor is 1, expected less"),
        (LLAMA3 | {"original_max_position_embeddings": "8k"}, FormatError, "is 8k"),
    ],
)
def test_others_are_refused(tmp_path: Path, said: dict[str, Any], kind: type[EdgeError], words: str) -> None:
    with pytest.raises(kind, match=words):
        read_model(write_folder(tmp_path / "source", changes={"rope_scaling": said}))


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Path:
    """A folder of noise whose heads are 64 wide, which is what the engine runs, scaled as Llama 3 is."""
    model = read_model(folder)
    dims = dataclasses.replace(model.dims, head_dim=64, n_head=2, n_kv_head=1)
    dims = dataclasses.replace(dims, rope_factors=factors_of(folder, LLAMA3, 64, dims.rope_theta))
    random = np.random.default_rng(3)
    made = {name: random.normal(0, 0.2, shape).astype(np.float32) for name, shape in tensor_shapes(dims).items()}
    tensors = {name: LazyTensor("f32", made[name].shape, 0, partial(made.__getitem__, name)) for name in made}
    place = tmp_path_factory.mktemp("rope")
    write_gguf(dataclasses.replace(model, dims=dims, tensors=tensors), place / "scaled.gguf", "f32")
    flat = dataclasses.replace(dims, rope_factors=())
    write_gguf(dataclasses.replace(model, dims=flat, tensors=tensors), place / "flat.gguf", "f32")
    scaled = dataclasses.replace(model, dims=dims, tensors=tensors, rope_scaling=LLAMA3)
    (place / "folder").mkdir()
    from export.llm.to_huggingface import write_huggingface

    write_huggingface(scaled, place / "folder", "f32")
    return place


def test_the_engine_runs_what_was_exported(wide: Path, tmp_path: Path) -> None:
    tokens = list(range(3, 120))
    scaled, flat = (
        open_model(wide / f"{name}.gguf", precision="f32", threads=1).logits(tokens) for name in ("scaled", "flat")
    )
    assert float(np.abs(scaled - flat).max()) > 0.1
    export_llm(wide / "folder", tmp_path / "own.gguf", precision="int8")
    own = open_model(tmp_path / "own.gguf", threads=1).logits(tokens)
    assert np.abs(own - scaled).mean() < 0.3 * np.abs(own - flat).mean()


def test_logits_are_those_of_transformers(wide: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(
        wide / "folder", local_files_only=True, dtype=torch.float32
    )
    tokens = list(range(3, 120))
    with torch.no_grad():
        expected = theirs(torch.tensor([tokens])).logits[0].numpy()
    found = open_model(wide / "scaled.gguf", precision="f32", threads=1).logits(tokens)
    np.testing.assert_allclose(found, expected, atol=1e-3)
