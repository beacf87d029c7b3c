"""Hugging Face folders: one file or several, any float type, and hostile ones."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import EdgeError, FormatError, ModelNotFoundError, UnsupportedModelError
from export.checkpoint.types import Checkpoint
from export.sources.huggingface import read_huggingface
from export.sources.safetensors import read_safetensors
from export.writers.huggingface import write_huggingface

MadeCheckpoint = Callable[..., Checkpoint]
SameCheckpoint = Callable[[Checkpoint, Checkpoint], None]

_NAMES = {np.dtype(np.float32): "F32", np.dtype(np.float16): "F16", np.dtype(np.uint16): "BF16"}


@pytest.fixture
def folder(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> Path:
    write_huggingface(make_checkpoint("tiny.en"), tmp_path / "model", "f16")
    return tmp_path / "model"


def _pack(header: object, data: bytes = b"") -> bytes:
    encoded = json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + data


def _write(path: Path, tensors: dict[str, Any]) -> None:
    """A safetensors file; uint16 arrays are taken for the bits of bfloat16."""
    header, offset = {}, 0
    for name, tensor in tensors.items():
        end = offset + tensor.nbytes
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    path.write_bytes(_pack(header, b"".join(tensor.tobytes() for tensor in tensors.values())))


def _rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "model.safetensors"
    tensors = {name: np.array(tensor) for name, tensor in read_safetensors(path).items()}
    change(tensors)
    _write(path, tensors)


def _change_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_folder_gives_the_checkpoint(
    folder: Path, make_checkpoint: MadeCheckpoint, assert_same: SameCheckpoint
) -> None:
    found, expected = read_huggingface(folder), make_checkpoint("tiny.en")
    assert_same(found, expected)
    assert found.name == expected.name
    assert found.alignment_heads == expected.alignment_heads


def test_shards_give_the_checkpoint(folder: Path, make_checkpoint: MadeCheckpoint, assert_same: SameCheckpoint) -> None:
    tensors = read_safetensors(folder / "model.safetensors")
    weight_map = {name: f"model-{at % 3}.safetensors" for at, name in enumerate(tensors)}
    for file_name in set(weight_map.values()):
        _write(folder / file_name, {n: np.array(t) for n, t in tensors.items() if weight_map[n] == file_name})
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    assert_same(read_huggingface(folder), make_checkpoint("tiny.en"))


def test_bare_model_and_output_projection(
    folder: Path, make_checkpoint: MadeCheckpoint, assert_same: SameCheckpoint
) -> None:
    def rename(tensors: dict[str, Any]) -> None:
        for name in list(tensors):
            tensors[name.removeprefix("model.")] = tensors.pop(name)
        tensors["proj_out.weight"] = tensors["decoder.embed_tokens.weight"]

    _rewrite(folder, rename)
    assert_same(read_huggingface(folder), make_checkpoint("tiny.en"))


def test_bfloat16_is_widened(folder: Path) -> None:
    name = "model.encoder.conv1.bias"
    bits = (np.linspace(-2, 2, 64, dtype=np.float32).view(np.uint32) >> 16).astype(np.uint16)
    _rewrite(folder, lambda tensors: tensors.update({name: bits}))
    found = read_huggingface(folder).tensors["enc.conv.0.bias"]
    np.testing.assert_array_equal(found, (bits.astype(np.uint32) << 16).view(np.float32))


def test_filters_of_the_preprocessor_are_used(folder: Path) -> None:
    filters = np.random.default_rng(1).random((80, 201), np.float32)
    _change_json(folder / "preprocessor_config.json", mel_filters=filters.tolist())
    np.testing.assert_array_equal(read_huggingface(folder).mel_filters, filters)
    _change_json(folder / "preprocessor_config.json", mel_filters=[[1, "x"]])
    with pytest.raises(FormatError, match="mel_filters"):
        read_huggingface(folder)


def test_generation_config_may_be_absent(
    folder: Path, make_checkpoint: MadeCheckpoint, assert_same: SameCheckpoint
) -> None:
    (folder / "generation_config.json").unlink()
    assert_same(read_huggingface(folder), make_checkpoint("tiny.en"))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"model_type": "wav2vec2"}, UnsupportedModelError, "model_type is 'wav2vec2'"),
        ({"activation_function": "relu"}, UnsupportedModelError, "only 'gelu'"),
        ({"scale_embedding": True}, UnsupportedModelError, "scale_embedding"),
        ({"tie_word_embeddings": False}, UnsupportedModelError, "tie_word_embeddings"),
        ({"encoder_ffn_dim": 100}, UnsupportedModelError, "encoder_ffn_dim is 100"),
        ({"d_model": "64"}, FormatError, "d_model is '64'"),
        ({"encoder_layers": 10**9}, FormatError, "n_audio_layer is 1000000000"),
        ({"encoder_layers": 3}, FormatError, r"model\.encoder\.layers\.2\.\S+ is missing"),
        ({"encoder_layers": 1}, FormatError, r"model\.encoder\.layers\.1\.\S+ is no part"),
        ({"max_source_positions": 21}, FormatError, r"enc\.pos_emb\.weight has shape \(20, 64\)"),
        ({"vocab_size": 51865}, FormatError, "expected"),
    ],
)
def test_configs_that_do_not_fit(folder: Path, changes: dict[str, Any], error: type[EdgeError], message: str) -> None:
    _change_json(folder / "config.json", **changes)
    with pytest.raises(error, match=message):
        read_huggingface(folder)


def test_damaged_and_foreign_tensors(folder: Path) -> None:
    _rewrite(folder, lambda tensors: tensors["model.decoder.layer_norm.bias"].fill(np.inf))
    with pytest.raises(FormatError, match=r"dec\.final_norm\.bias holds NaN"):
        read_huggingface(folder)
    _rewrite(folder, lambda tensors: tensors.update({"proj_out.weight": np.zeros((1, 1), np.float16)}))
    with pytest.raises(UnsupportedModelError, match=r"proj_out\.weight differs"):
        read_huggingface(folder)


def test_missing_files(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelNotFoundError, match="neither"):
        read_huggingface(folder)
    index = folder / "model.safetensors.index.json"
    index.write_text('{"weight_map": {"a": "gone.safetensors"}}')
    with pytest.raises(ModelNotFoundError, match=r"gone\.safetensors: no such file"):
        read_huggingface(folder)
    (folder / "config.json").unlink()
    with pytest.raises(ModelNotFoundError, match=r"config\.json"):
        read_huggingface(folder)


@pytest.mark.parametrize(
    "name",
    ["../x.safetensors", "/etc/x.safetensors", "a/b.safetensors", "a\\b.safetensors", "x.bin", "..", ""],
)
def test_index_cannot_leave_the_folder(folder: Path, name: str) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
    with pytest.raises(FormatError, match="no name of a safetensors file"):
        read_huggingface(folder)


@pytest.mark.parametrize("content", ["{}", '{"weight_map": []}', '{"weight_map": {}}', "[]"])
def test_hostile_index(folder: Path, content: str) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(content)
    with pytest.raises(FormatError, match=r"index\.json"):
        read_huggingface(folder)


def test_shards_may_not_repeat_a_tensor(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").unlink()
    weight_map = {str(part): f"part{part}.safetensors" for part in (1, 2)}
    for file_name in weight_map.values():
        (folder / file_name).write_bytes(data)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    with pytest.raises(FormatError, match="is in another file as well"):
        read_huggingface(folder)


def _entry(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"x": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "header length"),
        (struct.pack("<Q", 1 << 63), "at most 16777216"),
        (struct.pack("<Q", 100), "cut short"),
        (_pack([]), "expected a JSON object"),
        (_pack({"x": 1}), "expected an object"),
        (_pack(_entry(dtype="I64")), "type 'I64'"),
        (_pack(_entry(dtype=["F32"])), "type"),
        (_pack(_entry(shape=[-1])), "expected a list of sizes"),
        (_pack(_entry(shape=[1 << 62])), "expected a list of sizes"),
        (_pack(_entry(shape=[True])), "expected a list of sizes"),
        (_pack(_entry(shape=[1] * 9)), "9 dimensions"),
        (_pack(_entry(offsets=[8, 0])), "expected a begin and an end"),
        (_pack(_entry(offsets=[0])), "expected a begin and an end"),
        (_pack(_entry(offsets=[4, 12]), bytes(12)), "begins at 4, expected 0"),
        (_pack(_entry(offsets=[0, 4]), bytes(4)), "its shape"),
        (_pack(_entry(shape=[1 << 40], offsets=[0, 1 << 42])), "cut short"),
        (_pack(_entry(), bytes(9)), "1 unexpected bytes"),
        (_pack(_entry(), bytes(7)), "cut short"),
    ],
)
def test_hostile_safetensors(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "model.safetensors").write_bytes(data)
    with pytest.raises(EdgeError, match=message):
        read_safetensors(tmp_path / "model.safetensors")
