"""docs/model-file.md says what is in a file: its tables are compared with files that the exporter writes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from edge.errors import EdgeError
from edge.gguf.file import GgufFile, MetadataValue, StoredTensor, open_gguf
from edge.gguf.writer import write_gguf
from edge.whisper.file.dims import LayerShape, tensor_shapes
from edge.whisper.file.model import FORMAT_VERSION, ModelFile, open_model
from edge.whisper.file.positions import POSITIONS, sinusoids
from edge.whisper.file.roles import PRECISIONS, Precision
from export.checkpoint.types import Checkpoint, Hints, build_checkpoint
from export.landmarks import find_tail
from export.quantize.model import quantize_checkpoint
from export.writers.gguf import write_model_file

from ..export.conftest import made_vocabulary, shrunk
from .markdown import ROOT

PAGE = ROOT / "docs" / "model-file.md"


def _table(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[2:]]


KEYS = {row[0].strip("`"): row[1] for row in _table("Keys")}
READ = {row[0].strip("`"): row[3] for row in _table("Keys")}
REQUIRED = [key for key, how in READ.items() if how.startswith("required")]
KINDS = {name: row[2] for row in _table("Tensors") for name in re.findall(r"`([^`]+)`", row[0])}
TYPES = {row[0]: dict(zip(PRECISIONS, row[1:], strict=True)) for row in _table("Types")}

COMPRESSED = ("f32", "int4")
SMALL = LayerShape(key_width=48, ffn_width=64, out_rank=32, fc1_rank=32, fc2_rank=32)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Precision, list[GgufFile]]:
    """A model at each precision, and compressed ones; between them they have everything that a file can have."""
    folder = tmp_path_factory.mktemp("files")
    found: dict[Precision, list[GgufFile]] = {}
    for precision in PRECISIONS:
        for layers in ((), (SMALL,)) if precision in COMPRESSED else ((),):
            path = folder / f"{precision}-{len(layers)}.gguf"
            checkpoint = _checkpoint(layers)
            quantized = quantize_checkpoint(checkpoint, precision)
            tail = find_tail(checkpoint.name, checkpoint.dims, quantized)
            write_model_file(checkpoint, path, precision, quantized, tail, heard=["0" * 64], report="{}")
            found.setdefault(precision, []).append(open_gguf(path))
    return found


def _checkpoint(layers: tuple[LayerShape, ...]) -> Checkpoint:
    dims = shrunk("base")
    dims = dataclasses.replace(dims, layers=layers * dims.n_audio_layer)
    generator = np.random.default_rng(7)
    tensors = {
        name: generator.standard_normal(shape, np.float32) * np.float32(0.05)
        for name, shape in tensor_shapes(dims).items()
    }
    tensors[POSITIONS] = sinusoids(dims.n_audio_ctx, dims.n_audio_state)
    hints = Hints(name="base", alignment_heads=((0, 0),))
    return build_checkpoint(Path("made"), dims, tensors, made_vocabulary(dims.n_vocab), hints)


def test_every_key_is_explained_and_has_its_type(files: Mapping[Precision, list[GgufFile]]) -> None:
    written = {
        key: _type_of(file.metadata[key])
        for of_precision in files.values()
        for file in of_precision
        for key in file.metadata
    }
    assert written == KEYS


def _type_of(value: MetadataValue) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array"
    return {str: "string", bool: "bool", int: "uint32", float: "float32", list: "strings"}[type(value)]


def test_the_keys_stand_in_their_order(files: Mapping[Precision, list[GgufFile]]) -> None:
    for file in (file for of_precision in files.values() for file in of_precision):
        assert list(file.metadata) == [key for key in KEYS if key in file.metadata]


def test_every_tensor_is_explained(files: Mapping[Precision, list[GgufFile]]) -> None:
    names = {name for of_precision in files.values() for file in of_precision for name in file.tensors}
    patterns = {re.sub(r"blocks\.\d+\.", "blocks.{i}.", name) for name in names if not name.endswith(".weight_scale")}
    assert patterns == set(KINDS)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_tensors_have_the_types_of_their_precision(
    precision: Precision, files: Mapping[Precision, list[GgufFile]]
) -> None:
    for file in files[precision]:
        for name, tensor in file.tensors.items():
            kind = KINDS.get(re.sub(r"blocks\.\d+\.", "blocks.{i}.", name), "vector")
            assert tensor.type.name == TYPES[kind][precision], name
            assert (tensor.type.name == "I8") == (f"{name}_scale" in file.tensors), name


def test_only_what_is_required_has_to_be_there(files: Mapping[Precision, list[GgufFile]], tmp_path: Path) -> None:
    file = files["f32"][0]
    with _rewritten(file, tmp_path / "required.gguf", REQUIRED) as model:
        assert model.precision == "f32"


@pytest.mark.parametrize("missing", REQUIRED)
def test_what_is_required_has_to_be_there(
    missing: str, files: Mapping[Precision, list[GgufFile]], tmp_path: Path
) -> None:
    kept = [key for key in REQUIRED if key != missing]
    with pytest.raises(EdgeError):
        _rewritten(files["f32"][0], tmp_path / "lacking.gguf", kept)


def _rewritten(file: GgufFile, path: Path, kept: list[str]) -> ModelFile:
    """The model of a file with these keys alone."""
    tensors = [StoredTensor(one.name, one.type, one.shape, one.data) for one in file.tensors.values()]
    write_gguf(path, {key: file.metadata[key] for key in kept}, tensors)
    return open_model(path)


def test_the_latest_version_is_explained() -> None:
    assert [int(row[0]) for row in _table("Versions")] == list(range(1, FORMAT_VERSION + 1))
