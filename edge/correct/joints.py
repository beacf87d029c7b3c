"""Mends the joint of two texts that were read apart though nobody paused between them: signs and a capital, no word.

Read on its own, each part of a sentence looks like a sentence: it ends with a full stop, and the next begins with a
capital. A language model tells which way of writing the joint is likeliest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .witnesses import LanguageModel

LEAST_NATS = 1.0
"""Nats by which another way of writing a joint must be likelier than the one that was read."""
HEAD_WORDS = 7
"""Words behind a joint that are shown to the language model: they tell whether the sentence goes on."""
_TAIL_WORDS = 40
"""Words before a joint that are shown to it."""

_SIGNS = re.compile(r"[.,;:!?…]+$")
_ALWAYS_LARGE = re.compile(r"I\b|.+[A-Z]")
"""First words that no sentence writes small: I, and those with capitals inside."""


@dataclass(frozen=True, slots=True)
class Joint:
    """A way of writing the signs before a joint, and the first word behind it."""

    signs: str
    first: str
    nats: float = 0.0
    """Nats by which it is likelier than what was read."""


def mend(before: str, behind: str, model: LanguageModel) -> Joint | None:
    """Find how the joint of two texts is better written; None where it stays as it was read.

    Whatever `model` raises goes through.
    """
    head = behind.split()[:HEAD_WORDS]
    kept = before.rstrip()
    signs = signs_of(kept)
    tail = kept[: len(kept) - len(signs)].split()[-_TAIL_WORDS:]
    if not head or not tail:
        return None
    as_read = Joint(signs, head[0])
    ways = [as_read, *(way for way in _ways(head[0]) if way != as_read)]
    scores = model.score([_written(tail, way, head[1:]) for way in ways])
    best = max(range(len(ways)), key=lambda at: scores[at])
    nats = scores[best] - scores[0]
    return Joint(ways[best].signs, ways[best].first, nats) if nats > LEAST_NATS else None


def signs_of(text: str) -> str:
    """Return the signs at the end of a text."""
    found = _SIGNS.search(text)
    return found.group() if found else ""


def _ways(first: str) -> Sequence[Joint]:
    """List ways of going on with a word in the middle of a sentence: names keep their capital."""
    small = first if _ALWAYS_LARGE.match(first) else first[:1].lower() + first[1:]
    return [Joint(signs, word) for signs in ("", ",") for word in dict.fromkeys((small, first))]


def _written(tail: Sequence[str], way: Joint, rest: Sequence[str]) -> str:
    return " ".join([*tail[:-1], tail[-1] + way.signs, way.first, *rest])
