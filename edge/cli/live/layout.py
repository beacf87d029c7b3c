"""Lines of live text as they stand on a terminal, by its width: pure functions, which know no terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ...harmless import harmless
from ...transcript.lines import clusters, fill, flat, width

PLAIN, DIM, BOLD = "", "\x1b[2m", "\x1b[1m"
_END = "\x1b[0m"

_METER_CELLS = 16
_METER_FLOOR_DB = -60.0


class Span(NamedTuple):
    """A part of a line."""

    text: str
    """Text that holds nothing that a terminal obeys."""
    style: str = PLAIN


Line = tuple[Span, ...]


def width_of(line: Line) -> int:
    """Count the columns of a line."""
    return width("".join(span.text for span in line))


def paint(line: Line, *, styled: bool) -> str:
    """Write a line with its styles, or without."""
    return "".join(f"{span.style}{span.text}{_END}" if span.style and styled else span.text for span in line)


def final_lines(text: str, columns: int) -> list[Line]:
    """Lay out text that is final."""
    return [(Span(line),) for line in fill(harmless(flat(text)), columns)]


def partial_lines(text: str, n_stable: int, columns: int, most: int) -> list[Line]:
    """Lay out text of which `n_stable` characters are stable; of more than `most` lines, the last ones."""
    n_firm = _n_letters(harmless(flat(text[:n_stable])))
    lines: list[Line] = []
    for line in fill(harmless(flat(text)), columns):
        at = _position(line, n_firm)
        n_firm -= _n_letters(line[:at])
        lines.append(tuple(span for span in (Span(line[:at]), Span(line[at:], DIM)) if span.text))
    return lines[-most:] if most > 0 else []


def status_line(parts: Sequence[Span], columns: int) -> Line:
    """Lay out the parts of the status on one line, two blanks apart, cut where the line ends."""
    line: list[Span] = []
    free = columns
    for part in parts:
        if not part.text:
            continue
        text = f"{'  ' if line else ''}{harmless(flat(part.text))}"
        fitting = _cut(text, free)
        if fitting.strip():
            line.append(Span(fitting, part.style))
        free -= width(fitting)
        if fitting != text:
            break
    return tuple(line)


def meter(level_db: float) -> str:
    """Draw a level in dB of full scale, such as `[######..........]`."""
    share = (max(level_db, _METER_FLOOR_DB) - _METER_FLOOR_DB) / -_METER_FLOOR_DB
    filled = min(_METER_CELLS, max(0, math.ceil(share * _METER_CELLS)))
    return f"[{'#' * filled}{'.' * (_METER_CELLS - filled)}]"


def clock(seconds: float) -> str:
    """Write a time such as 0:09 or 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _cut(text: str, columns: int) -> str:
    """Cut a text to a number of columns, between characters as a reader sees them."""
    fitting, used = "", 0
    for cluster in clusters(text):
        used += width(cluster)
        if used > columns:
            break
        fitting += cluster
    return fitting


def _position(line: str, n_letters: int) -> int:
    """Find the position in a line behind a number of letters; blanks are none."""
    if n_letters <= 0:
        return 0
    for at, character in enumerate(line):
        n_letters -= not character.isspace()
        if not n_letters:
            return at + 1
    return len(line)


def _n_letters(text: str) -> int:
    return sum(not character.isspace() for character in text)
