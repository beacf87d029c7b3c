"""Next-token probabilities, and how far some are from others."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Logits: TypeAlias = NDArray[np.float32]
"""Logits or logarithms of probabilities, (positions, vocabulary)."""


def log_softmax(logits: Logits) -> Logits:
    """Compute the logarithms of the probabilities, (positions, vocabulary)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log: Logits = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log


def divergences(log_p: Logits, log_q: Logits) -> NDArray[np.float64]:
    """Compute the Kullback-Leibler divergence of q from p at each position, in nats, (positions,)."""
    found: NDArray[np.float64] = (np.exp(log_p) * (log_p - log_q)).sum(axis=1, dtype=np.float64)
    return found
