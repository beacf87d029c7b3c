"""An engine that says what a test tells it to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.whisper.file.dims import WhisperDims
from edge.whisper.file.landmarks import Tail
from edge.whisper.tokens import Tokenizer

LogitsOf = Callable[[int, Sequence[int]], NDArray[np.float32]]
"""Logits (n_vocab,) after the tokens so far, in the n-th window that was encoded."""
ScriptOf = Callable[..., LogitsOf]
"""What the fixture `script` is: (tokenizer, *windows, margin=20.0, no_speech=0.01)."""


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real model fetches the detector of speech when a text is in doubt; not in tests."""
    monkeypatch.setenv("EDGEWISE_OFFLINE", "1")


@dataclass
class ScriptedState:
    """A few sequences; remembers what it was shown."""

    dims: WhisperDims
    logits_of: LogitsOf
    n_beams: int = 1
    beams: list[list[int]] = field(default_factory=list)
    """What each sequence holds; one that had no part in the last decode is shorter than the others."""
    n_past: int = 0
    encoded: list[NDArray[np.float32]] = field(default_factory=list)
    decoded: list[list[int]] = field(default_factory=list)
    """The tokens of each call, of the first sequence."""

    def encode(self, mel: NDArray[np.float32]) -> None:
        assert mel.dtype == np.float32
        assert mel.flags.c_contiguous
        assert mel.shape[0] % 2 == 0
        assert 0 < mel.shape[0] <= 2 * self.dims.n_audio_ctx
        assert mel.shape[1] == self.dims.n_mels
        self.encoded.append(mel.copy())
        self.beams = [[] for _ in range(self.n_beams)]
        self.n_past = 0

    def decode(
        self, tokens: NDArray[np.int32], *, last_only: bool = True, alignment: bool = False
    ) -> NDArray[np.float32]:
        assert tokens.dtype == np.int32
        assert 1 <= tokens.shape[0] <= self.n_beams
        assert self.encoded, "decode before encode"
        self.decoded.append(tokens[0].tolist())
        logits = []
        for beam, more in zip(self.beams, tokens.tolist(), strict=False):
            assert len(beam) == self.n_past, "a beam that had no part in the last decode"
            rows = []
            for token in more:
                beam.append(token)
                rows.append(self.logits_of(len(self.encoded) - 1, tuple(beam)))
            logits.append(np.stack(rows[-1:] if last_only else rows))
        self.n_past += tokens.shape[1]
        assert self.n_past <= self.dims.n_text_ctx, "more tokens than the decoder has positions"
        return np.stack(logits)

    def rewind(self, n_past: int) -> None:
        assert n_past <= self.n_past
        self.beams = [beam[:n_past] for beam in self.beams]
        self.n_past = n_past

    def reorder(self, parents: NDArray[np.int32]) -> None:
        assert parents.dtype == np.int32
        assert 1 <= len(parents) <= self.n_beams
        beams = [list(self.beams[parent]) for parent in parents]
        assert all(len(beam) == self.n_past for beam in beams), "a beam that had no part in the last decode"
        self.beams = beams + [[] for _ in range(self.n_beams - len(beams))]

    def encoder_output(self) -> NDArray[np.float32]:
        return np.zeros((self.dims.n_audio_ctx, self.dims.n_audio_state), np.float32)

    def alignment(self) -> NDArray[np.float32]:
        return np.zeros((1, 1, len(self.decoded[-1]), self.dims.n_audio_ctx), np.float32)


@dataclass
class ScriptedEngine:
    """Gives out states, and keeps the last one for a look."""

    dims: WhisperDims
    logits_of: LogitsOf
    tail: Tail | None = None
    n_alignment_heads: int = 1
    verifies_drafts: bool = True
    state: ScriptedState = field(init=False)

    def new_state(self, n_beams: int = 1) -> ScriptedState:
        self.state = ScriptedState(self.dims, self.logits_of, n_beams)
        return self.state


EngineOf = Callable[..., ScriptedEngine]
"""What the fixture `engine_of` is: (logits_of, n_vocab=51864)."""


@pytest.fixture(scope="session")
def engine_of(dims_of: Callable[[int], WhisperDims]) -> EngineOf:
    """An engine with the given logits function, for a vocabulary of the given size."""

    def make(logits_of: LogitsOf, n_vocab: int = 51864) -> ScriptedEngine:
        return ScriptedEngine(dims_of(n_vocab), logits_of)

    return make


@pytest.fixture(scope="session")
def script() -> ScriptOf:
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
