"""Where the time of one recording went, as an engine tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parts:
    """Times of the parts of a transcription, and how much work they were."""

    features_s: float
    encode_s: float
    """Seconds of the encoder, the keys and values of the decoder's cross-attention included."""
    decode_s: float
    """Seconds of the decoder, the vocabulary projection and the search over it."""
    n_windows: int
    n_tokens: int
    """Number of all tokens that were decoded."""
    n_second_looks: int = 0
    """Number of windows that were decoded again in full context."""
