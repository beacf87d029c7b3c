"""Tensors that wait in a temporary file until they are written, so that a model need not fit into memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.gguf.file import StoredTensor

Keep: TypeAlias = Callable[[StoredTensor], StoredTensor]
"""Function that takes a tensor in memory, and gives the same with its numbers where they are to stay."""


def in_memory(tensor: StoredTensor) -> StoredTensor:
    """Keep a tensor where it is."""
    return tensor


@contextmanager
def spooling(folder: Path) -> Iterator[Keep]:
    """Open a file without a name in `folder`, for tensors that are read back whenever their data are asked for.

    It is gone when the block ends, or when the process does.

    Raises:
        OSError: the folder cannot be written to, or its disk is full.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        yield partial(_put, file)


def _put(file: IO[bytes], tensor: StoredTensor) -> StoredTensor:
    data = np.ascontiguousarray(tensor.data)
    start = file.seek(0, 2)
    file.write(data.data)
    return replace(tensor, source=partial(_read, file, start, data.dtype, data.shape))


def _read(file: IO[bytes], start: int, kind: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    file.seek(start)
    count = int(np.prod(shape))
    return np.frombuffer(file.read(count * kind.itemsize), kind, count).reshape(shape)
