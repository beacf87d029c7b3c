"""Tensors that stay in their file until somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from numpy.typing import NDArray


class StoredTensor(Protocol):
    """A tensor in a file."""

    def read(self) -> NDArray[Any]:
        """Read its numbers."""
        ...


class StoredTensors(Mapping[str, NDArray[Any]]):
    """Tensors by name, each read anew whenever it is asked for, so that no more than one need be in memory."""

    def __init__(self, tensors: Mapping[str, StoredTensor]) -> None:
        self._tensors = tensors

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._tensors[name].read()

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)
