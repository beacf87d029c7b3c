"""Decides whether a sentence was meant, or what was said is none of them.

The score is logistic, of how likely the sentence is by sound beside the free reading and of how alike the two are in
letters. Its weights are data (weights.toml), fitted by `python -m benchmarks sentences --fit`.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files

from .spelling import bare

_DEFAULT = "tiny.en"
_LEAST_MARGIN = -4.0
"""Margin of a token, in nats, below which a lower one tells no more. One above 0 tells no more either: a short sentence
gains by what it leaves out."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a sentence that was found."""

    margin: float
    """Nats by which a token of it is likelier than the free reading, on average; from -4 to 0."""
    likeness: float
    """Share of letters that it has in common with the free reading, in their order."""
    length: float
    """Logarithm of the factor between their lengths, whichever is longer."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the evidence, in nats."""

    bias: float
    margin: float
    likeness: float
    length: float
    least: float
    """Score from which on a sentence counts as meant."""


def evidence_of(total: float, n_tokens: int, text: str, free_total: float, free_text: str) -> Evidence:
    """Compare a text of a log-probability and a number of tokens with the free reading."""
    one, other = bare(text), bare(free_text)
    return Evidence(
        min(0.0, max(_LEAST_MARGIN, (total - free_total) / (n_tokens + 1))),
        SequenceMatcher(None, one, other, autojunk=False).ratio(),
        abs(math.log((len(one) + 1) / (len(other) + 1))),
    )


def score_of(evidence: Evidence, by: Weights) -> float:
    """Compute how likely it is that a sentence was meant: the logarithm of the odds."""
    return by.bias + by.margin * evidence.margin + by.likeness * evidence.likeness + by.length * evidence.length


def is_meant(evidence: Evidence, by: Weights, strictness: float = 0.0) -> bool:
    """Whether a sentence was meant; `strictness` is by how much its score has to be better than usual."""
    return score_of(evidence, by) >= by.least + strictness


@cache
def weights_of(model: str) -> Weights:
    """Read the weights for a model by name; those of tiny.en where it has none."""
    table = tomllib.loads(files(__package__).joinpath("weights.toml").read_text(encoding="utf-8"))
    return Weights(**table.get(model, table[_DEFAULT]))
