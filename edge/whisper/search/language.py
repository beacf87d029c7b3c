"""Detects the language that is spoken: what a multilingual model expects after `<|startoftranscript|>`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..engines.protocol import State
from ..tokens import Tokenizer


def detect_language(state: State, tokenizer: Tokenizer, among: Sequence[str] | None = None) -> dict[str, float]:
    """Compute the probability of each language code for the encoded window, the likeliest first.

    With `among` the language is one of these, and they share the whole probability.
    """
    state.rewind(0)
    logits = state.decode(np.array([[tokenizer.sot]], np.int32))[0, -1]
    codes = among or tokenizer.languages
    scores = logits[[tokenizer.language_token(code) for code in codes]]
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    order = np.argsort(-weights, kind="stable")
    return {codes[index]: float(weights[index]) for index in order}


def combine(found: Sequence[dict[str, float]]) -> dict[str, float]:
    """Combine several looks at a recording to the probability of each language code, the likeliest first.

    It is their mean, so that a look at noise, which finds every language unlikely, does not count against one.
    """
    means = {code: sum(one[code] for one in found) / len(found) for code in found[0]}
    return {code: means[code] for code in sorted(means, key=means.__getitem__, reverse=True)}
