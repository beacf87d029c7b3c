"""Packs many byte strings in two buffers.

A model has 52,000 tokens and a transcript needs a few dozen of them. As objects they would take longer to make, and
more memory, than all the rest of opening a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import overload

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ByteStrings(Sequence[bytes]):
    """A sequence whose elements are made when they are asked for; compared and hashed by content."""

    data: bytes
    """Bytes of the strings, one after the other."""
    packed_ends: bytes
    """Ends of the strings in `data`, as int32."""

    @classmethod
    def of(cls, strings: Iterable[bytes]) -> ByteStrings:
        """Pack strings."""
        strings = tuple(strings)
        return cls(b"".join(strings), np.fromiter(accumulate(map(len, strings)), np.int32).tobytes())

    @property
    def ends(self) -> NDArray[np.int32]:
        """Ends of the strings in `data`."""
        return np.frombuffer(self.packed_ends, np.int32)

    @property
    def starts(self) -> NDArray[np.int32]:
        """Beginnings of the strings in `data`."""
        return np.concatenate([np.zeros(1, np.int32), self.ends])[: len(self)]

    def find(self, wanted: bytes) -> int | None:
        """Return the index of the first that equals `wanted`, found without making the others."""
        starts, data = self.starts, np.frombuffer(self.data, np.uint8)
        candidates = np.flatnonzero(self.ends - starts == len(wanted))
        for place, byte in enumerate(wanted):
            candidates = candidates[data[starts[candidates] + place] == byte]
        return int(candidates[0]) if len(candidates) else None

    def __len__(self) -> int:
        return len(self.packed_ends) // np.dtype(np.int32).itemsize

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[bytes, ...]: ...

    def __getitem__(self, index: int | slice) -> bytes | tuple[bytes, ...]:
        if isinstance(index, slice):
            return tuple(self)[index]
        ends = self.ends
        at = range(len(ends))[index]
        return self.data[ends[at - 1] if at else 0 : ends[at]]

    def __iter__(self) -> Iterator[bytes]:
        return (self.data[start:end] for start, end in pairwise([0, *self.ends.tolist()]))
