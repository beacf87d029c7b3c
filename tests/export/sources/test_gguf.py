"""Model files as sources: foreign ones, lossy ones, damaged ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import EdgeError, FormatError
from edge.gguf.file import StoredTensor, open_gguf
from edge.gguf.types import TensorType
from edge.gguf.writer import write_gguf
from export.checkpoint.types import Checkpoint
from export.maker import make_plain
from export.sources.gguf import read_gguf

MadeCheckpoint = Callable[..., Checkpoint]
SameCheckpoint = Callable[[Checkpoint, Checkpoint], None]


@pytest.fixture
def path(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> Path:
    make_plain(make_checkpoint("tiny.en"), "f16").write(tmp_path / "model.gguf")
    return tmp_path / "model.gguf"


def _rewrite(
    path: Path,
    *,
    without: tuple[str, ...] = (),
    metadata: dict[str, Any] | None = None,
    tensors: dict[str, np.ndarray] | None = None,
) -> None:
    """The same file without some keys and tensors, and with others replaced."""
    with open_gguf(path) as file:
        kept = {k: v for k, v in file.metadata.items() if not k.startswith(without or "\0")} | (metadata or {})
        written = [
            StoredTensor(t.name, t.type, t.shape, np.array((tensors or {}).get(t.name, t.data)))
            for t in file.tensors.values()
            if not t.name.startswith(without or "\0")
        ]
        write_gguf(path, kept, written)


def test_file_gives_the_checkpoint(path: Path, make_checkpoint: MadeCheckpoint, assert_same: SameCheckpoint) -> None:
    found, expected = read_gguf(path), make_checkpoint("tiny.en")
    assert_same(found, expected)
    assert found.alignment_heads == expected.alignment_heads
    assert found.name == expected.name


def test_foreign_file_lacks_our_keys(path: Path, make_checkpoint: MadeCheckpoint, assert_same: SameCheckpoint) -> None:
    lacking = (
        "edgewise.",
        "general.name",
        "stt.whisper.suppress_tokens",
        "stt.whisper.begin_suppress_tokens",
    )
    _rewrite(path, without=lacking, metadata={"stt.variant": "whisper-mine"})
    found = read_gguf(path)
    assert_same(found, make_checkpoint("tiny.en"))
    assert found.name == "mine"
    assert found.alignment_heads == ((1, 0),)


def test_checkpoint_outlives_the_open_file(path: Path, make_checkpoint: MadeCheckpoint) -> None:
    found = read_gguf(path)
    path.unlink()
    expected = make_checkpoint("tiny.en").tensors["enc.conv.1.weight"]
    np.testing.assert_array_equal(found.tensors["enc.conv.1.weight"], expected)


def test_damaged_weights_are_found(path: Path) -> None:
    name = "dec.blocks.0.ffn.fc1.weight"
    _rewrite(path, tensors={name: np.full((256, 64), np.nan, np.float16)})
    with pytest.raises(FormatError, match=r"dec\.blocks\.0\.ffn\.fc1\.weight holds NaN"):
        read_gguf(path)


def test_infinite_scales_of_blocks_are_found(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> None:
    path = tmp_path / "model.gguf"
    make_plain(make_checkpoint("tiny.en"), "q8_0").write(path)
    name = "dec.blocks.0.ffn.fc1.weight"
    with open_gguf(path) as file:
        assert file.tensors[name].type is TensorType.Q8_0
        blocks = np.array(file.tensors[name].data)
    blocks[:, :2] = np.frombuffer(np.float16(np.inf).tobytes(), np.uint8)
    _rewrite(path, tensors={name: blocks})
    with pytest.raises(FormatError, match="holds NaN or infinity"):
        read_gguf(path)


@pytest.mark.parametrize("missing", ["dec.final_norm.bias", "frontend.mel_filterbank", "tokenizer.ggml.tokens"])
def test_missing_parts(path: Path, missing: str) -> None:
    _rewrite(path, without=(missing,))
    with pytest.raises(FormatError, match=missing.replace(".", r"\.")):
        read_gguf(path)


def test_a_file_cut_anywhere_is_refused(path: Path) -> None:
    data = path.read_bytes()
    for size in [*range(0, 100), *range(100, len(data), len(data) // 40), len(data) - 1]:
        path.write_bytes(data[:size])
        with pytest.raises(EdgeError):
            read_gguf(path)
