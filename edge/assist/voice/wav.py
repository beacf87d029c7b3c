"""WAV as programs write it that do not know its length beforehand."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from ...errors import OutputError
from .protocol import Spoken

_HEADER_BYTES = 44


def read_wav(file: BinaryIO, name: str) -> Spoken:
    """Read 16-bit mono after a header of the usual length; OutputError if it is something else."""
    data = file.read()
    form = int.from_bytes(data[20:22], "little"), int.from_bytes(data[22:24], "little"), data[34:36]
    if data[:4] != b"RIFF" or data[36:40] != b"data" or form != (1, 1, b"\x10\0"):
        raise OutputError(f"{name} did not give speech: expected a WAV of 16 bits, mono, found {data[:12]!r}")
    rate_hz = int.from_bytes(data[24:28], "little")
    whole = data[_HEADER_BYTES : len(data) - len(data) % 2]
    return Spoken(np.asarray(np.frombuffer(whole, "<i2") / 32768, np.float32), rate_hz)
