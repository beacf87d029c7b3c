"""CTranslate2 folders, whole, quantized and hostile."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import EdgeError, FormatError, ModelNotFoundError, UnsupportedModelError
from edge.store import Store
from export.checkpoint.types import Checkpoint
from export.sources.ctranslate2 import read_ctranslate2, read_variables
from export.writers.ctranslate2 import write_ctranslate2

MadeCheckpoint = Callable[..., Checkpoint]
SameCheckpoint = Callable[[Checkpoint, Checkpoint], None]

_TYPE_IDS = {np.dtype(np.float32): 0, np.dtype(np.int8): 1, np.dtype(np.int16): 2, np.dtype(np.float16): 4}


@pytest.fixture
def folder(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> Path:
    write_ctranslate2(make_checkpoint("tiny.en"), tmp_path / "model", "f16")
    return tmp_path / "model"


def _string(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def _write(path: Path, variables: dict[str, Any], *, bfloat16: tuple[str, ...] = ()) -> None:
    """A model.bin of any variables; those in `bfloat16` are uint16 bits."""
    parts = [struct.pack("<I", 6), _string("WhisperSpec"), struct.pack("<II", 3, len(variables))]
    for name, value in variables.items():
        type_id = 5 if name in bfloat16 else _TYPE_IDS[value.dtype]
        parts += [_string(name), struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape)]
        parts += [struct.pack("<BI", type_id, value.nbytes), value.tobytes()]
    path.write_bytes(b"".join(parts) + struct.pack("<I", 0))


def _rewrite(folder: Path, change: Callable[[dict[str, Any]], None], **options: Any) -> None:
    variables = read_variables(folder / "model.bin")
    del variables["decoder/projection/weight"]
    change(variables)
    copies = {name: np.array(value) for name, value in variables.items()}
    _write(folder / "model.bin", copies, **options)


def test_joined_projections_are_split(
    folder: Path, make_checkpoint: MadeCheckpoint, assert_same: SameCheckpoint
) -> None:
    found = read_ctranslate2(folder)
    expected = make_checkpoint("tiny.en")
    assert_same(found, expected)
    assert found.alignment_heads == expected.alignment_heads
    assert len(found.source_sha256) == 64


def test_int8_is_divided_by_its_scales(folder: Path, make_checkpoint: MadeCheckpoint) -> None:
    name = "encoder/layer_0/ffn/linear_0/weight"

    def quantize(variables: dict[str, Any]) -> None:
        weights = variables[name].astype(np.float32)
        scales = 127 / np.abs(weights).max(axis=1)
        variables[name] = np.rint(weights * scales[:, None]).astype(np.int8)
        variables[f"{name}_scale"] = scales.astype(np.float32)

    _rewrite(folder, quantize)
    found = read_ctranslate2(folder).tensors["enc.blocks.0.ffn.fc1.weight"]
    expected = make_checkpoint("tiny.en").tensors["enc.blocks.0.ffn.fc1.weight"]
    np.testing.assert_allclose(found, expected, atol=0.5 * float(np.abs(expected).max()) / 127 * 1.01)


def test_bfloat16_is_widened(folder: Path) -> None:
    name = "encoder/conv1/bias"
    values = np.linspace(-2, 2, 64, dtype=np.float32)
    bits = (values.view(np.uint32) >> 16).astype(np.uint16)
    _rewrite(folder, lambda variables: variables.update({name: bits}), bfloat16=(name,))
    found = read_ctranslate2(folder).tensors["enc.conv.0.bias"]
    np.testing.assert_array_equal(found, (bits.astype(np.uint32) << 16).view(np.float32))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            lambda v: v.pop("decoder/layer_1/ffn/linear_0/weight"),
            FormatError,
            "decoder/layer_1/ffn/linear_0/weight is missing",
        ),
        (lambda v: v.pop("encoder/num_heads"), FormatError, "encoder/num_heads is missing"),
        (
            lambda v: v.update({"encoder/num_heads": np.array(np.nan, np.float32)}),
            FormatError,
            "encoder/num_heads is float32, expected an integer",
        ),
        (
            lambda v: v.update({"encoder/num_heads": np.array(3, np.int16)}),
            FormatError,
            "n_audio_state is 64 with 3 heads",
        ),
        (
            lambda v: v.update({"encoder/conv1/weight": np.zeros(4, np.float16)}),
            FormatError,
            r"encoder/conv1/weight has shape \(4,\), expected 3 dimensions",
        ),
        (
            lambda v: v["encoder/layer_0/self_attention/linear_0/bias"].fill(1),
            UnsupportedModelError,
            "keys' part of encoder/layer_0/self_attention/linear_0/bias is not zero",
        ),
        (
            lambda v: v.update({"encoder/layer_0/self_attention/linear_0/weight": np.zeros((7, 64), np.float16)}),
            FormatError,
            "expected 3 equal parts",
        ),
        (
            lambda v: v.update({"encoder/layer_0/self_attention/linear_0/weight": np.zeros((9, 64), np.float16)}),
            FormatError,
            r"tensor enc\.blocks\.0\.attn\.q\.weight has shape \(3, 64\), expected \(64, 64\)",
        ),
        (lambda v: v["encoder/conv2/bias"].fill(np.nan), FormatError, r"enc\.conv\.1\.bias holds NaN"),
        (lambda v: v["decoder/alibi"].fill(1), UnsupportedModelError, "decoder/alibi is set"),
        (
            lambda v: v.update({"encoder/conv1/bias": np.zeros(64, np.int8)}),
            FormatError,
            "encoder/conv1/bias holds integers and has no fitting",
        ),
        (
            lambda v: v.update(
                {
                    "encoder/conv1/bias": np.ones(64, np.int8),
                    "encoder/conv1/bias_scale": np.zeros(64, np.float32),
                }
            ),
            FormatError,
            "must be positive and finite",
        ),
        (
            lambda v: v.update({"decoder/projection/weight": np.zeros((2, 2), np.float16)}),
            UnsupportedModelError,
            "output projection differs",
        ),
    ],
)
def test_models_that_are_no_whisper(
    folder: Path, change: Callable[[dict[str, Any]], None], error: type[EdgeError], message: str
) -> None:
    def on_copies(variables: dict[str, Any]) -> None:
        for name in variables:
            variables[name] = np.array(variables[name])
        change(variables)

    _rewrite(folder, on_copies)
    with pytest.raises(error, match=message):
        read_ctranslate2(folder)


def _header(*, version: int = 6, specification: str = "WhisperSpec", count: int = 1) -> bytes:
    return struct.pack("<I", version) + _string(specification) + struct.pack("<II", 3, count)


def _variable(name: str = "x", rank: int = 1, shape: tuple[int, ...] = (2,), kind: int = 0, size: int = 8) -> bytes:
    return _string(name) + struct.pack(f"<B{len(shape)}IBI", rank, *shape, kind, size) + bytes(8)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "version at byte 0"),
        (_header(version=5), "version 5 of CTranslate2's format"),
        (_header(specification="TransformerSpec"), "holds a TransformerSpec model"),
        (_header(count=1 << 31), "2147483648 variables"),
        (_header(), "variable name at byte"),
        (_header() + _variable(rank=9), "9 dimensions"),
        (_header() + _variable(kind=6), "type 6"),
        (_header() + _variable(shape=(1 << 31,)), "needs 8589934592 bytes"),
        (_header() + _variable(rank=8, shape=(0xFFFFFFFF,) * 8), "cut short"),
        (_header() + _variable(size=7), "has 7 bytes, its shape"),
        (_header(count=2) + _variable() + _variable(), "variable x appears twice"),
        (_header() + _variable() + struct.pack("<I", 1) + _string("y") + _string("z"), "alias y of z"),
        (_header() + _variable() + struct.pack("<I", 1 << 30), "1073741824 aliases"),
        (_header() + _variable() + struct.pack("<I", 0) + b"!", "1 unexpected bytes"),
        (_header() + struct.pack("<H", 60000), "at most 4096"),
        (_header() + struct.pack("<H", 2) + b"\xff\0", "not printable ASCII"),
    ],
)
def test_hostile_model_files(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "model.bin").write_bytes(data)
    with pytest.raises(EdgeError, match=message):
        read_ctranslate2(tmp_path)


def test_a_file_cut_anywhere_is_refused(folder: Path) -> None:
    data = (folder / "model.bin").read_bytes()
    places = [*range(0, 400), *range(400, len(data), len(data) // 100), len(data) - 1]
    for size in places:
        (folder / "model.bin").write_bytes(data[:size])
        with pytest.raises(FormatError):
            read_ctranslate2(folder)


@pytest.mark.parametrize("config", ["[]", "{", '{"alignment_heads": [[99, 0]]}', '{"suppress_ids": ["x"]}'])
def test_hostile_config(folder: Path, config: str) -> None:
    (folder / "config.json").write_text(config)
    with pytest.raises(FormatError):
        read_ctranslate2(folder)


def test_config_may_be_absent(folder: Path, make_checkpoint: MadeCheckpoint, assert_same: SameCheckpoint) -> None:
    (folder / "config.json").unlink()
    assert_same(read_ctranslate2(folder), make_checkpoint("tiny.en"))


def test_missing_vocabulary(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "vocabulary.json").unlink()
    with pytest.raises(ModelNotFoundError, match="no vocabulary"):
        read_ctranslate2(folder)


def test_the_published_model_is_rewritten_byte_for_byte(tmp_path: Path) -> None:
    published = Store().place("tiny.en")
    if not published.is_dir():
        pytest.skip("tiny.en is not in the cache: edgewise models pull tiny.en")
    checkpoint = read_ctranslate2(published)
    assert checkpoint.name == "tiny.en"
    write_ctranslate2(checkpoint, tmp_path / "copy", "f16")
    assert (tmp_path / "copy" / "model.bin").read_bytes() == (published / "model.bin").read_bytes()
    said = json.loads((published / "config.json").read_text())
    written = json.loads((tmp_path / "copy" / "config.json").read_text())
    for key in ("alignment_heads", "suppress_ids", "suppress_ids_begin"):
        assert written[key] == said[key]
