"""Measures how alike two spellings sound: which words of a list a stretch of text may mean.

A spelling becomes a key of its consonants' sounds, in the manner of Metaphone (Philips 1990) but coarser: all vowels
are one letter, since they are what a recognizer mishears first. Keys are compared by edit distance, vowels and
neighboring sounds (b and p, s and z) at half the price. The rules are those of English spelling; keys in other scripts
are the letters themselves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

from ...arrays import BoolArray

_RULES = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"^x", "s"),
        (r"^[kgp]n", "n"),
        (r"^wr", "r"),
        (r"^ps", "s"),
        (r"mb$", "m"),
        (r"gh(?=t|$)", ""),
        (r"ph", "f"),
        (r"sch", "sk"),
        (r"(?:t|ss?|c)i(?=on|ou|a[nl])", "S"),
        (r"tch|ch|sh", "S"),
        (r"th", "T"),
        (r"dg(?=[eiy])|j|g(?=[eiy])", "J"),
        (r"c(?=[eiy])", "s"),
        (r"ck|[cq]", "k"),
        (r"x", "ks"),
        (r"z", "s"),
        (r"wh", "w"),
        (r"gh", "g"),
        (r"[aeiouy]+", "A"),
        (r"h", ""),
        (r"w(?!A)", "A"),
        (r"(.)\1+", r"\1"),
    )
)

_VOWEL, _NEAR, _FULL = 0.5, 0.6, 1.0
_NEIGHBORS = "bp dt gk vf vb sS kS JS Jg mn lr Tf Tt Td Ts"
_EXCHANGE = {pair: _NEAR for one in _NEIGHBORS.split() for pair in (one, one[::-1])}
"""Price of one sound for a neighbor of it; for any other sound it is the full one."""

_LEAST_SHARED = 0.5
"""Share of letter pairs that two keys must have in common (Dice 1945) for their edit distance to be computed."""


@lru_cache(maxsize=4096)
def sound_key(text: str) -> str:
    """Give the key of a spelling; "" where it has no letters."""
    folded = unicodedata.normalize("NFKD", text.lower())
    key = "".join(character for character in folded if character.isalnum())
    for pattern, sound in _RULES:
        key = pattern.sub(sound, key)
    return key


def likeness(first: str, second: str, least: float = 0.0) -> float:
    """Compute 1 less the edit distance of two keys as a share of the longer one; 0 where that is below `least`."""
    prices = _prices(second)
    longest = max(sum(_prices(first)), sum(prices))
    most = (1 - least) * longest
    costs = [0.0]
    for price in prices:
        costs.append(costs[-1] + price)
    for sound, own in zip(first, _prices(first), strict=True):
        before, costs = costs, [costs[0] + own]
        last = costs[0]
        for at, price in enumerate(prices):
            other = second[at]
            exchanged = before[at] if sound == other else before[at] + _EXCHANGE.get(sound + other, _FULL)
            last = min(exchanged, before[at + 1] + own, last + price)
            costs.append(last)
        if min(costs) > most:
            return 0.0
    return 1 - costs[-1] / longest if longest and costs[-1] <= most else 0.0


class SoundIndex:
    """Keys of a list of words, to be searched for those that sound like a text."""

    def __init__(self, words: Sequence[str]) -> None:
        self._keys = [sound_key(word) for word in words]
        pairs = sorted({pair for key in self._keys for pair in _pairs(key)})
        self._column = {pair: column for column, pair in enumerate(pairs)}
        self._rows = np.zeros((len(words), len(pairs)), np.uint8)
        for row, key in zip(self._rows, self._keys, strict=True):
            row[[self._column[pair] for pair in _pairs(key)]] = 1
        self._n_pairs = np.array([len(_pairs(key)) for key in self._keys])
        self._lengths = np.array([sum(_prices(key)) for key in self._keys])

    def search(self, text: str, least: float, among: BoolArray) -> list[tuple[int, float]]:
        """Find the words that sound like a text, the most alike first: their numbers and likenesses.

        `least` is the lowest likeness, and `among` (n_words,) marks the words to compare it with.
        """
        words = np.flatnonzero(among)
        if not words.size:
            return []
        key = sound_key(text)
        pairs, length = _pairs(key), sum(_prices(key))
        lengths = self._lengths[words]
        words = words[np.minimum(length, lengths) >= least * np.maximum(length, lengths)]
        columns = [self._column[pair] for pair in pairs if pair in self._column]
        shared = self._rows[words[:, None], columns].sum(axis=1)
        words = words[2 * shared >= _LEAST_SHARED * (len(pairs) + self._n_pairs[words])]
        found = [(word, likeness(key, self._keys[word], least)) for word in words.tolist()]
        return sorted((one for one in found if one[1] >= least), key=lambda one: -one[1])


@lru_cache(maxsize=4096)
def _pairs(key: str) -> frozenset[str]:
    return frozenset(a + b for a, b in pairwise(f"^{key}$"))


@lru_cache(maxsize=4096)
def _prices(key: str) -> tuple[float, ...]:
    """Give the price of each sound, to add it or leave it out."""
    return tuple(_VOWEL if sound == "A" else _FULL for sound in key)
