"""Files come out whole, the same each time, or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.gguf.file import StoredTensor, open_gguf
from edge.gguf.types import TensorType
from edge.gguf.writer import write_gguf


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    tensors = [StoredTensor("t", TensorType.F32, (3,), np.arange(3, dtype=np.float32))]
    for name in ("a", "b"):
        write_gguf(tmp_path / name, {"k": 1, "s": "x"}, tensors)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_memory_order_does_not_matter(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    for name, data in (("c", values), ("f", np.asfortranarray(values))):
        write_gguf(tmp_path / name, {}, [StoredTensor("t", TensorType.F32, (2, 3), data)])
    assert (tmp_path / "c").read_bytes() == (tmp_path / "f").read_bytes()


def test_a_failure_leaves_nothing_and_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "model.gguf"
    target.write_bytes(b"old")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_gguf(target, {}, [])
    assert [path.name for path in tmp_path.iterdir()] == ["model.gguf"]
    assert target.read_bytes() == b"old"


def test_an_array_of_no_gguf_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no arrays of complex"):
        write_gguf(tmp_path / "x.gguf", {"k": np.zeros(1, complex)}, [])
    assert not any(tmp_path.iterdir())


F32 = np.zeros(4, np.float32)
REFUSED: dict[str, tuple[dict[str, Any], list[StoredTensor], str]] = {
    "a negative number": ({"k": -1}, [], "k: -1 does not fit uint32"),
    "a number past 32 bits": ({"k": 2**32}, [], "does not fit uint32"),
    "a float past 32 bits": ({"k": 1e39}, [], "does not fit float32"),
    "a value of another type": ({"k": b"x"}, [], "k: GGUF has no values of bytes"),
    "another alignment": ({"general.alignment": 64}, [], "multiples of 32"),
    "a tensor twice": ({}, [StoredTensor("t", TensorType.F32, (4,), F32)] * 2, "t: a tensor of this name"),
    "a tensor without a name": ({}, [StoredTensor("", TensorType.F32, (4,), F32)], "expected a name"),
    "five dimensions": ({}, [StoredTensor("t", TensorType.F32, (4, 1, 1, 1, 1), F32)], "at most 4 dimensions"),
    "nothing in it": ({}, [StoredTensor("t", TensorType.F32, (0,), F32[:0])], "of at least 1"),
    "too few bytes": ({}, [StoredTensor("t", TensorType.F32, (5,), F32)], "16 bytes are not a F32 tensor"),
    "half a block": (
        {},
        [StoredTensor("t", TensorType.Q8_0, (16,), F32.view(np.uint8))],
        "rows of 16 are no blocks of 32",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_not_be_read_is_not_written(name: str, tmp_path: Path) -> None:
    metadata, tensors, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        write_gguf(tmp_path / "x.gguf", metadata, tensors)
    assert not any(tmp_path.iterdir())


def test_threads_that_write_the_same_file_leave_a_whole_one(tmp_path: Path) -> None:
    target = tmp_path / "model.gguf"

    def write(value: int) -> None:
        data = np.full(100_000, value, np.float32)
        write_gguf(target, {"value": value}, [StoredTensor("t", TensorType.F32, data.shape, data)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(16)))
    with open_gguf(target) as file:
        assert (file.tensors["t"].data == file.metadata["value"]).all()
    assert [path.name for path in tmp_path.iterdir()] == ["model.gguf"]
