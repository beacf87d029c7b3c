"""One encoded window to tokens: the search over an engine's logits."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..tokens import Task, Tokenizer
from .protocol import FloatArray, State
from .rules import TokenRules, pick_greedy, probability


@dataclass(frozen=True, slots=True)
class Prompt:
    """The tokens that a window's decoding starts from."""

    tokens: tuple[int, ...]
    sot_index: int
    """Where `<|startoftranscript|>` stands; before it there may be earlier text."""


@dataclass(frozen=True, slots=True)
class DecodedWindow:
    """What the search found in one window."""

    tokens: tuple[int, ...]
    """Without the final `<|endoftext|>`."""
    token_logprobs: tuple[float, ...]
    """Log-probability of each token, and of `<|endoftext|>` where it was reached."""
    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    temperature: float = 0.0


class WindowDecoder(Protocol):
    """A search: takes a state whose window is encoded, and may decode it more than once."""

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
    previous: Sequence[int] = (),
) -> Prompt:
    """The start of a transcript, after as many of the `previous` tokens as half the context holds."""
    start = tokenizer.sot_sequence(language, task)
    if not timestamps:
        start = (*start, tokenizer.no_timestamps)
    n_previous = n_text_ctx // 2 - 1
    before = (tokenizer.sot_prev, *previous[-n_previous:]) if previous else ()
    return Prompt((*before, *start), len(before))


class GreedyDecoder:
    """Takes the likeliest token that the rules allow, until the end or the bound."""

    def __init__(self, tokenizer: Tokenizer, rules: TokenRules, n_text_ctx: int, max_tokens: int | None = None) -> None:
        self._tokenizer = tokenizer
        self._rules = rules
        self._n_text_ctx = n_text_ctx
        self._max_tokens = min(max_tokens or n_text_ctx, n_text_ctx // 2)
        self._step = np.empty((1, 1), np.int32)

    def __call__(self, state: State, prompt: Prompt) -> DecodedWindow:
        logits, no_speech_prob = start_decoding(state, prompt, self._tokenizer.no_speech)
        # The last token is sampled but not fed back, so it needs no position.
        n_max = min(self._max_tokens, self._n_text_ctx - len(prompt.tokens) + 1)
        tokens: list[int] = []
        logprobs: list[float] = []
        while len(tokens) < n_max:
            if tokens:
                self._step[0, 0] = tokens[-1]
                logits = state.decode(self._step)[0, -1]
            token, logprob = pick_greedy(self._rules.apply(logits, tokens))
            logprobs.append(logprob)
            if token == self._tokenizer.eot:
                break
            tokens.append(token)
        return summarize(tokens, logprobs, no_speech_prob, self._tokenizer)


def start_decoding(state: State, prompt: Prompt, no_speech: int) -> tuple[FloatArray, float]:
    """Decode the prompt: the logits (n_vocab,) after it, and the probability of silence at the start."""
    state.rewind(0)
    before, start = prompt.tokens[: prompt.sot_index], prompt.tokens[prompt.sot_index :]
    if before:
        state.decode(np.array([before], np.int32))
    logits = state.decode(np.array([start], np.int32), last_only=False)
    return logits[0, -1], probability(logits[0, 0], no_speech)


def summarize(
    tokens: Sequence[int],
    logprobs: Sequence[float],
    no_speech_prob: float,
    tokenizer: Tokenizer,
    temperature: float = 0.0,
) -> DecodedWindow:
    """Put the tokens of a window together with the measures that tell whether to believe them."""
    text = tokenizer.decode(tokens).strip()
    return DecodedWindow(
        tokens=tuple(tokens),
        token_logprobs=tuple(logprobs),
        text=text,
        # As openai-whisper counts: <|endoftext|> is one more token, reached or not.
        avg_logprob=sum(logprobs) / (len(tokens) + 1),
        no_speech_prob=no_speech_prob,
        compression_ratio=compression_ratio(text),
        temperature=temperature,
    )


def compression_ratio(text: str) -> float:
    """How much zlib saves on a text: text that repeats itself is above 2.4."""
    data = text.encode()
    return len(data) / len(zlib.compress(data))
