"""Judges which words of a text that is still being spoken will stay: by a score of all evidence, fitted on recordings.

What peers go by, that two readings agree and that a word is some way from the end of the sound, tells little; the
decoder's own probability tells most. The score is logistic, fitted by `python -m benchmarks evidence` for each model,
and its weights are data (weights.toml).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

import numpy as np

from .options import Grade
from .passes import Pass

_LETTERS = re.compile(r"[^\w']+")
_LEAST_LOGPROB = -4.0
_NO_NEXT_LOGPROB = -2.0
_WAITED_S: Mapping[Grade, tuple[float, float]] = {"quick": (0.39, 1.0), "sure": (2.49, 4.0)}
"""Seconds for which readings agree, and from the word to the end of the sound, after which any word is stable: one that
the model is in doubt about for good must not hold up all that follow."""
_DEFAULT = "tiny.en"
"""Model whose weights stand in for those of a model that has none."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the evidence, in nats, and the scores that words need."""

    bias: float
    hold: float
    """Weight of the seconds from the word's end to the end of the sound, at most 2."""
    short_hold: float
    """Weight of the same seconds, at most 0.4."""
    agreed: float
    """Weight of the seconds since when all readings agree up to the word, at most 1.5."""
    short_agreed: float
    """Weight of the same seconds, at most 0.4."""
    logprob: float
    """Weight of the least log-probability of the word's tokens, at least -4."""
    next_logprob: float
    """Weight of the same of the next word, -2 where there is none."""
    average: float
    """Weight of the mean log-probability of the text, at least -2."""
    shown: float
    """Score from which on a word is shown."""
    quick: float
    """Score from which on a word is stable by the quick grade."""
    sure: float
    """Score from which on a word is stable by the sure grade."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence for a word of a reading."""

    hold_s: float
    """Seconds from the word's end to the end of the sound."""
    agreed_s: float
    """Seconds of sound since when all readings agree up to the word."""
    logprob: float
    next_logprob: float
    average: float

    def terms(self) -> dict[str, float]:
        """Give what each weight is multiplied with."""
        return {
            "bias": 1.0,
            "hold": min(self.hold_s, 2.0),
            "short_hold": min(self.hold_s, 0.4),
            "agreed": min(self.agreed_s, 1.5),
            "short_agreed": min(self.agreed_s, 0.4),
            "logprob": max(self.logprob, _LEAST_LOGPROB),
            "next_logprob": max(self.next_logprob, _LEAST_LOGPROB),
            "average": max(self.average, -2.0),
        }

    def score(self, weights: Weights) -> float:
        """Compute the logarithm of the odds that the word will stay."""
        return sum(float(getattr(weights, name)) * term for name, term in self.terms().items())


@cache
def weights_of(model: str) -> Weights:
    """Read the weights for a model by name; those of tiny.en where it has none."""
    with files(__package__).joinpath("weights.toml").open("rb") as file:
        table: Mapping[str, Mapping[str, float]] = tomllib.load(file)
    chosen = table.get(model, table[_DEFAULT])
    return Weights(**{each.name: float(chosen[each.name]) for each in fields(Weights)})


class Agreement:
    """A record of since when the readings of a turn agree, word by word."""

    def __init__(self) -> None:
        self._since: list[tuple[str, float]] = []  # letters of each word, and the second at which it appeared

    def update(self, found: Pass) -> None:
        """Take the next reading."""
        agrees, since = True, []
        for index, word in enumerate(found.words):
            letters = letters_of(word.said)
            agrees = agrees and index < len(self._since) and self._since[index][0] == letters
            since.append(self._since[index] if agrees else (letters, found.seconds))
        self._since = since

    def forget(self) -> None:
        """Count from the next reading on."""
        self._since = []

    def evidence(self, found: Pass, index: int) -> Evidence:
        """Collect the evidence for a word of the reading taken last."""
        word = found.words[index]
        following = found.words[index + 1 : index + 2]
        return Evidence(
            hold_s=found.seconds - word.end,
            agreed_s=found.seconds - self._since[index][1],
            logprob=word.logprob,
            next_logprob=following[0].logprob if following else _NO_NEXT_LOGPROB,
            average=found.avg_logprob,
        )


def count_stable(found: Pass, kept: int, agreement: Agreement, grade: Grade, weights: Weights) -> int:
    """Count the words of a reading that are stable, of which `kept` are already."""
    least = weights.quick if grade == "quick" else weights.sure
    least_agreed_s, least_hold_s = _WAITED_S[grade]
    for index in range(kept, len(found.words)):
        evidence = agreement.evidence(found, index)
        has_waited = evidence.agreed_s >= least_agreed_s and evidence.hold_s >= least_hold_s
        if not has_waited and evidence.score(weights) < least:
            return index
    return len(found.words)


def count_shown(found: Pass, stable: int, agreement: Agreement, weights: Weights) -> int:
    """Count the words of a reading that are shown, stable ones included: those that are likely enough to stay."""
    for index in range(stable, len(found.words)):
        if agreement.evidence(found, index).score(weights) < weights.shown:
            return index
    return len(found.words)


def letters_of(text: str) -> str:
    """Reduce a word to its letters and digits, in lower case: signs and capitals may change."""
    return _LETTERS.sub("", text.lower())


def rest_after(kept: Sequence[str], text: Sequence[str]) -> int:
    """Find the word of a text from which on it goes on after the words `kept`, by the least distance of their letters.

    Letters and not words are compared, since one reading has "shop boy" where the other has "shopboy".
    """
    letters = "".join(map(letters_of, kept))
    ends = np.cumsum([0, *(len(letters_of(word)) for word in text)])
    other = np.frombuffer("".join(map(letters_of, text)).encode("utf-32-le"), np.uint32)
    # A row of the table of edit distances: from the letters so far to each beginning of the text.
    steps = np.arange(len(other) + 1)
    row = steps.copy()
    for letter in letters:
        above = row
        row = above + 1
        row[1:] = np.minimum(row[1:], above[:-1] + (other != ord(letter)))
        row = np.minimum.accumulate(row - steps) + steps
    return int(row[ends].argmin())
