"""Makes a graph of words out of sentences: what may come next, wherever one is, without listing all sentences.

Each template, rule and list is a net of nodes; a reference to a rule or a list is a call of its net, made when it is
first reached. A place in the graph is a set of nodes, each with the nodes to which its calls return; what may follow a
place is found when it is asked for, and kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, TypeVar

from ..errors import FormatError
from .spelling import bare

_Key = TypeVar("_Key")

_MOST_STEPS = 500_000
"""Steps to the words that may follow a place, at most: a sentence of endless parts has more."""

BREAK = " "
"""Label of an arc on which a word ends."""


@dataclass(slots=True, eq=False)
class Node:
    """A place in a net."""

    arcs: list[Arc] = field(default_factory=list)
    ends: bool = False
    """Whether its net ends here."""

    def to(self, target: Node, label: Label = "", weight: float = 0.0) -> None:
        """Add an arc to another node."""
        self.arcs.append(Arc(label, target, weight))


def new_net() -> Net:
    """Make a net of a way in and a way out, with nothing between them."""
    return Net(Node(), Node(ends=True))


class Net(NamedTuple):
    """A part of the graph with one way in and one way out."""

    start: Node
    end: Node


Label: TypeAlias = str | Callable[[], Net]
"""Part of a word, a break between words, nothing, or a net that is gone through first."""


class Arc(NamedTuple):
    """A way from a node to another."""

    label: Label
    target: Node
    weight: float
    """Logarithm of the weight, at most 0."""


@dataclass(slots=True, eq=False)
class _Callers:
    """Places to which a call returns, and the logarithm of the weight of each; the same set is one object."""

    returns: frozenset[tuple[_At, float]]


_At: TypeAlias = tuple[Node, "_Callers | None"]
"""Node, and where the call returns that its net is in; None in the net of all sentences."""


@dataclass(slots=True, eq=False)
class Place:
    """A place between two words of the graph."""

    ways: frozenset[tuple[_At, float]]
    """Nodes, and the logarithm of the weight that each still has to bear."""


class Follow(NamedTuple):
    """The place after a word."""

    place: Place
    weight: float
    """Logarithm of the best weight of what is behind the word, at most 0."""


@dataclass(frozen=True, slots=True)
class Following:
    """Words that may follow a place."""

    words: Mapping[str, Follow]
    end: float | None
    """Logarithm of the weight with which the sentence may end here; None where it may not."""


class Graph:
    """All sentences, word by word."""

    def __init__(self, net: Net, forms: Callable[[str], tuple[str, ...]]) -> None:
        """Prepare; `forms` lists what may be written for a word."""
        self._net = net
        self.forms = forms
        self._places: dict[frozenset[tuple[_At, float]], Place] = {}
        self._following: dict[Place, Following] = {}
        self._bare: dict[Place, _Bare] = {}
        self._callers: dict[frozenset[tuple[_At, float]], _Callers] = {}
        self.start = self._place({(net.start, None): 0.0})

    @property
    def n_kept(self) -> int:
        """Number of places that are kept."""
        return len(self._places)

    def anew(self) -> Graph:
        """Return the same graph, in which nothing was looked for yet."""
        return Graph(self._net, self.forms)

    def following(self, place: Place) -> Following:
        """Find which words may follow a place."""
        if place not in self._following:
            self._following[place] = self._find(place)
        return self._following[place]

    def read(self, text: str) -> str | None:
        """Find the sentence that a text is, whatever its signs and capitals and however it writes numbers.

        Returns None where it is none of them.
        """
        left = bare(text)
        words: list[str] = []
        tried: set[tuple[int, Place]] = set()
        ways = [self._steps(left, 0, self.start)] if left else []
        while ways:
            step = next(ways[-1], None)
            if step is None:
                ways.pop()
                del words[-1:]
                continue
            word, at, place = step
            if at == len(left) and self.following(place).end is not None:
                return " ".join([*words, word])
            if at < len(left) and (at, place) not in tried:
                tried.add((at, place))
                words.append(word)
                ways.append(self._steps(left, at, place))
        return None

    def _steps(self, left: str, at: int, place: Place) -> Iterator[tuple[str, int, Place]]:
        """Give each word that stands at a position and may follow a place, and where it leads."""
        known = self._known(place)
        for length in known.lengths:
            for word, after in known.words.get(left[at : at + length], ()) if at + length <= len(left) else ():
                yield word, at + length, after

    def _known(self, place: Place) -> _Bare:
        if place not in self._bare:
            words: dict[str, list[tuple[str, Place]]] = {}
            for word, follow in self.following(place).words.items():
                for form in {bare(form) for form in self.forms(word)}:
                    words.setdefault(form, []).append((word, follow.place))
            self._bare[place] = _Bare(words, sorted({len(form) for form in words if form}, reverse=True))
        return self._bare[place]

    def _place(self, ways: Mapping[_At, float]) -> Place:
        key = frozenset(ways.items())
        return self._places.setdefault(key, Place(key))

    def _find(self, place: Place) -> Following:
        words: dict[str, dict[_At, float]] = {}
        ends: list[float] = []
        seen: dict[tuple[_At, str], float] = {}
        todo = [(at, "", weight) for at, weight in place.ways]
        while todo:
            calls: dict[tuple[Net, str], dict[_At, float]] = {}
            while todo:
                at, begun, weight = todo.pop()
                if seen.get((at, begun), -math.inf) >= weight:
                    continue
                seen[at, begun] = weight
                if len(seen) > _MOST_STEPS:
                    raise FormatError(f"expected words that end, found more than can be listed, such as {begun!r}")
                node, callers = at
                if node.ends and callers is not None:
                    todo += [(back, begun, weight + more) for back, more in callers.returns]
                elif node.ends and begun:
                    _keep(words, begun, at, weight)
                elif node.ends:
                    ends.append(weight)
                for label, target, more in node.arcs:
                    if not isinstance(label, str):
                        _keep(calls, (label(), begun), (target, callers), weight + more)
                    elif label == BREAK and begun:
                        _keep(words, begun, (target, callers), weight + more)
                    else:
                        todo.append(((target, callers), begun + label.strip(), weight + more))
            # One net is gone through once for all that call it here, however many sentences have the same list.
            todo = [self._call(net, begun, returns) for (net, begun), returns in calls.items()]
        return Following({word: self._follow(ways) for word, ways in words.items()}, max(ends, default=None))

    def _call(self, net: Net, begun: str, returns: Mapping[_At, float]) -> tuple[_At, str, float]:
        best = max(returns.values())
        key = frozenset((at, weight - best) for at, weight in returns.items())
        return (net.start, self._callers.setdefault(key, _Callers(key))), begun, best

    def _follow(self, ways: Mapping[_At, float]) -> Follow:
        best = max(ways.values())
        return Follow(self._place({at: weight - best for at, weight in ways.items()}), best)


@dataclass(frozen=True, slots=True)
class _Bare:
    """Words that may follow a place by their letters and figures."""

    words: Mapping[str, Iterable[tuple[str, Place]]]
    lengths: list[int]


def _keep(found: dict[_Key, dict[_At, float]], key: _Key, at: _At, weight: float) -> None:
    """Keep the best weight with which a place is reached."""
    ways = found.setdefault(key, {})
    if ways.get(at, -math.inf) < weight:
        ways[at] = weight
