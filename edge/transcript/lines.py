"""Breaks text into lines of a given width, in columns as terminals and subtitles count them: an ideograph takes two."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..harmless import without_controls

_BREAKING_SPACE = re.compile(r"[^\S\u00a0\u2007\u202f]+")
_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"
_SMALL_KANA = frozenset("ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶーゝゞヽヾ々〻")


class Piece(NamedTuple):
    """A piece of text that stays on one line."""

    text: str
    width: int
    """Width in columns."""
    after_space: bool


def flat(text: str) -> str:
    """Join a text into one line: line breaks, tabs and repeated blanks become single blanks, none at the ends.

    Control characters, which subtitles and tables cannot hold, are removed.
    """
    return _BREAKING_SPACE.sub(" ", without_controls(text)).strip()


def width(text: str) -> int:
    """Count the columns that a text takes: two for a wide character or an emoji, zero for a mark on a letter."""
    return sum(map(_width, clusters(text)))


def wrap(text: str, max_width: int) -> list[str]:
    """Break a text into as few lines of at most `max_width` columns as possible, and these as even as possible.

    Lines break at blanks, and next to ideographs and kana where no punctuation forbids it; a word longer than a line is
    cut between characters.
    """
    return _break([part for piece in _pieces(text) for part in _cut(piece, max_width)], max_width)


def fill(text: str, max_width: int) -> list[str]:
    """Break a text where `wrap` may, each line as full as can be: lines stay as they are when the text grows."""
    lines: list[str] = []
    free = 0
    for piece in (part for whole in _pieces(text) for part in _cut(whole, max_width)):
        needed = piece.after_space + piece.width
        if lines and needed <= free:
            lines[-1] += " " * piece.after_space + piece.text
            free -= needed
        else:
            lines.append(piece.text)
            free = max_width - piece.width
    return lines


def clusters(text: str) -> list[str]:
    """Split a text into what a reader sees as single characters: letters with their marks, joined emoji, flags."""
    found: list[str] = []
    for character in text:
        if found and _belongs_to(found[-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


def _belongs_to(cluster: str, character: str) -> bool:
    if unicodedata.category(character) in ("Mn", "Me", "Mc", "Cf"):
        return True
    if cluster[-1] == _JOINER:
        return not character.isspace()
    is_pair_of_flags = len(cluster) == 1 and _is_regional(cluster) and _is_regional(character)
    is_skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    is_hangul_vowel_or_final = "\u1160" <= character <= "\u11ff"
    return is_pair_of_flags or is_skin_tone or is_hangul_vowel_or_final


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _width(cluster: str) -> int:
    if unicodedata.east_asian_width(cluster[0]) in "WF" or _EMOJI_STYLE in cluster or _is_regional(cluster[0]):
        return 2
    return 0 if unicodedata.category(cluster[0]) in ("Mn", "Me", "Cf", "Cc") else 1


def _pieces(text: str) -> Iterator[Piece]:
    for chunk in flat(text).split(" "):
        if not chunk:
            continue
        characters = clusters(chunk)
        start = 0
        for end, (left, right) in enumerate(pairwise(characters), start=1):
            if _may_break(left, right):
                yield _piece(characters[start:end], after_space=start == 0)
                start = end
        yield _piece(characters[start:], after_space=start == 0)


def _piece(characters: Iterable[str], *, after_space: bool) -> Piece:
    text = "".join(characters)
    return Piece(text, width(text), after_space)


def _may_break(left: str, right: str) -> bool:
    """Whether a line may end between two characters of a word: next to an ideograph, but not at its punctuation."""
    if not (_is_ideographic(left[0]) or _is_ideographic(right[0])):
        return False
    starts_no_line = right[0] in _SMALL_KANA or unicodedata.category(right[0]) in ("Pe", "Pf", "Po")
    ends_no_line = unicodedata.category(left[0]) in ("Ps", "Pi")
    return not starts_no_line and not ends_no_line


def _is_ideographic(character: str) -> bool:
    is_hangul = "\u1100" <= character <= "\u11ff" or "\uac00" <= character <= "\ud7a3"
    return not is_hangul and unicodedata.east_asian_width(character) in "WF"


def _cut(piece: Piece, max_width: int) -> Iterator[Piece]:
    if piece.width <= max_width:
        yield piece
        return
    part: list[str] = []
    used = 0
    after_space = piece.after_space
    for character in clusters(piece.text):
        if part and used + _width(character) > max_width:
            yield Piece("".join(part), used, after_space)
            part, used, after_space = [], 0, False
        part.append(character)
        used += _width(character)
    yield Piece("".join(part), used, after_space)


def _break(pieces: Sequence[Piece], max_width: int) -> list[str]:
    """Find the fewest lines, and of all ways to break into so many that with the smallest sum of squared widths."""
    # For the first n pieces: the number of lines they take, that sum, and the piece that begins the last line.
    best = [(0, 0, 0)]
    for end in range(1, len(pieces) + 1):
        ways: list[tuple[int, int, int]] = []
        width = 0
        for start in range(end - 1, -1, -1):
            width += pieces[start].width + (start + 1 < end and pieces[start + 1].after_space)
            if width > max_width and ways:
                break
            n_lines, squares, _ = best[start]
            ways.append((n_lines + 1, squares + width * width, start))
        best.append(min(ways))
    lines: list[str] = []
    end = len(pieces)
    while end:
        start = best[end][2]
        # A word that was cut, or broken next to an ideograph, may have a no-break space at the break.
        lines.append(flat("".join(" " * piece.after_space + piece.text for piece in pieces[start:end])))
        end = start
    return [line for line in reversed(lines) if line]
