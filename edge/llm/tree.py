"""Lays out texts that share beginnings as a tree, so that each token is computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import IntArray


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes in preorder, and what is asked of them."""

    tokens: IntArray
    positions: IntArray
    rows: IntArray
    """Nodes after which a target is looked up, ascending."""
    targets: IntArray
    paths: tuple[tuple[int, ...], ...]
    """Indices into `targets` of each text's tokens, in the order in which the texts were given."""


def build_tree(texts: Sequence[Sequence[int]], first: int, asked: int) -> Tree:
    """Lay out texts from position `first` on; asked for is each token that has `asked` or more before it in its text.

    A text needs a token more than `asked`; its last one is a target only.
    """
    tokens: list[int] = []
    positions: list[int] = []
    wanted: dict[tuple[int, int], int] = {}
    path: list[int] = []
    before: tuple[int, ...] = ()
    found: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for text in sorted({tuple(text) for text in texts}):
        inner = text[:-1]
        shared = 0
        while shared < min(len(inner), len(before)) and inner[shared] == before[shared]:
            shared += 1
        del path[shared:]
        for depth in range(shared, len(inner)):
            path.append(len(tokens))
            tokens.append(inner[depth])
            positions.append(first + depth)
        before = inner[: len(path)]
        found[text] = [(path[at - 1], text[at]) for at in range(asked, len(text))]
        wanted |= dict.fromkeys(found[text], 0)
    order = {pair: at for at, pair in enumerate(sorted(wanted))}
    pairs = np.array(list(order), np.int32).reshape(-1, 2)
    return Tree(
        np.array(tokens, np.int32),
        np.array(positions, np.int32),
        np.ascontiguousarray(pairs[:, 0]),
        np.ascontiguousarray(pairs[:, 1]),
        tuple(tuple(order[pair] for pair in found[tuple(text)]) for text in texts),
    )
