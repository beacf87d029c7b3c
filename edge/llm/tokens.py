"""Encodes and decodes the tokens of a language model: byte-level BPE by the merges of its file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..cuts import split_words, split_words_of_llama

CUTS = ("gpt-2", "smollm", "llama-bpe")
"""Names of llama.cpp for the ways of cutting a text before the merges that are known here."""

CONTROL, USER_DEFINED = 3, 4
"""Numbers of GGUF for tokens that are no text, and for texts that are always one token."""


_OUTSIDE_LATIN = 0xFFFF


@lru_cache
def byte_of() -> Mapping[str, int]:
    """Give the byte that each character of GPT-2's alphabet stands for."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + at): byte for at, byte in enumerate(others)}


@lru_cache
def _latin() -> Mapping[int, int]:
    """Give the character of Latin-1 that has the same byte; one outside Latin-1 for what is not in the alphabet."""
    table = dict.fromkeys(range(256), _OUTSIDE_LATIN)
    return table | {ord(character): byte for character, byte in byte_of().items()}


def to_bytes(token: str) -> bytes:
    """Turn a token as files write it into its bytes; one with other characters stands for itself."""
    try:
        return token.translate(_latin()).encode("latin-1")
    except UnicodeEncodeError:
        return token.encode()


@dataclass(frozen=True, slots=True)
class Merges:
    """Pairs of tokens to be joined, the first ones first."""

    ranks: Mapping[tuple[bytes, bytes], int]

    def apply(self, piece: bytes) -> list[bytes]:
        """Join the neighbors of the lowest rank, from the left, until no neighbors have one."""
        parts = [piece[at : at + 1] for at in range(len(piece))]
        while len(parts) > 1:
            none = len(self.ranks)
            found = [self.ranks.get((parts[at], parts[at + 1]), none) for at in range(len(parts) - 1)]
            lowest = min(found)
            if lowest == none:
                break
            joined, at = [], 0
            while at < len(parts):
                if at < len(found) and found[at] == lowest:
                    joined.append(parts[at] + parts[at + 1])
                    at += 2
                else:
                    joined.append(parts[at])
                    at += 1
            parts = joined
        return parts


class TextTokenizer:
    """An encoder and decoder of text."""

    def __init__(self, tokens: tuple[str, ...], types: tuple[int, ...], merges: tuple[str, ...], cut: str) -> None:
        kinds = (CONTROL, USER_DEFINED)
        self._bytes = tuple(
            token.encode() if kind in kinds else to_bytes(token) for token, kind in zip(tokens, types, strict=True)
        )
        self.special: Mapping[str, int] = {
            token: at for at, (token, kind) in enumerate(zip(tokens, types, strict=True)) if kind in kinds and token
        }
        """Ids of the tokens that are no ordinary text."""
        self._id_of = {
            token: at for at, (token, kind) in enumerate(zip(self._bytes, types, strict=True)) if kind not in kinds
        }
        ordinary = zip(tokens, self._bytes, types, strict=True)
        known = {token: data for token, data, kind in ordinary if kind not in kinds}  # merges share the tokens' bytes

        def part(text: str) -> bytes:
            return known.get(text) or to_bytes(text)

        pairs = (merge.partition(" ") for merge in merges)
        self._merges = Merges({(part(left), part(right)): at for at, (left, _, right) in enumerate(pairs)})
        self._cut = cut
        names = sorted(self.special, key=len, reverse=True)
        self._special_pattern = re.compile("|".join(map(re.escape, names))) if names else None
        self._known: dict[str, list[int]] = {}

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        """Encode a text as token ids; with `special`, names such as <|im_end|> become the tokens that they name."""
        if not special or self._special_pattern is None:
            return self._plain(text)
        ids, at = [], 0
        for match in self._special_pattern.finditer(text):
            ids += [*self._plain(text[at : match.start()]), self.special[match.group()]]
            at = match.end()
        return ids + self._plain(text[at:])

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """Join the bytes of tokens; a single one may hold part of a character."""
        return b"".join(self._bytes[token] for token in tokens)

    def decode(self, tokens: Iterable[int]) -> str:
        """Join the text of tokens; bytes that are not UTF-8 become U+FFFD."""
        return self.decode_bytes(tokens).decode("utf-8", errors="replace")

    def unmade(self, merges: Iterable[str]) -> str | None:
        """Find a merge that does not join two parts into a token; None where all do."""
        for merge in merges:
            left, space, right = merge.partition(" ")
            if not space or to_bytes(left + right) not in self._id_of:
                return merge[:40]
        return None

    def _plain(self, text: str) -> list[int]:
        ids = []
        split = split_words_of_llama if self._cut == "llama-bpe" else split_words
        for part in _apart_from_digits(text) if self._cut == "smollm" else [text]:
            for word in split(part):
                known = self._known.get(word)
                if known is None:
                    known = self._ids_of(word.encode())
                    if len(self._known) < _MOST_KNOWN and len(word) < _LONGEST_KNOWN:
                        self._known[word] = known
                ids += known
        return ids

    def _ids_of(self, word: bytes) -> list[int]:
        if self._cut == "llama-bpe" and word in self._id_of:  # a word that is a token is one, whatever merges say
            return [self._id_of[word]]
        return [
            self._id_of[piece] for piece in self._merges.apply(word) if piece in self._id_of
        ]  # a byte may have none


_MOST_KNOWN, _LONGEST_KNOWN = 50_000, 40


def _apart_from_digits(text: str) -> list[str]:
    """Cut a text so that each digit stands alone."""
    parts, at = [], 0
    for place, character in enumerate(text):
        if unicodedata.category(character)[0] == "N":
            parts += [text[at:place], character]
            at = place + 1
    return [part for part in [*parts, text[at:]] if part]
