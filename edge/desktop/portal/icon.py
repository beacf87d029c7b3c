"""A microphone as an icon of any size, in the color of a state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_Plane = NDArray[np.float64]


SIZES = (22, 44)
"""Pixels of a side: panels take the one that fits best, and scale it."""

_COLORS = {"listening": 0xFF5C57, "preparing": 0xF5B942, "working": 0x5AA9FF}
_IDLE = 0xB8BCC4

_HALF_LINE = 0.045
_STROKES = (
    ((0.5, 0.27), (0.5, 0.45), 0.16),
    ((0.5, 0.74), (0.5, 0.88), _HALF_LINE),
    ((0.32, 0.9), (0.68, 0.9), _HALF_LINE),
)
"""Lines from a point to a point, and half their width: the capsule, the stem and the foot."""

_BOW, _BOW_RADIUS = (0.5, 0.46), 0.27


def icon(state: str, size: int) -> bytes:
    """Return the pixels of an icon: alpha, red, green and blue, row by row."""
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size
    inside = np.maximum.reduce([_inside(*stroke, x, y, size) for stroke in _STROKES])
    from_bow = np.abs(np.hypot(x - _BOW[0], y - _BOW[1]) - _BOW_RADIUS) - _HALF_LINE
    inside = np.maximum(inside, np.where(y >= _BOW[1], _smooth(from_bow, size), 0.0))
    color = _COLORS.get(state, _IDLE)
    alpha = np.rint(inside * 255).astype(">u4")
    return bytes(((alpha << 24) | np.where(alpha > 0, color, 0).astype(">u4")).astype(">u4").tobytes())


def _inside(
    start: tuple[float, float], end: tuple[float, float], half: float, x: _Plane, y: _Plane, size: int
) -> _Plane:
    """Return how much of each pixel is in a line with round ends."""
    across, down = end[0] - start[0], end[1] - start[1]
    along = np.clip(((x - start[0]) * across + (y - start[1]) * down) / (across**2 + down**2), 0, 1)
    return _smooth(np.hypot(x - start[0] - along * across, y - start[1] - along * down) - half, size)


def _smooth(distance: _Plane, size: int) -> _Plane:
    """Return how much of each pixel is inside, by the distance of its middle to the edge."""
    inside: _Plane = np.clip(0.5 - distance * size, 0, 1)
    return inside
