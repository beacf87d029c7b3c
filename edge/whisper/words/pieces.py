"""Groups tokens into what a user would call words."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..tokens import Tokenizer

UNSPACED_LANGUAGES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages written without blanks between words: every character, or what one token holds of them, is a word."""

_OPENING = frozenset("\"'“‘„«¿¡([{-–—（「『《〈【〔")  # noqa: RUF001
"""Signs that belong to the word after them where they stand alone; all others belong to the word before."""


@dataclass(frozen=True, slots=True)
class TokenWord:
    """A word of a text, with the punctuation next to it."""

    text: str
    """Text as decoded, with the blank in front of it: joined, the words give the text."""
    first: int
    """Index of the word's first token among those of the text."""
    stop: int
    """Index after the word's last token."""
    spoken_first: int
    """Index of the first token with a letter or digit, leaving out signs in front; `first` if there is none."""
    spoken_stop: int
    """Index after the last such token; `stop` if there is none."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """The fewest tokens that end where a character ends: a character may be spread over several tokens."""

    text: str
    first: int
    stop: int

    @property
    def is_spoken(self) -> bool:
        return any(unicodedata.category(character)[0] in "LN" for character in self.text)


_Group = list[_Piece]


def group_words(tokens: Sequence[int], tokenizer: Tokenizer, language: str | None) -> list[TokenWord]:
    """Group text tokens (no special ones) into words, so that every token is in one of them."""
    pieces = _pieces(tokens, tokenizer)
    return [_word(group) for group in _with_signs(_cut(pieces, language in UNSPACED_LANGUAGES))]


def _pieces(tokens: Sequence[int], tokenizer: Tokenizer) -> Iterator[_Piece]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    text, first = "", 0
    for stop, token in enumerate(tokens, start=1):
        is_last = stop == len(tokens)
        text += decoder.decode(tokenizer.decode_bytes([token]), final=is_last)
        if is_last or not decoder.getstate()[0]:
            yield _Piece(text, first, stop)
            text, first = "", stop


def _cut(pieces: Iterable[_Piece], unspaced: bool) -> Iterator[_Group]:
    """Cut before blanks; in languages without them, between all pieces but those of a foreign word or a number."""
    group: _Group = []
    for piece in pieces:
        begins = piece.text[:1].isspace()
        if unspaced and group:
            begins = begins or not _is_ascii_word(group[-1].text[-1:] + piece.text[:1])
        if begins and group:
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _with_signs(groups: Iterable[_Group]) -> list[_Group]:
    """Join groups that are only signs to the words next to them."""
    words: list[_Group] = []
    opening: _Group = []
    for group in groups:
        if any(piece.is_spoken for piece in group):
            words.append(opening + group)
            opening = []
        elif not words or _OPENING.issuperset("".join(piece.text for piece in group).strip()):
            opening += group
        else:
            words[-1] += opening + group
            opening = []
    if opening and not words:
        words.append([])
    if opening:
        words[-1] += opening
    return words


def _word(group: _Group) -> TokenWord:
    spoken = [piece for piece in group if piece.is_spoken] or group
    text = "".join(piece.text for piece in group)
    return TokenWord(text, group[0].first, group[-1].stop, spoken[0].first, spoken[-1].stop)


def _is_ascii_word(neighbors: str) -> bool:
    return len(neighbors) == 2 and neighbors.isascii() and neighbors.isalnum()
