"""Files come out whole, the same each time, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.format import TensorToWrite, TensorType, write_gguf


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    tensors = [TensorToWrite("t", TensorType.F32, (3,), np.arange(3, dtype=np.float32))]
    for name in ("a", "b"):
        write_gguf(tmp_path / name, {"k": 1, "s": "x"}, tensors)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_memory_order_does_not_matter(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    for name, data in (("c", values), ("f", np.asfortranarray(values))):
        write_gguf(tmp_path / name, {}, [TensorToWrite("t", TensorType.F32, (2, 3), data)])
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
