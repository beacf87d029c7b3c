"""Searches among listed texts alone: a beam search along a prefix tree of tokens.

Each token is as likely as among all tokens, so that what is found compares with a reading that was free to say
anything. Of the ways to write the same words only those go on that are nearly as likely as the likeliest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple, Protocol

import numpy as np

from ... import ops
from ...arrays import FloatArray
from ...errors import KernelError
from ..engines.protocol import State
from ..tokens import Tokenizer
from .greedy import Prompt, start_decoding
from .rules import NO_NUMBER, IdArray, TokenRules

_WIDTH = 8.0
"""Nats by which a beginning may be less likely than the best one and still be followed."""


_AS_WELL = 3.0
"""Nats by which a way to write the same words may be less likely than one that was followed before."""

_FEW, _MOST_GUESSED = 5, 4
"""Tokens among which the first is worth a guess, and those that are guessed at once: a wrong one costs a seventh of
what a right one saves."""

_SIGNS = re.compile(r"[\W_]+")


class Branch(Protocol):
    """A branch of a prefix tree."""

    @property
    def tokens(self) -> IdArray:
        """Tokens that may come next, the end of the text among them, and what is likely before what is not."""
        ...

    @property
    def bonuses(self) -> FloatArray:
        """Nats that each token is likelier for what is known of the texts, at most 0."""
        ...

    def after(self, token: int) -> Branch:
        """Give the branch behind one of its tokens."""
        ...

    def known(self, token: int) -> Branch | None:
        """Give the branch behind a token if it was given before; None where it was not, or where no text goes on so."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """A listed text that was found."""

    tokens: tuple[int, ...]
    total: float
    """Log-probability of its tokens and of the end of the text."""
    score: float
    """Score by which the search ranks: with the bonuses."""


class Way(NamedTuple):
    """The beginning of a listed text."""

    tokens: tuple[int, ...]
    total: float
    """Log-probability of the tokens."""
    score: float
    """The same with the bonuses."""
    branch: Branch
    """Branch that comes next."""


class _Step(NamedTuple):
    score: float
    total: float
    parent: int
    token: int


def begin(root: Branch, tokens: Sequence[int], logprobs: Sequence[float]) -> Iterator[Way]:
    """Follow tokens along a tree as far as they are on it; gives each beginning, the empty one first."""
    way = Way((), 0.0, 0.0, root)
    yield way
    for token, logprob in zip(tokens, logprobs, strict=False):
        at = np.flatnonzero(way.branch.tokens == token)
        if not len(at):
            return
        score = way.score + logprob + float(way.branch.bonuses[at[0]])
        way = Way((*way.tokens, token), way.total + logprob, score, way.branch.after(token))
        yield way


class Ahead:
    """A guess at the tokens that come next, for a reading that is free: where few may follow in a tree, its first."""

    def __init__(self, root: Branch, end: int) -> None:
        self._branch: Branch | None = root
        self._n_followed = 0
        self._end = end

    def __call__(self, tokens: Sequence[int]) -> list[int]:
        """Guess what comes after tokens, which begin with those of the call before; branches not yet made have none."""
        for token in tokens[self._n_followed :]:
            self._branch = None if self._branch is None else self._branch.known(token)
        self._n_followed = len(tokens)
        branch, found = self._branch, list[int]()
        while branch is not None and 0 < len(branch.tokens) <= _FEW and len(found) < _MOST_GUESSED:
            token = int(branch.tokens[0])
            if token == self._end:
                break
            found.append(token)
            branch = branch.known(token)
        return found


class ClosedDecoder:
    """A search that follows the likeliest beginnings of listed texts until no other can be likelier than what ended."""

    def __init__(self, tokenizer: Tokenizer, rules: TokenRules, n_text_ctx: int, *, beam_size: int) -> None:
        self._tokenizer = tokenizer
        self._rules = rules
        self._n_text_ctx = n_text_ctx
        self._beam_size = beam_size

    def __call__(self, state: State, prompt: Prompt, begun: Way, least: float = -math.inf) -> list[Listed]:
        """Find the likeliest texts after a prompt, the best first; none that scores below `least`.

        They begin as `begun` does, whose tokens the state has to hold after the prompt.
        """
        if begun.tokens:
            state.rewind(len(prompt.tokens) + len(begun.tokens) - 1)
            rows = state.decode(np.array([begun.tokens[-1:]], np.int32))[:, -1]
        else:
            rows = start_decoding(state, prompt, self._tokenizer.no_speech)[0][None]
        live, ended, reached = [begun], list[Listed](), dict[str, float]()
        for _ in range(len(begun.tokens), self._n_text_ctx - len(prompt.tokens)):
            live, parents = self._advance(rows, live, ended, reached, least)
            if not live or (ended and max(one.score for one in ended) >= live[0].score):
                break
            state.reorder(np.array(parents, np.int32))
            rows = state.decode(np.array([[way.tokens[-1]] for way in live], np.int32))[:, -1]
        return self._best_of_each(ended)

    def _advance(
        self, rows: FloatArray, live: Sequence[Way], ended: list[Listed], reached: dict[str, float], least: float
    ) -> tuple[list[Way], list[int]]:
        """Find the best beginnings one token on, and the parent of each; `ended` gets the texts that end.

        `reached` holds the best score of each beginning, in letters alone.
        """
        steps = [
            step
            for parent, (row, way) in enumerate(zip(rows, live, strict=True))
            for step in self._steps(row, way, parent)
        ]
        steps.sort(key=attrgetter("score"), reverse=True)
        following: list[Way] = []
        parents: list[int] = []
        known: set[tuple[int, str]] = set()
        for step in steps:
            if step.score < max(least, steps[0].score - _WIDTH) or len(following) == self._beam_size:
                break
            way = live[step.parent]
            if step.token == self._tokenizer.eot:
                ended.append(Listed(way.tokens, step.total, step.score))
                continue
            tokens = (*way.tokens, step.token)
            branch = way.branch.after(step.token)
            letters = self._letters(tokens)
            if (id(branch), letters) not in known and step.score > reached.get(letters, -math.inf) - _AS_WELL:
                known.add((id(branch), letters))
                reached[letters] = max(step.score, reached.get(letters, -math.inf))
                following.append(Way(tokens, step.total, step.score, branch))
                parents.append(step.parent)
        return following, parents

    def _steps(self, row: FloatArray, way: Way, parent: int) -> list[_Step]:
        """Find the likeliest tokens that the tree allows after a beginning."""
        self._rules.mask(row, way.tokens)
        best = float(row.max())
        if not math.isfinite(best):
            raise KernelError(NO_NUMBER)
        offset = best + math.log(ops.sum_exp(row, best))
        tokens, bonuses = way.branch.tokens, way.branch.bonuses
        logprobs = row[tokens] - np.float32(offset)
        scores = logprobs + bonuses
        kept = np.flatnonzero(scores > scores.max(initial=-np.inf) - _WIDTH)
        if len(kept) > 2 * self._beam_size:
            kept = np.argsort(-scores, kind="stable")[: 2 * self._beam_size]
        return [
            _Step(way.score + float(scores[at]), way.total + float(logprobs[at]), parent, int(tokens[at]))
            for at in kept
        ]

    def _letters(self, tokens: Sequence[int]) -> str:
        return _SIGNS.sub("", self._tokenizer.decode(tokens)).casefold()

    def _best_of_each(self, ended: Sequence[Listed]) -> list[Listed]:
        """Keep the likeliest way to write each text, the best first."""
        found: dict[str, Listed] = {}
        for one in sorted(ended, key=attrgetter("score"), reverse=True):
            found.setdefault(self._letters(one.tokens), one)
        return [*found.values()]
