"""Parts of a loaded model that readers of sound share."""

from __future__ import annotations

from typing import Protocol

from ..arrays import FloatArray
from ..options import TranscribeOptions
from .engines.protocol import Engine
from .search.rules import TokenRules
from .tokens import Tokenizer, default_suppress_tokens


class Parts(Protocol):
    """The parts of a loaded model that a session uses."""

    @property
    def engine(self) -> Engine:
        """Engine that runs the model."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """Tokenizer of the model's vocabulary."""
        ...

    @property
    def mel_filters(self) -> FloatArray:
        """Mel filter bank, (n_mels, n_bins)."""
        ...

    @property
    def suppress_tokens(self) -> tuple[int, ...]:
        """Tokens that are never sampled; empty for openai-whisper's own list."""
        ...

    @property
    def suppress_begin(self) -> tuple[int, ...]:
        """Tokens that are not sampled first; empty for openai-whisper's own list."""
        ...

    @property
    def attention_lead(self) -> int:
        """Positions by which the attention of the alignment heads is ahead of the speech."""
        ...


def rules_of(model: Parts, options: TranscribeOptions, *, timestamps: bool | None = None) -> TokenRules:
    """Make the rules of decoding; `timestamps` overrides the option."""
    return TokenRules(
        model.tokenizer,
        # A file without the list means openai-whisper's.
        suppress_tokens=options.suppressed(model.suppress_tokens or default_suppress_tokens(model.tokenizer)),
        suppress_begin=model.suppress_begin or None,
        timestamps=options.timestamps if timestamps is None else timestamps,
        max_initial_timestamp=options.max_initial_timestamp,
    )
