"""A chart of error trade-offs as SVG: a panel for each word, a line for each condition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .curves import Point

_WIDTH, _HEIGHT = 250, 190
_LEFT, _TOP, _GAP, _BELOW = 52, 64, 26, 48
_COLUMNS = 3
_MOST_PER_HOUR = 100.0
_MOST_MISSED = 0.5
_CLASSES = ("a", "b", "c", "d")
_STYLE = """\
    text { font-family: -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; font-size: 12px; }
    .p { fill: #ffffff; } .h { font-weight: 600; font-size: 14px; } .g { stroke: #d0d7de; } .t { fill: #ddf4ff; }
    path { fill: none; stroke-width: 2; stroke-linejoin: round; } .o { stroke-width: 1.5; stroke: #1f2328; }
    .a { stroke: #0969da; fill: #0969da; } .b { stroke: #1a7f37; fill: #1a7f37; }
    .c { stroke: #bf8700; fill: #bf8700; } .d { stroke: #cf222e; fill: #cf222e; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; } .p { fill: #0d1117; } .g { stroke: #30363d; } .t { fill: #0c2d4d; }
      .o { stroke: #f0f6fc; }
    }
    path.a, path.b, path.c, path.d { fill: none; }"""


@dataclass(frozen=True, slots=True)
class Panel:
    """A word, and what happens at its thresholds."""

    title: str
    points: Sequence[Point]
    usual: float
    """Threshold that is used."""
    hours: float
    """Hours of sound in which nobody says it."""
    target: tuple[float, float]
    """Misses and accepts an hour that are wanted, at most."""


def chart(panels: Sequence[Panel]) -> str:
    """Draw them; a ring is the threshold that is used, and what is wanted is shaded."""
    conditions = list(panels[0].points[0].missed)
    columns = min(_COLUMNS, len(panels))
    width = columns * (_WIDTH + _LEFT) + _GAP
    height = math.ceil(len(panels) / columns) * (_HEIGHT + _BELOW) + _TOP
    key = [
        f'<path class="{shade}" d="M{_LEFT + 150 * number} 22h22"/>'
        f'<text x="{_LEFT + 150 * number + 30}" y="26">{escape(name)}</text>'
        for number, (name, shade) in enumerate(zip(conditions, _CLASSES, strict=False))
    ]
    drawn = []
    for number, panel in enumerate(panels):
        x = _LEFT + number % columns * (_WIDTH + _LEFT)
        y = _TOP + number // columns * (_HEIGHT + _BELOW)
        drawn.append(f'<g transform="translate({x} {y})">{_panel(panel, conditions)}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title">\n'
        '  <title id="title">What wake words miss, against how often they are heard by mistake</title>\n'
        f"  <style>\n{_STYLE}\n  </style>\n"
        f'  <rect class="p" width="{width}" height="{height}" rx="8"/>\n  ' + "\n  ".join([*key, *drawn]) + "\n</svg>\n"
    )


def _panel(panel: Panel, conditions: Sequence[str]) -> str:
    least = 0.5 / panel.hours  # where none at all is drawn: below one in all the hours
    missed, an_hour = panel.target
    lines = [
        f'<rect class="t" x="0" y="{_y(missed):.1f}" width="{max(6, _x(an_hour, least)):.1f}" '
        f'height="{_HEIGHT - _y(missed):.1f}"/>',
        f'<text class="h" x="0" y="-10">{escape(panel.title)}</text>',
        f'<path class="g" d="M0 0V{_HEIGHT}H{_WIDTH}"/>',
    ]
    for share in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5):
        lines.append(f'<text x="-8" y="{_y(share) + 4:.1f}" text-anchor="end">{100 * share:.0f} %</text>')
        lines.append(f'<path class="g" d="M0 {_y(share):.1f}H{_WIDTH}"/>')
    for rate in (1.0, 10.0, 100.0):
        if rate >= least:
            lines.append(f'<text x="{_x(rate, least):.1f}" y="{_HEIGHT + 18}" text-anchor="middle">{rate:g}</text>')
    lines.append(f'<text x="0" y="{_HEIGHT + 18}" text-anchor="middle">0</text>')
    lines.append(f'<text x="{_WIDTH}" y="{_HEIGHT + 34}" text-anchor="end">false accepts an hour</text>')
    usual = min(panel.points, key=lambda point: abs(point.threshold - panel.usual))
    for name, shade in zip(conditions, _CLASSES, strict=False):
        line = [(_x(point.accepts / panel.hours, least), _y(point.missed[name])) for point in panel.points]
        lines.append(f'<path class="{shade}" d="M' + "L".join(f"{x:.1f} {y:.1f}" for x, y in line) + '"/>')
        x, y = _x(usual.accepts / panel.hours, least), _y(usual.missed[name])
        lines.append(f'<circle class="{shade} o" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
    return "".join(lines)


def _x(an_hour: float, least: float) -> float:
    span = math.log(_MOST_PER_HOUR / least)
    return _WIDTH * min(1.0, math.log(max(an_hour, least) / least) / span)


def _y(missed: float) -> float:
    return _HEIGHT * (1 - min(_MOST_MISSED, missed) / _MOST_MISSED)
