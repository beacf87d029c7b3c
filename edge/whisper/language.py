"""Which language is spoken: what a multilingual model expects after `<|startoftranscript|>`."""

from __future__ import annotations

import numpy as np

from ..tokens import Tokenizer
from .protocol import State


def detect_language(state: State, tokenizer: Tokenizer) -> dict[str, float]:
    """Probability of each language code for the encoded window, the likeliest first."""
    state.rewind(0)
    logits = state.decode(np.array([[tokenizer.sot]], np.int32))[0, -1]
    first = tokenizer.first_language
    scores = logits[first : first + len(tokenizer.languages)]
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    order = np.argsort(-weights, kind="stable")
    return {tokenizer.languages[index]: float(weights[index]) for index in order}
