"""Turns the graph of words into a prefix tree over a model's tokens, branch by branch as a search gets there.

A word may be written in several ways; behind each a sign may stand, and behind a hyphen the next word without a blank.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from ..arrays import FloatArray
from ..whisper.search.rules import IdArray
from .graph import Graph, Place

_SIGN_WITHIN, _SIGNS_AT_END = ",", (".", "?", "!", "...")
"""Signs that may stand behind a word, and where a sentence may end; they mean nothing."""
_HYPHEN = "-"


@dataclass(slots=True, eq=False)
class _Inside:
    """A place within a word, behind some of its tokens."""

    onward: dict[int, _Inside] = field(default_factory=dict)
    leaves: dict[Place, float] = field(default_factory=dict)
    """Places after the words that end here, and the logarithm of the weight of each."""


@dataclass(frozen=True, slots=True)
class _Between:
    """A place between two words."""

    place: Place
    takes_sign: bool
    """Whether a sign may stand here."""


@dataclass(frozen=True, slots=True)
class _Joined:
    """A place behind a hyphen."""

    place: Place


_Item: TypeAlias = "_Inside | _Between | _Joined | None"
"""Place in the sentences that are still open; None is their end."""


class Branch:
    """A branch of the tree: the tokens that may come next, those of words first (edge.whisper.search.closed)."""

    __slots__ = ("_following", "_make", "bonuses", "tokens")

    def __init__(self, onward: Mapping[int, Mapping[_Item, float]], make: Callable[[Mapping[_Item, float]], Branch]):
        best = {token: max(items.values()) for token, items in onward.items()}
        self.tokens: IdArray = np.fromiter(onward, np.intp, len(onward))
        self.bonuses: FloatArray = np.fromiter(best.values(), np.float32, len(best))
        self._make = make
        self._following: dict[int, Mapping[_Item, float] | Branch] = {
            token: {item: weight - best[token] for item, weight in items.items()} for token, items in onward.items()
        }

    def after(self, token: int) -> Branch:
        """Give the branch behind one of its tokens."""
        found = self._following[token]
        if not isinstance(found, Branch):
            found = self._following[token] = self._make(found)
        return found

    def known(self, token: int) -> Branch | None:
        """Give the branch behind a token if it was made before; None where it was not, or there is none."""
        found = self._following.get(token)
        return found if isinstance(found, Branch) else None


class TokenTree:
    """The sentences of a graph as tokens of one vocabulary. Threads may share it."""

    def __init__(self, graph: Graph, encode: Callable[[str], list[int]], end: int) -> None:
        """Prepare; `encode` gives the tokens of a text, `end` is the token behind the last word."""
        self._graph = graph
        self._encode = encode
        self._end = end
        self._comma = encode(_SIGN_WITHIN)[0]
        self._end_signs = [tokens[0] for tokens in map(encode, _SIGNS_AT_END) if len(tokens) == 1]
        self._hyphen = encode(_HYPHEN)[0]
        self._branches: dict[frozenset[tuple[_Item, float]], Branch] = {}
        self._words: dict[tuple[Place, bool], _Inside] = {}
        self._tokens: dict[tuple[str, bool], list[tuple[int, ...]]] = {}
        self.root = self._branch({_Between(graph.start, takes_sign=False): 0.0})

    @property
    def n_kept(self) -> int:
        """Number of branches that are kept."""
        return len(self._branches)

    def _branch(self, items: Mapping[_Item, float]) -> Branch:
        key = frozenset(items.items())
        if key not in self._branches:
            self._branches[key] = Branch(self._onward(items), self._branch)
        return self._branches[key]

    def _onward(self, items: Mapping[_Item, float]) -> dict[int, dict[_Item, float]]:
        found: dict[int, dict[_Item, float]] = {}

        def add(token: int, item: _Item, weight: float) -> None:
            known = found.setdefault(token, {})
            known[item] = max(weight, known.get(item, weight))

        for item, weight in items.items():
            inside = item if isinstance(item, _Inside) else None
            if isinstance(item, _Between | _Joined):
                inside = self._inside(item.place, is_joined=isinstance(item, _Joined))
            for token, deeper in inside.onward.items() if inside is not None else ():
                if deeper.onward:
                    add(token, deeper, weight)
                for place, more in deeper.leaves.items():
                    add(token, _Between(place, takes_sign=True), weight + more)
            if isinstance(item, _Between):
                following = self._graph.following(item.place)
                if following.end is not None:
                    add(self._end, None, weight + following.end)
                if item.takes_sign:
                    signed = _Between(item.place, takes_sign=False)
                    for sign in self._end_signs if following.end is not None else ():
                        add(sign, signed, weight)
                    add(self._comma, signed, weight)
                    if following.words:
                        add(self._hyphen, _Joined(item.place), weight)
        return found

    def _inside(self, place: Place, *, is_joined: bool) -> _Inside:
        """Make the tree of the words that may follow a place."""
        if (place, is_joined) not in self._words:
            root = self._words[place, is_joined] = _Inside()
            for word, (after, weight) in self._graph.following(place).words.items():
                for tokens in self._encoded(word, is_joined=is_joined):
                    at = root
                    for token in tokens:
                        if token not in at.onward:
                            at.onward[token] = _Inside()
                        at = at.onward[token]
                    at.leaves[after] = max(weight, at.leaves.get(after, weight))
        return self._words[place, is_joined]

    def _encoded(self, word: str, *, is_joined: bool) -> list[tuple[int, ...]]:
        """Encode all forms of a word, behind a hyphen without their blank."""
        key = (word, is_joined)
        if key not in self._tokens:
            forms = (form.lstrip() if is_joined else form for form in self._graph.forms(word))
            self._tokens[key] = [tuple(self._encode(form)) for form in forms]
        return self._tokens[key]
