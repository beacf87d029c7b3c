"""Hears a segment of a window again: other readings of it, and how likely given texts are.

The texts of the segments before it are shown to the decoder as they were read, and the segment ends where the model
would write a timestamp or the end of the text: all of these together are the sign of its end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ... import ops
from ...arrays import FloatArray, IntArray
from ..engines.protocol import State
from ..file.dims import WhisperDims
from ..search.beam import BeamDecoder
from ..search.greedy import Bounds, Prompt
from ..search.rules import TokenRules
from ..tokens import Tokenizer

_SPARE_TOKENS = 8
"""Tokens by which another reading may be longer than what it begins with and the text that was read."""


class Hearing:
    """A model that listens to a segment; its state holds the encoding of the window, and loses what it decoded."""

    def __init__(
        self, state: State, dims: WhisperDims, tokenizer: Tokenizer, rules: TokenRules, context: Sequence[int]
    ) -> None:
        """Turn to the segment that follows the tokens `context`: a prompt, and what was read in the window before."""
        self._state = _Ending(state, tokenizer)
        self._dims = dims
        self.tokenizer = self._tokenizer = tokenizer
        self._rules = rules
        self._context = tuple(context)

    def readings(self, begun: str, rest: str, n_beams: int) -> list[tuple[str, float]]:
        """Find up to `n_beams` likeliest texts that begin with `begun`, with their scores, the best first.

        `rest` is what was read after it, whose length tells how far to search.
        """
        start = self._tokenizer.encode(begun)
        tokens = (*self._context, *start)
        bounds = Bounds(self._dims.n_text_ctx, len(self._tokenizer.encode(rest)) + _SPARE_TOKENS)
        if bounds.max_tokens is None or len(tokens) + bounds.max_tokens > self._dims.n_text_ctx:
            return []
        search = BeamDecoder(self._tokenizer, self._rules, bounds, beam_size=n_beams)
        found = search(self._state, Prompt(tokens, len(tokens) - 1))
        texts = [found.tokens, *(other.tokens for other in found.others)]
        scores = [found.score, *(other.score for other in found.others)]
        return [(begun + self._tokenizer.decode(each), score) for each, score in zip(texts, scores, strict=True)]

    def score(self, texts: Sequence[str], n_rows: int) -> list[float] | None:
        """Compute the log-probability of each text as the whole segment, without the tokens with which all begin.

        Returns None where a text is too long. `n_rows` texts are decoded at once, as many as the state has beams.
        """
        rows = [[*self._tokenizer.encode(text), self._tokenizer.eot] for text in texts]
        if len(self._context) + max(map(len, rows)) > self._dims.n_text_ctx:
            return None
        n_shared = _count_shared(rows)
        known = [*self._context, *rows[0][:n_shared]]
        self._state.rewind(0)
        first = self._state.decode(np.array([known], np.int32))[0, -1].copy()
        totals = []
        for at in range(0, len(rows), n_rows):
            some = [row[n_shared:] for row in rows[at : at + n_rows]]
            totals += self._totals(some, first, len(known))
        return totals

    def token_logprobs(self, text: str) -> tuple[list[int], list[float]]:
        """Encode a text as the whole segment; gives its tokens, and the log-probability of each."""
        tokens = self._tokenizer.encode(text)
        self._state.rewind(0)
        self._state.decode(np.array([self._context[:-1]], np.int32))
        logits = self._state.decode(np.array([[self._context[-1], *tokens]], np.int32), last_only=False)[0]
        return tokens, [_logprob(row, token) for row, token in zip(logits, tokens, strict=False)]

    def _totals(self, rows: Sequence[Sequence[int]], first: FloatArray, n_past: int) -> list[float]:
        """Sum the log-probabilities of rows of tokens after the shared ones; `first` are the logits in front of all."""
        width = max(map(len, rows)) - 1
        logits: FloatArray | None = None
        if width:
            fed = np.full((len(rows), width), self._tokenizer.eot, np.int32)
            for line, row in zip(fed, rows, strict=True):
                line[: len(row) - 1] = row[:-1]
            self._state.rewind(n_past)
            self._state.reorder(np.zeros(len(rows), np.int32))
            logits = self._state.decode(fed, last_only=False)
        totals = []
        for number, row in enumerate(rows):
            later = zip(row[1:], () if logits is None else logits[number], strict=False)
            totals.append(_logprob(first, row[0]) + sum(_logprob(of_token, token) for token, of_token in later))
        return totals


class _Ending:
    """A state in which the timestamps and the end of the text are one token."""

    def __init__(self, state: State, tokenizer: Tokenizer) -> None:
        self._state = state
        self._tokenizer = tokenizer
        self.rewind, self.reorder, self.encode = state.rewind, state.reorder, state.encode
        self.encoder_output, self.alignment = state.encoder_output, state.alignment

    @property
    def n_past(self) -> int:
        return self._state.n_past

    def decode(self, tokens: IntArray, *, last_only: bool = True, alignment: bool = False) -> FloatArray:
        logits = self._state.decode(tokens, last_only=last_only, alignment=alignment)
        eot, begin = self._tokenizer.eot, self._tokenizer.timestamp_begin
        for rows in logits:
            for row in rows:
                ends = np.append(row[begin:], row[eot])
                best = float(ends.max())
                row[eot] = best + math.log(ops.sum_exp(ends, best))
                row[begin:] = -np.inf
        return logits


def _count_shared(rows: Sequence[Sequence[int]]) -> int:
    """Count the tokens with which all rows begin, at least one less than the shortest has."""
    shortest = min(map(len, rows)) - 1
    return next((at for at in range(shortest) if len({row[at] for row in rows}) > 1), shortest)


def _logprob(logits: FloatArray, token: int) -> float:
    best = float(logits.max())
    return float(logits[token]) - best - math.log(ops.sum_exp(logits, best))
