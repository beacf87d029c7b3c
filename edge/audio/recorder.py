"""Writes sound to a WAV file while it comes, which is whole at every moment, also where its writer is killed."""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from ..arrays import FloatArray
from .mono import SAMPLE_RATE_HZ

_SAMPLE_BYTES = 2
_FULL_SCALE = 32768
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MOST_BYTES = 0xFFFFFFFF - _HEADER.size
"""Bytes of samples that a header can tell, at most; a longer file is read to its end all the same."""


class Recorder:
    """A WAV file of 16 bits, mono at 16 kHz, that grows."""

    def __init__(self, path: Path) -> None:
        """Begin the file; one that is there is written over.

        Raises:
            OSError: it cannot be written.
        """
        self._n_samples = 0
        self._file = path.open("wb", buffering=0)
        self._tell_length()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; harmless after that."""
        self._file.close()

    def write(self, samples: FloatArray) -> None:
        """Append samples (n_samples,); those that do not fit in 16 bits are clipped."""
        whole = np.clip(np.rint(samples * np.float32(_FULL_SCALE)), -_FULL_SCALE, _FULL_SCALE - 1)
        self._file.seek(self._end)
        data = whole.astype("<i2").tobytes()
        while data:
            data = data[self._file.write(data) :]
        self._n_samples += len(samples)
        self._tell_length()

    def skip(self, seconds: float) -> None:
        """Append silence, so that times stay true."""
        self._n_samples += max(0, round(seconds * SAMPLE_RATE_HZ))
        self._file.truncate(self._end)
        self._tell_length()

    @property
    def _end(self) -> int:
        return _HEADER.size + _SAMPLE_BYTES * self._n_samples

    def _tell_length(self) -> None:
        """Write the header; what is behind the samples that it tells of does not count."""
        n_bytes = min(_SAMPLE_BYTES * self._n_samples, _MOST_BYTES)
        form = (1, 1, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * _SAMPLE_BYTES, _SAMPLE_BYTES, 8 * _SAMPLE_BYTES)
        self._file.seek(0)
        self._file.write(
            _HEADER.pack(b"RIFF", n_bytes + _HEADER.size - 8, b"WAVE", b"fmt ", 16, *form, b"data", n_bytes)
        )
