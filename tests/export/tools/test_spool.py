"""Tensors that wait in a file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from export.tools.spool import spooling

F32 = np.arange(6, dtype=np.float32).reshape(2, 3)
I8 = np.arange(-4, 4, dtype=np.int8).reshape(2, 4)


def test_tensors_come_back_as_they_went(tmp_path: Path) -> None:
    with spooling(tmp_path) as keep:
        kept = [
            keep(StoredTensor("a", TensorType.F32, F32.shape, F32)),
            keep(StoredTensor("b", TensorType.I8, I8.shape, I8)),
            keep(StoredTensor("c", TensorType.F32, (3, 2), F32.T)),
        ]
        for tensor, expected in reversed([*zip(kept, (F32, I8, F32.T), strict=True)]):
            assert callable(tensor.source)
            np.testing.assert_array_equal(tensor.data, expected, strict=True)
    assert [tensor.name for tensor in kept] == ["a", "b", "c"]


def test_nothing_is_left(tmp_path: Path) -> None:
    with spooling(tmp_path) as keep:
        keep(StoredTensor("a", TensorType.F32, F32.shape, F32))
        assert list(tmp_path.iterdir()) == []  # not even if the process were killed now
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_says_so() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no disk that is always full")
    from export.tools.spool import _put

    with Path("/dev/full").open("r+b", buffering=0) as file, pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        _put(file, StoredTensor("a", TensorType.F32, F32.shape, F32))
