"""Searches with beams, or draws samples, over several sequences that an engine decodes in one call.

Both follow openai-whisper's `decoding.py`: the same candidates, the same end, the same ranking.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from ... import ops
from ...arrays import FloatArray
from ...errors import KernelError
from ..engines.protocol import State
from ..tokens import Tokenizer
from .greedy import Bounds, DecodedWindow, Hypothesis, Prompt, rank, start_decoding, summarize
from .rules import NO_NUMBER, IdArray, TokenRules, top_tokens


@dataclass(frozen=True, slots=True)
class _Sequence:
    """Tokens found so far, and how likely they are."""

    tokens: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    total: float = 0.0
    """Sum of the log-probabilities."""
    watched: tuple[FloatArray, ...] = ()
    """Log-probabilities of watched tokens, as in `Hypothesis`."""

    def then(self, token: int, logprob: float, seen: Sequence[FloatArray] = ()) -> _Sequence:
        logprobs, watched = (*self.logprobs, logprob), (*self.watched, *seen)
        return _Sequence((*self.tokens, token), logprobs, self.total + logprob, watched)

    def ends(self, logprob: float) -> _Sequence:
        """Add the log-probability of `<|endoftext|>`, which is not a token of the text."""
        return _Sequence(self.tokens, (*self.logprobs, logprob), self.total + logprob, self.watched)


class _Candidate(NamedTuple):
    """A sequence and a token that may follow it."""

    total: float
    parent: int
    token: int
    logprob: float


class BeamDecoder:
    """A search that follows the `beam_size` likeliest sequences until enough of them have ended, and takes the best."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        rules: TokenRules,
        bounds: Bounds,
        *,
        beam_size: int,
        patience: float = 1.0,
        length_penalty: float | None = None,
        watch: IdArray | None = None,
    ) -> None:
        """Prepare a search for one model and one set of options.

        The search ends when `beam_size` times `patience` (Kasai et al. 2022) sequences have ended; `length_penalty` is
        that of `rank`. `watch` are tokens whose log-probabilities are kept for every step (`Hypothesis.watched`).
        """
        self._tokenizer = tokenizer
        self._rules = rules
        self._bounds = bounds
        self._beam_size = beam_size
        self._n_wanted = max(1, round(beam_size * patience))
        self._length_penalty = length_penalty
        self._watch = watch

    def __call__(self, state: State, prompt: Prompt) -> DecodedWindow:
        """Decode one window after its prompt."""
        logits, no_speech_prob = start_decoding(state, prompt, self._tokenizer.no_speech)
        rows = logits[None]
        live, ended = [_Sequence()], list[_Sequence]()
        for n_tokens in range(1, self._bounds.most_tokens(prompt) + 1):
            live, parents = self._advance(rows, live, ended)
            if len(ended) >= self._n_wanted or not live:
                break
            if n_tokens < self._bounds.most_tokens(prompt):  # the last token is not fed back
                rows = _decode_next(state, live, parents)
        if len(ended) < self._n_wanted:  # stopped by the bound
            ended += live[: max(0, self._beam_size - len(ended))]
        return summarize_all(ended, no_speech_prob, self._tokenizer, self._length_penalty)

    def _advance(
        self, rows: FloatArray, live: Sequence[_Sequence], ended: list[_Sequence]
    ) -> tuple[list[_Sequence], list[int]]:
        """Find the best sequences one token on, the best first, and the parent of each; `ended` gets those that end."""
        candidates: list[_Candidate] = []
        seen: list[tuple[FloatArray, ...]] = []
        for parent, (row, sequence) in enumerate(zip(rows, live, strict=True)):
            if self._are_better(candidates, sequence.total):
                break  # no sequence gets likelier by going on, and later ones are less likely still
            self._rules.mask(row, sequence.tokens)
            best = likeliest(row, self._beam_size + 1)
            for token, logprob in best:
                candidates.append(_Candidate(sequence.total + logprob, parent, token, logprob))
            seen.append(() if self._watch is None else (_logprobs(row, self._watch, *best[0]),))
        candidates.sort(key=attrgetter("total"), reverse=True)  # stable: a tie goes to the better parent
        following: list[_Sequence] = []
        parents: list[int] = []
        for candidate in candidates:
            sequence = live[candidate.parent]
            if candidate.token != self._tokenizer.eot:
                following.append(sequence.then(candidate.token, candidate.logprob, seen[candidate.parent]))
                parents.append(candidate.parent)
                if len(following) == self._beam_size:
                    break
            elif len(ended) < self._n_wanted:
                ended.append(sequence.ends(candidate.logprob))
        return following, parents

    def _are_better(self, candidates: Sequence[_Candidate], total: float) -> bool:
        """Whether the candidates fill the beam with sequences likelier than `total`."""
        eot = self._tokenizer.eot
        n_better = sum(candidate.total > total and candidate.token != eot for candidate in candidates)
        return n_better >= self._beam_size


