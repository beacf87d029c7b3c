"""Turns an encoded window into tokens: the greedy search, and what all searches share."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ...arrays import FloatArray
from ...options import Task
from ..engines.protocol import State
from ..tokens import Tokenizer
from .rules import IdArray, TokenRules, pick_greedy, probability

_TOKENS_PER_SECOND = 40
"""Tokens in a second, more than anybody speaks in any language: where a letter takes three tokens, 13 letters."""

_SPARE_TOKENS = 32
"""Tokens on top of those, for timestamps, punctuation, and a word that is cut off."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Tokens that a window's decoding starts from."""

    tokens: tuple[int, ...]
    sot_index: int
    """Index of `<|startoftranscript|>` in `tokens`; earlier text may stand before it."""
    seconds: float | None = None
    """Seconds of the recording in the window, which bound how much can be spoken there; None for any amount."""
    draft: tuple[int, ...] = ()
    """Tokens that are likely to come next. A greedy search reads them in one call and keeps those that it would have
    taken itself, so that the result is the same."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds on how long a search may go on."""

    n_text_ctx: int
    """Number of the decoder's positions."""
    max_tokens: int | None = None
    """Most tokens of a window; at most half of the positions, which is also the default."""

    def most_tokens(self, prompt: Prompt) -> int:
        """Count the tokens that may follow a prompt.

        The last one is sampled but not fed back, so it needs no position.
        """
        most = min(self.max_tokens or self.n_text_ctx, self.n_text_ctx // 2)
        if prompt.seconds is not None:  # a search without an end stops sooner in less sound
            most = min(most, _SPARE_TOKENS + math.ceil(_TOKENS_PER_SECOND * prompt.seconds))
        return min(most, self.n_text_ctx - len(prompt.tokens) + 1)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A reading of a window."""

    tokens: tuple[int, ...]
    """Tokens without the final `<|endoftext|>`."""
    token_logprobs: tuple[float, ...]
    """Log-probability of each token, and of `<|endoftext|>` where it was reached."""
    score: float
    """Score by which the search ranks: higher is better."""
    watched: tuple[FloatArray, ...] = field(default=(), compare=False, repr=False)
    """Log-probabilities, in place of each token, of the tokens that the search was to watch."""

    @property
    def avg_logprob(self) -> float:
        """Mean log-probability as openai-whisper counts it: `<|endoftext|>` is one more token, reached or not."""
        return sum(self.token_logprobs) / (len(self.tokens) + 1)


@dataclass(frozen=True, slots=True)
class DecodedWindow:
    """The result of a search in one window."""

    tokens: tuple[int, ...]
    """Tokens without the final `<|endoftext|>`."""
    token_logprobs: tuple[float, ...]
    """Log-probability of each token, and of `<|endoftext|>` where it was reached."""
    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    temperature: float = 0.0
    score: float = 0.0
    """Score by which the search ranks: higher is better."""
    others: tuple[Hypothesis, ...] = ()
    """Other readings that the search found, the best first."""
    watched: tuple[FloatArray, ...] = field(default=(), compare=False, repr=False)
    """Log-probabilities of watched tokens, as in `Hypothesis`."""


Guess = Callable[[Sequence[int]], Sequence[int]]
"""Function that gives tokens which are likely to come after those of a text so far, or none. Like a draft, they change
nothing but the time."""


class WindowDecoder(Protocol):
    """A search, which takes a state whose window is encoded, and may decode it more than once."""

    def __call__(self, state: State, prompt: Prompt) -> DecodedWindow:
        """Decode the window from `prompt` on."""
        ...


def make_prompt(
    tokenizer: Tokenizer,
    n_text_ctx: int,
    *,
    language: str | None,
    task: Task = "transcribe",
    timestamps: bool = True,
    initial: Sequence[int] = (),
    previous: Sequence[int] = (),
    seconds: float | None = None,
) -> Prompt:
    """Make the start of a transcript; before it the `initial` tokens, and as many `previous` ones as fit.

    Half the context is for both, and only the last tokens of each are kept where they do not fit. `seconds` is how much
    of the recording the window holds.
    """
    start = tokenizer.sot_sequence(language, task)
    if not timestamps:
        start = (*start, tokenizer.no_timestamps)
    most = n_text_ctx // 2 - 1
    initial = initial[-most:]
    shown = (*initial, *previous[max(0, len(previous) - (most - len(initial))) :])
    before = (tokenizer.sot_prev, *shown) if shown else ()
    return Prompt((*before, *start), len(before), seconds)


class GreedyDecoder:
    """A search that takes the likeliest token that the rules allow, until the end or the bound."""

    def __init__(
        self, tokenizer: Tokenizer, rules: TokenRules, bounds: Bounds, *, watch: IdArray | None = None
    ) -> None:
        """Prepare a search.

        `watch` are tokens whose log-probabilities are kept for every step (`Hypothesis.watched`).
        """
        self._tokenizer = tokenizer
        self._rules = rules
        self._bounds = bounds
        self._watch = watch

    def __call__(self, state: State, prompt: Prompt, guess: Guess | None = None) -> DecodedWindow:
        """Decode one window after its prompt, with drafts that `guess` gives on the way."""
        n_max = self._bounds.most_tokens(prompt)
        draft = prompt.draft[: n_max - 1]
        rows, no_speech_prob = _start(state, prompt, draft, self._tokenizer.no_speech)
        first = 0  # token of the text that the first of the rows decides
        has_drafts = bool(draft)
        n_start = len(prompt.tokens)
        tokens: list[int] = []
        logprobs: list[float] = []
        watched: list[FloatArray] = []
        ended = False
        while len(tokens) < n_max:
            n_done = len(tokens)
            if n_done == first + len(rows):
                draft = () if guess is None else tuple(guess(tokens)[: n_max - n_done - 1])
                has_drafts, first = has_drafts or bool(draft), n_done
                rows = state.decode(np.array([[tokens[-1], *draft]], np.int32), last_only=not draft)[0]
            at = n_done - first
            logits = rows[at]
            allowed = self._rules.apply(logits, tokens)
            token, logprob = pick_greedy(allowed)
            logprobs.append(logprob)
            if self._watch is not None:
                watched.append(allowed[self._watch] + (logprob - allowed[token]))
            if token == self._tokenizer.eot:
                ended = True
                break
            if at + 1 < len(rows) and token != draft[at]:
                rows = rows[: at + 1]
                state.rewind(n_start + n_done)
            tokens.append(token)
        if has_drafts:  # what is left of it is forgotten; the last token before a bound is not fed back
            state.rewind(n_start + len(tokens) - (not ended))
        found = Hypothesis(tuple(tokens), tuple(logprobs), rank(sum(logprobs), len(tokens)), tuple(watched))
        return summarize(found, no_speech_prob, self._tokenizer)


def start_decoding(state: State, prompt: Prompt, no_speech: int) -> tuple[FloatArray, float]:
    """Decode the prompt; gives the logits (n_vocab,) after it, and the probability of silence at the start."""
    logits, no_speech_prob = _start(state, prompt, (), no_speech)
    return logits[0], no_speech_prob


def _start(state: State, prompt: Prompt, draft: tuple[int, ...], no_speech: int) -> tuple[FloatArray, float]:
    """Decode the prompt and a draft; gives the logits (1 + n_draft, n_vocab) from the end of the prompt on."""
    state.rewind(0)
    before, start = prompt.tokens[: prompt.sot_index], prompt.tokens[prompt.sot_index :]
    if before:
        state.decode(np.array([before], np.int32))
    logits = state.decode(np.array([[*start, *draft]], np.int32), last_only=False)[0]
    return logits[len(start) - 1 :], probability(logits[0], no_speech)


def summarize(
    best: Hypothesis,
    no_speech_prob: float,
    tokenizer: Tokenizer,
    temperature: float = 0.0,
    others: tuple[Hypothesis, ...] = (),
) -> DecodedWindow:
    """Put the reading of a window together with the measures that show whether to believe it."""
    text = tokenizer.decode(best.tokens).strip()
    return DecodedWindow(
        tokens=best.tokens,
        token_logprobs=best.token_logprobs,
        text=text,
        avg_logprob=best.avg_logprob,
        no_speech_prob=no_speech_prob,
        compression_ratio=compression_ratio(text),
        temperature=temperature,
        score=best.score,
        others=others,
        watched=best.watched,
    )


def rank(total: float, n_tokens: int, length_penalty: float | None = None) -> float:
    """Rank a text: its log-probability over its length, or over Google NMT's penalty (Wu et al. 2016, eq. 14)."""
    if length_penalty is None:
        return total / max(1, n_tokens)
    return float(total / ((5 + n_tokens) / 6) ** length_penalty)


def compression_ratio(text: str) -> float:
    """Compute the factor by which zlib shrinks a text; a text that repeats itself is above 2.4."""
    data = text.encode()
    return len(data) / len(zlib.compress(data))
