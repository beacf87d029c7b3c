"""What this machine can do at most, measured in the run whose results are held against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from .. import ops

PeakKind = Literal["int8", "f32", "read"]


@dataclass(frozen=True, slots=True)
class Peaks:
    """Limits of the machine with some number of threads."""

    threads: int
    int8: float
    """Multiply-adds a second of the widest int8 dot instructions, on registers."""
    f32: float
    """Multiply-adds a second in float32, on registers."""
    read: float
    """Bytes a second read from memory."""


def measure_peaks(threads: int) -> Peaks:
    """Measure all three limits."""
    limits = {kind: ops.measure_peak(kind, threads) for kind in get_args(PeakKind)}
    return Peaks(threads, **limits)


def higher(one: Peaks, other: Peaks) -> Peaks:
    """Take the better of two measurements: clocks move, and the limit is the best that was seen."""
    return Peaks(one.threads, max(one.int8, other.int8), max(one.f32, other.f32), max(one.read, other.read))


def peaks_line(peak: Peaks) -> str:
    """Write the limits in one line."""
    return f"int8 {peak.int8 / 1e9:.0f} GMAC/s, float32 {peak.f32 / 1e9:.0f} GMAC/s, read {peak.read / 1e9:.0f} GB/s"
