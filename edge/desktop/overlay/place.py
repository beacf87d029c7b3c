"""The place of the overlay: where it covers nothing of the window that is dictated into, if there is such a place."""

from __future__ import annotations

from dataclasses import dataclass

_MARGIN = 12


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in pixels of the screen."""

    x: int
    y: int
    width: int
    height: int

    def meets(self, other: Area) -> bool:
        """Whether both have a pixel."""
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height

    def has(self, x: int, y: int) -> bool:
        """Whether a pixel is in it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


def monitor_of(window: Area | None, monitors: list[Area]) -> Area:
    """Return the monitor that has the middle of a window; else the first."""
    if window is not None:
        x, y = window.x + window.width // 2, window.y + window.height // 2
        for monitor in monitors:
            if monitor.has(x, y):
                return monitor
    return monitors[0]


def place(width: int, height: int, monitor: Area, window: Area | None) -> Area:
    """Return where a rectangle stands: at the bottom or the top of the monitor, where it is clear of the window.

    A window that leaves no room has its title, its tabs or its menu at the top, and that is what is covered.
    """
    left, top = monitor.x + _MARGIN, monitor.y + _MARGIN
    right = monitor.x + monitor.width - width - _MARGIN
    bottom = monitor.y + monitor.height - height - _MARGIN
    middle = monitor.x + (monitor.width - width) // 2
    places = [(middle, bottom), (middle, top), (right, bottom), (left, bottom), (right, top), (left, top)]
    areas = [Area(x, y, width, height) for x, y in places]
    clear = [area for area in areas if window is None or not area.meets(window)]
    return clear[0] if clear else Area(middle, monitor.y, width, height)
