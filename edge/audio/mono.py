"""The common form that every reader of recordings gives: blocks of 16 kHz mono."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..arrays import FloatArray
from ..errors import AudioError
from ..gaps import Gap


@dataclass(frozen=True, slots=True)
class Opened:
    """An open recording, whose blocks are decoded while they are taken."""

    name: str
    """Name of the recording in messages."""
    blocks: Iterator[FloatArray]
    """Blocks (n_samples,), mono at 16 kHz."""
    duration_s: float | None = None
    """Length in seconds, where it is known beforehand."""
    close: Callable[[], None] = lambda: None
    """Function that releases the file under the blocks; harmless when called twice."""
    gaps: list[Gap] = field(default_factory=list)
    """Stretches that turned out to be missing, in order; the list grows while the blocks are taken.

    Where the length of what is missing is known, the blocks have as much silence there, so that times stay true.
    """


SAMPLE_RATE_HZ = 16000
"""Sampling rate of every Whisper model."""

BLOCK_VALUES = 1 << 18
"""Samples, over all channels, that are decoded at a time: 16 s of 16 kHz mono, whatever a header claims."""

_RATES_HZ = range(1000, 768001)


def check_rate(rate_hz: int, name: str) -> None:
    """Refuse a sampling rate that no recording of speech has."""
    if rate_hz not in _RATES_HZ:
        raise AudioError(
            f"{name} claims {rate_hz} samples per second; expected {_RATES_HZ.start} to {_RATES_HZ.stop - 1}"
        )
