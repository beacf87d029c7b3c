"""What a language model is made of, whichever engine runs it: facts of its file, a tokenizer, texts in progress."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from ..arrays import FloatArray, IntArray


class Tokenizer(Protocol):
    """An encoder and decoder of text."""

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        """Encode a text as token ids; with `special`, names such as <|im_end|> become the tokens that they name."""
        ...

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """Join the bytes of tokens; a single one may hold part of a character."""
        ...


class Facts(Protocol):
    """What is known of a model file besides its weights."""

    @property
    def path(self) -> Path:
        """Place of the file."""
        ...

    @property
    def name(self) -> str:
        """Name that the file gives the model."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """Tokenizer of the file."""
        ...

    @property
    def start(self) -> int:
        """Token that a text begins with."""
        ...

    @property
    def ends(self) -> tuple[int, ...]:
        """Tokens at which a text or an answer ends, the file's own first."""
        ...

    @property
    def chat_template(self) -> str | None:
        """Jinja template that writes a conversation as a prompt."""
        ...


class TextState(Protocol):
    """A text in progress."""

    @property
    def n_past(self) -> int:
        """Number of positions filled so far."""
        ...

    def read(self, tokens: list[int]) -> FloatArray:
        """Append tokens; gives the logits of what comes next, (n_vocab,), valid until the next call."""
        ...

    def read_all(self, tokens: list[int]) -> FloatArray:
        """Append tokens; gives the logits after each, (n, n_vocab)."""
        ...

    def score(self, tokens: IntArray, positions: IntArray, rows: IntArray, targets: IntArray) -> FloatArray:
        """Read a tree in preorder, and give the log-probability of each target after the token at its row."""
        ...

    def rewind(self, n_past: int) -> None:
        """Forget the positions from `n_past` on."""
        ...

    def drop(self, first: int, n: int) -> None:
        """Forget `n` positions from `first` on; those after them move up."""
        ...


class Engine(Protocol):
    """The weights of a model, ready to run. Threads may share it."""

    @property
    def n_ctx(self) -> int:
        """Most tokens that a text in progress holds."""
        ...

    @property
    def precision(self) -> str:
        """Precision at which the weights are kept."""
        ...

    @property
    def is_exact(self) -> bool:
        """Whether a token gets the same logits, to the last bit, with others in a call as alone."""
        ...

    def new_state(self) -> TextState:
        """Make a text in progress, which is empty."""
        ...
