"""An engine that says what a test tells it to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.format.tail import Tail
from edge.format.whisper import WhisperDims
from edge.tokens import Tokenizer

LogitsOf = Callable[[int, Sequence[int]], NDArray[np.float32]]
"""Logits (n_vocab,) after the tokens so far, in the n-th window that was encoded."""


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real model fetches the detector of speech when a text is in doubt; not in tests."""
    monkeypatch.setenv("EDGEWISE_OFFLINE", "1")


@dataclass
class ScriptedState:
    """One sequence; remembers what it was shown."""

    dims: WhisperDims
    logits_of: LogitsOf
    tokens: list[int] = field(default_factory=list)
    encoded: list[NDArray[np.float32]] = field(default_factory=list)
    decoded: list[list[int]] = field(default_factory=list)

    @property
    def n_past(self) -> int:
        return len(self.tokens)

    def encode(self, mel: NDArray[np.float32]) -> None:
        assert mel.dtype == np.float32
        assert mel.flags.c_contiguous
        assert mel.shape[0] % 2 == 0
        assert 0 < mel.shape[0] <= 2 * self.dims.n_audio_ctx
        assert mel.shape[1] == self.dims.n_mels
        self.encoded.append(mel.copy())
        self.tokens.clear()

    def decode(
        self, tokens: NDArray[np.int32], *, last_only: bool = True, alignment: bool = False
    ) -> NDArray[np.float32]:
        assert tokens.dtype == np.int32
        assert tokens.shape[0] == 1
        assert self.encoded, "decode before encode"
        self.decoded.append(tokens[0].tolist())
        rows = []
        for token in tokens[0].tolist():
            self.tokens.append(token)
            rows.append(self.logits_of(len(self.encoded) - 1, tuple(self.tokens)))
        assert len(self.tokens) <= self.dims.n_text_ctx, "more tokens than the decoder has positions"
        return np.stack(rows[-1:] if last_only else rows)[None]

    def rewind(self, n_past: int) -> None:
        del self.tokens[n_past:]

    def reorder(self, parents: NDArray[np.int32]) -> None:
        assert parents.tolist() == [0]

    def encoder_output(self) -> NDArray[np.float32]:
        return np.zeros((self.dims.n_audio_ctx, self.dims.n_audio_state), np.float32)

    def alignment(self) -> NDArray[np.float32]:
        return np.zeros((1, 1, 1, self.dims.n_audio_ctx), np.float32)


@dataclass
class ScriptedEngine:
    """Gives out states, and keeps the last one for a look."""

    dims: WhisperDims
    logits_of: LogitsOf
    tail: Tail | None = None
    state: ScriptedState | None = None

    def new_state(self, n_beams: int = 1) -> ScriptedState:
        assert n_beams == 1
        self.state = ScriptedState(self.dims, self.logits_of)
        return self.state


@pytest.fixture
def engine_of(dims_of: Callable[[int], WhisperDims]) -> Callable[..., ScriptedEngine]:
    """An engine with the given logits function, for a vocabulary of the given size."""

    def make(logits_of: LogitsOf, n_vocab: int = 51864) -> ScriptedEngine:
        return ScriptedEngine(dims_of(n_vocab), logits_of)

    return make


@pytest.fixture
def script() -> Callable[..., LogitsOf]:
    """Logits under which greedy search writes the given tokens, one list a window, then ends it.

    The last list holds for all windows after it. A small `margin` makes the search unsure; `no_speech` is
    the probability of silence at the start.
    """

    def make(tokenizer: Tokenizer, *windows: Sequence[int], margin: float = 20.0, no_speech: float = 0.01) -> LogitsOf:
        def logits_of(window: int, tokens: Sequence[int]) -> NDArray[np.float32]:
            wanted = [*windows[min(window, len(windows) - 1)], tokenizer.eot]
            # The text begins after the last token of the prompt: special, but no timestamp.
            special = [tokenizer.sot <= token < tokenizer.timestamp_begin for token in tokens]
            n_written = special[::-1].index(True)
            logits = np.zeros(tokenizer.n_vocab, np.float32)
            logits[wanted[n_written] if n_written < len(wanted) else tokenizer.eot] = margin
            odds = no_speech / (1 - no_speech)
            logits[tokenizer.no_speech] = np.log(odds * (np.exp(logits).sum() - 1))
            return logits

        return logits_of

    return make