class SampleDecoder:
    """A search that draws each token by its probability, in several sequences, and takes the likeliest of them."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        rules: TokenRules,
        bounds: Bounds,
        *,
        best_of: int = 1,
        length_penalty: float | None = None,
    ) -> None:
        """Prepare to draw `best_of` sequences for each window."""
        self._tokenizer = tokenizer
        self._rules = rules
        self._bounds = bounds
        self._best_of = best_of
        self._length_penalty = length_penalty

    def __call__(self, state: State, prompt: Prompt, temperature: float, random: np.random.Generator) -> DecodedWindow:
        """Decode the window from `prompt` on; `temperature` > 0 divides the logits that are drawn from."""
        logits, no_speech_prob = start_decoding(state, prompt, self._tokenizer.no_speech)
        rows = np.repeat(logits[None], self._best_of, axis=0)
        live, ended = [_Sequence()] * self._best_of, list[_Sequence]()
        for n_tokens in range(1, self._bounds.most_tokens(prompt) + 1):
            following: list[_Sequence] = []
            parents: list[int] = []
            for parent, (row, sequence) in enumerate(zip(rows, live, strict=True)):
                self._rules.mask(row, sequence.tokens)
                token, logprob = draw(row, temperature, random)
                if token == self._tokenizer.eot:
                    ended.append(sequence.ends(logprob))
                else:
                    following.append(sequence.then(token, logprob))
                    parents.append(parent if n_tokens > 1 else 0)  # only one sequence was decoded at first
            live = following
            if not live:
                break
            if n_tokens < self._bounds.most_tokens(prompt):
                rows = _decode_next(state, live, parents)
        return summarize_all([*ended, *live], no_speech_prob, self._tokenizer, self._length_penalty, temperature)


def summarize_all(
    sequences: Sequence[_Sequence],
    no_speech_prob: float,
    tokenizer: Tokenizer,
    length_penalty: float | None,
    temperature: float = 0.0,
) -> DecodedWindow:
    """Summarize the best sequence by `rank`, the earlier of two that are equal, with the others after it."""
    found = [
        Hypothesis(one.tokens, one.logprobs, rank(one.total, len(one.tokens), length_penalty), one.watched)
        for one in sequences
    ]
    best, *others = sorted(found, key=lambda hypothesis: -hypothesis.score)
    return summarize(best, no_speech_prob, tokenizer, temperature, tuple(others))


def likeliest(masked: FloatArray, n: int) -> list[tuple[int, float]]:
    """Find the n likeliest tokens that masked logits (n_vocab,) allow, with their log-probabilities.

    There are fewer where fewer are allowed.
    """
    tokens = top_tokens(masked, n)
    log_total = _log_sum_exp(masked)
    return [(token, value - log_total) for token, value in zip(tokens.tolist(), masked[tokens].tolist(), strict=True)]


def _logprobs(masked: FloatArray, tokens: IdArray, token: int, logprob: float) -> FloatArray:
    """Give the log-probabilities of tokens by masked logits (n_vocab,), given that of one of them."""
    found: FloatArray = masked[tokens] + np.float32(logprob - float(masked[token]))
    return found


def draw(masked: FloatArray, temperature: float, random: np.random.Generator) -> tuple[int, float]:
    """Draw a token by the softmax of masked logits (n_vocab,) over `temperature`.

    Its log-probability is given without the temperature.
    """
    log_total = _log_sum_exp(masked)
    weights = np.exp((masked - masked.max()) / np.float32(temperature))
    sums = np.cumsum(weights, dtype=np.float64)
    # The number is above 0 and at most the whole sum, so that a token of weight 0 is never drawn.
    token = int(np.searchsorted(sums, (1.0 - random.random()) * sums[-1]))
    return token, float(masked[token]) - log_total


def _log_sum_exp(masked: FloatArray) -> float:
    best = float(masked.max())
    if not math.isfinite(best):
        raise KernelError(NO_NUMBER)
    return best + math.log(ops.sum_exp(masked, best))


def _decode_next(state: State, live: Sequence[_Sequence], parents: Sequence[int]) -> FloatArray:
    """Decode the last token of each sequence, and give the logits (b, n_vocab) after it."""
    state.reorder(np.array(parents, np.int32))
    return state.decode(np.array([[sequence.tokens[-1]] for sequence in live], np.int32))[:, -1]
