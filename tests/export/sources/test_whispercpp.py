"""whisper.cpp's `.bin` files: float, quantized and hostile."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.errors import EdgeError, FormatError
from export.checkpoint.types import Checkpoint
from export.sources.blocks import BLOCK_BYTES, dequantize_blocks
from export.sources.whispercpp import read_whispercpp
from export.writers.whispercpp import Precision, write_whispercpp

MadeCheckpoint = Callable[..., Checkpoint]
SameCheckpoint = Callable[[Checkpoint, Checkpoint], None]

_HEADER_BYTES = 4 + 11 * 4
_N_TEXT = 50256


@pytest.fixture
def path(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> Path:
    write_whispercpp(make_checkpoint("tiny.en"), tmp_path / "ggml-tiny.en.bin")
    return tmp_path / "ggml-tiny.en.bin"


def _first_tensor(path: Path) -> int:
    """Where the tensors begin: behind header, filters and tokens (256 of one byte, the rest of two)."""
    return _HEADER_BYTES + 8 + 80 * 201 * 4 + 4 + 256 * 5 + (_N_TEXT - 256) * 6


@pytest.mark.parametrize("precision", ["f16", "f32"])
def test_file_gives_the_checkpoint(
    tmp_path: Path, make_checkpoint: MadeCheckpoint, assert_same: SameCheckpoint, precision: Precision
) -> None:
    checkpoint = make_checkpoint("tiny.en")
    write_whispercpp(checkpoint, tmp_path / "model.bin", precision)
    assert_same(read_whispercpp(tmp_path / "model.bin"), checkpoint)


def test_name_comes_from_the_file(path: Path) -> None:
    assert read_whispercpp(path).name == "tiny.en"


def test_special_tokens_behind_the_text_are_ignored(
    path: Path, make_checkpoint: MadeCheckpoint, assert_same: SameCheckpoint
) -> None:
    data = bytearray(path.read_bytes())
    count_at = _HEADER_BYTES + 8 + 80 * 201 * 4
    assert struct.unpack_from("<i", data, count_at) == (_N_TEXT,)
    struct.pack_into("<i", data, count_at, _N_TEXT + 1)
    at = _first_tensor(path)
    data[at:at] = struct.pack("<I", 13) + b"<|endoftext|>"
    path.write_bytes(data)
    assert_same(read_whispercpp(path), make_checkpoint("tiny.en"))


def test_quantized_tensors_are_widened(path: Path, make_checkpoint: MadeCheckpoint) -> None:
    """One tensor replaced by a q5_0 one, in place."""
    data = bytearray(path.read_bytes())
    name = b"encoder.blocks.0.attn.query.weight"
    start = data.index(name)
    blocks = np.random.default_rng(0).integers(0, 256, (64 * 2, 22), np.uint8)
    blocks[:, :2] = np.frombuffer(np.float16(0.01).tobytes(), np.uint8)
    struct.pack_into("<i", data, start - 12, 6)
    data[start + len(name) : start + len(name) + 64 * 64 * 2] = blocks.tobytes()
    path.write_bytes(data)
    found = read_whispercpp(path).tensors["enc.blocks.0.attn.q.weight"]
    np.testing.assert_array_equal(found, dequantize_blocks(6, blocks.reshape(64, 44)))


@pytest.mark.parametrize("type_id", BLOCK_BYTES)
def test_blocks_equal_ggmls(type_id: int) -> None:
    gguf = pytest.importorskip("gguf")
    blocks = np.random.default_rng(type_id).integers(0, 256, (6, BLOCK_BYTES[type_id]), np.uint8)
    blocks[:, 1] &= 0x3B  # scales and minima that are finite
    blocks[:, 3] &= 0x3B
    expected = gguf.quants.dequantize(blocks.copy(), gguf.GGMLQuantizationType(type_id))
    np.testing.assert_array_equal(dequantize_blocks(type_id, blocks.reshape(3, -1)), expected.reshape(3, 64))


def _patched(path: Path, offset: int, layout: str, *values: int) -> None:
    data = bytearray(path.read_bytes())
    struct.pack_into("<" + layout, data, offset, *values)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (0, 0, "magic"),
        (4, 10, "room for text|languages"),
        (4, 1 << 30, "n_vocab is 1073741824"),
        (8, -5, "n_audio_ctx is -5"),
        (8, 21, r"encoder\.positional_embedding has shape \(20, 64\), expected \(21, 64\)"),
        (20, 3, r"tensor enc\.blocks\.2\.\S+ is missing"),
        (40, 81, "mel filters have shape|shape"),
        (_HEADER_BYTES, -1, r"mel filters at byte 56 has the empty shape \(-1, 201\)"),
        (_HEADER_BYTES, 0x7FFFFFFF, "mel filters at byte 56 needs"),
        (_HEADER_BYTES + 8 + 80 * 201 * 4, 5, "5 tokens, expected 50256"),
        (_HEADER_BYTES + 8 + 80 * 201 * 4, -5, "-5 tokens"),
        (_HEADER_BYTES + 8 + 80 * 201 * 4 + 4, -1, "token at byte"),
    ],
)
def test_hostile_header(path: Path, offset: int, value: int, message: str) -> None:
    _patched(path, offset, "i", value)
    with pytest.raises(EdgeError, match=message):
        read_whispercpp(path)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (0, 0, "a tensor of 0 dimensions"),
        (0, 1 << 20, "a tensor of 1048576 dimensions"),
        (1, 1 << 30, "at most 256"),
        (1, -1, "'' is unknown"),
        (2, 99, "type 99"),
        (3, -3, r"encoder\.conv1\.weight has shape \(64, 80, -3\), expected \(64, 80, 3\)"),
        (3, 0, r"encoder\.conv1\.weight has shape \(64, 80, 0\)"),
        (3, 1 << 30, r"encoder\.conv1\.weight has shape \(64, 80, 1073741824\)"),
    ],
)
def test_hostile_tensor(path: Path, field: int, value: int, message: str) -> None:
    _patched(path, _first_tensor(path) + 4 * field, "i", value)
    with pytest.raises(EdgeError, match=message):
        read_whispercpp(path)


def test_unknown_tensor(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"encoder.ln_post.bias", b"encoder.ln_past.bias"))
    with pytest.raises(FormatError, match=r"'encoder\.ln_past\.bias' is unknown or appears twice"):
        read_whispercpp(path)


def test_a_file_cut_anywhere_is_refused(path: Path) -> None:
    data = path.read_bytes()
    for size in [*range(0, 60), *range(60, len(data), len(data) // 25), len(data) - 1]:
        path.write_bytes(data[:size])
        with pytest.raises(FormatError):
            read_whispercpp(path)
