"""E-mail and web addresses that are said: "john dot smith at gmail dot com"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..words import Word
from .numbers import Number
from .patterns import Filled
from .shape import Shape

_TOP_LEVEL = """
    com org net edu gov mil info biz io ai dev app co uk us ca au nz ie de at ch fr be nl es mx ar it pt eu cat pl se no
    dk fi cz jp cn in br cl tech online shop blog me tv xyz
"""
_TOPS = "|".join(_TOP_LEVEL.split())
_HOST = re.compile(rf"[\w-]+(?:\.[\w-]+)*\.(?:{_TOPS})(?:/.*)?")
_PART = re.compile(r"[a-z0-9][\w.+-]*")
_MOST_SIGNS = 12
_WWW = ("w", "w", "w")
_BEFORE = 4
"""Words in front that may say that an address follows."""


class _Chain(NamedTuple):
    last: int
    """Piece behind the last one."""
    text: str
    n_signs: int
    """Number of signs that were said."""


class Addresses:
    """The finder of addresses in one language."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._signs: Mapping[str, str] = table.get("signs", {})
        self._dots = frozenset(said for said, sign in self._signs.items() if sign == ".")
        self._at: Mapping[str, str] = dict.fromkeys(table.get("at", ()), "@")
        self._sure: Mapping[str, str] = dict.fromkeys(table.get("at_sure", ()), "@")
        self._never = frozenset(table.get("never", ()))
        """Words that no address begins with."""
        self._cues = frozenset(table.get("cues", ()))
        self._hosts = frozenset(table.get("hosts", ()))
        self._words = frozenset(table.get("words", ()))
        """Ends of hosts that are words of the language as well."""

    def find(self, shape: Shape) -> Iterator[Filled]:
        """Yield the addresses from left to right."""
        keys = [_key(shape, index) for index in range(len(shape.pieces))]
        if not any("." in key or key in self._dots for key in keys):
            return
        first = 0
        while first < len(shape.pieces):
            found = self._address(shape, first)
            if found is not None:
                yield found
            first = found.last if found else first + 1

    def _address(self, shape: Shape, first: int) -> Filled | None:
        chain = self._chain(shape, first)
        if chain is None or _key(shape, first) in self._never:
            return None
        behind, sign = self._sign(shape, chain.last, self._sure)
        is_sure = bool(sign)
        if not is_sure:
            behind, sign = self._sign(shape, chain.last, self._at)
        host = self._chain(shape, behind) if sign and "/" not in chain.text else None
        if host and _HOST.fullmatch(host.text) and (is_sure or self._is_mail(shape, first, chain, host)):
            return Filled(first, host.last, f"{chain.text}@{host.text}")
        return Filled(first, chain.last, chain.text) if self._is_web(shape, chain) else None

    def _is_mail(self, shape: Shape, first: int, name: _Chain, host: _Chain) -> bool:
        words = {_key(shape, index) for index in range(max(0, first - _BEFORE), first)}
        is_known = host.text.split(".")[0] in self._hosts
        return is_known or name.n_signs > 0 or bool(words & self._cues)

    def _is_web(self, shape: Shape, chain: _Chain) -> bool:
        if not chain.n_signs or not _HOST.fullmatch(chain.text):
            return False
        top = chain.text.partition("/")[0].rpartition(".")[2]
        is_last = chain.last == len(shape.pieces) or not _is_next(shape, chain.last)
        return top not in self._words or is_last or chain.text.startswith("www.") or "/" in chain.text

    def _chain(self, shape: Shape, first: int) -> _Chain | None:
        """Read parts with signs between them, from a piece on."""
        if tuple(_key(shape, first + number) for number in range(3)) == _WWW:
            text, last = "www", first + 3
        else:
            text, last = _part(shape, first), first + 1
        if not text:
            return None
        n_signs, last = 0, self._behind_numbers(shape, last)
        text += "".join(_part(shape, index) for index in range(first + 1, last)) if text != "www" else ""
        while n_signs < _MOST_SIGNS:
            behind, sign = self._sign(shape, last, self._signs)
            part = _part(shape, behind) if sign and _is_next(shape, behind) else ""
            if not part:
                break
            text, last, n_signs = f"{text}{sign}{part}", behind + 1, n_signs + 1
        return _Chain(last, text, n_signs)

    def _behind_numbers(self, shape: Shape, last: int) -> int:
        """Return the piece behind numbers that go on from a word to a sign: "mary two at"."""
        index = last
        while _is_next(shape, index) and isinstance(shape.pieces[index], Number):
            index += 1
        known = (self._sure, self._at, self._signs)
        return index if any(self._sign(shape, index, signs)[1] for signs in known) else last

    def _sign(self, shape: Shape, index: int, known: Mapping[str, str]) -> tuple[int, str]:
        """Return the piece behind a sign that is said in one word or two, and the sign; nothing where there is none."""
        if not _is_next(shape, index):
            return index, ""
        if _is_next(shape, index + 1):
            two = known.get(f"{_key(shape, index)} {_key(shape, index + 1)}", "")
            if two:
                return index + 2, two
        return index + 1, known.get(_key(shape, index), "")


def _is_next(shape: Shape, index: int) -> bool:
    """Whether the piece follows the one before it after one blank."""
    if not 0 < index < len(shape.pieces):
        return False
    return shape.text[shape.pieces[index - 1].end : shape.pieces[index].start] == " "


def _key(shape: Shape, index: int) -> str:
    piece = shape.pieces[index] if index < len(shape.pieces) else None
    return piece.key if isinstance(piece, Word) else ""


def _part(shape: Shape, index: int) -> str:
    """Return a word or number as a part of an address; nothing where it cannot be one."""
    if index >= len(shape.pieces) or shape.is_taken(index):
        return ""
    piece = shape.pieces[index]
    text = piece.key if isinstance(piece, Word) else piece.figures
    return text if _PART.fullmatch(text) else ""
