"""Charts as SVG, which follow the colors of the page that they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ...harmless import harmless

_WIDTH = 360
"""Units of a chart's width, which is about that many pixels, so that its letters can be read on a phone."""
_ROW = 38
_LABEL_AT, _BAR_AT, _BAR_HIGH = 13, 19, 12
_PLACE_OF_NUMBERS = 56
_LONGEST_LABEL = 52
"""Letters of a label that fit."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A value of one machine, and the range in which nine of ten of its runs lie."""

    label: str
    value: float
    low: float
    high: float
    number: str
    """Value as it is written."""


def bar_chart(title: str, note: str, bars: Sequence[Bar]) -> str:
    """Draw bars from zero, one below the other, each with its range."""
    most = max(max(bar.high, bar.value) for bar in bars) or 1.0
    scale = (_WIDTH - _PLACE_OF_NUMBERS) / most
    drawn = [_bar(bar, number * _ROW, scale) for number, bar in enumerate(bars)]
    return _figure(title, note, _ROW * len(bars), drawn)


def safe(text: str) -> str:
    """Return text that stands in a page as it is, whoever wrote it."""
    return escape(harmless(text))


def _bar(bar: Bar, top: float, scale: float) -> str:
    middle = top + _BAR_AT + _BAR_HIGH / 2
    shown = bar.label if len(bar.label) <= _LONGEST_LABEL else bar.label[: _LONGEST_LABEL - 1] + "…"
    return (
        f'<g><title>{safe(bar.label)}: {safe(bar.number)}</title><text x="0" y="{top + _LABEL_AT:g}">'
        f'{safe(shown)}</text><rect class="bar" x="0" y="{top + _BAR_AT:g}" width="{bar.value * scale:.1f}" '
        f'height="{_BAR_HIGH}"/><path class="spread" d="M{bar.low * scale:.1f} {middle:g}H{bar.high * scale:.1f}"/>'
        f'<text x="{max(bar.high, bar.value) * scale + 6:.1f}" y="{middle + 4:g}">{safe(bar.number)}</text></g>'
    )


def _figure(title: str, note: str, height: float, drawn: Sequence[str]) -> str:
    return (
        f"<figure><figcaption>{safe(title)}</figcaption><p>{safe(note)}</p>"
        f'<svg viewBox="0 0 {_WIDTH} {height:g}" role="img" aria-label="{safe(title)}">{"".join(drawn)}</svg></figure>'
    )
