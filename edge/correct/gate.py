"""Decides which edits are made: a weighted sum of what witnesses say, and a gate that it must pass.

Witnesses are heard in nats: how much likelier an edited text is to one of them than the text as it was read. The sum
holds on recordings that it was not fitted on; two thresholds side by side, or one witness alone, hold less. Weights and
gates are data (gate.toml).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from .edits import Edit
from .settings import Strength

Witness = Literal["own", "second", "lm"]
"""Names of the witnesses: the recognizer itself, a second one, a language model."""
WITNESSES: tuple[Witness, ...] = get_args(Witness)

LEAST_OWN = -2.0
"""Nats by which an edit may be less likely than what was read, to the recognizer itself."""
_LEAST_CHANGED, _MOST_CHANGED = 2, 0.15
"""Words of a segment that edits may replace: so many in any case, else such a share."""
_DEFAULT = "base"
"""Model whose weights stand in for those of a model that has none."""

Evidence = Mapping[Witness, float]
"""Nats that each witness has for an edit."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of what speaks for an edit, and the sums that edits need."""

    own: float
    """Weight of a nat of the recognizer's, as of others below."""
    second: float
    lm: float
    doubt: float
    """Weight of a word that is certainly wrong, to the recognizer; words in less doubt have less."""
    loss: float
    """Weight of an edit that only takes words away: such a text is likelier to all, and more often wrong."""
    safe: float
    """Sum above which an edit is made, where no harm is to be done."""
    most: float
    """Sum above which an edit is made in a segment that is hard, where most is to be gained."""
    hard: float
    """Mean probability of its words below which a segment is hard: in others there is little to gain."""

    def sum(self, case: Case, edit: Edit) -> float:
        """Add up what speaks for an edit."""
        evidence = case.edits[edit]
        total = self.own * evidence["own"] + self.second * evidence.get("second", 0) + self.lm * evidence.get("lm", 0)
        return total + self.doubt * (1 - least_sure(case.probabilities, edit)) + self.loss * (not edit.after)

    def is_hard(self, case: Case) -> bool:
        """Whether a segment is hard to read, by how sure its words are."""
        return sum(case.probabilities) < self.hard * len(case.probabilities)


@dataclass(frozen=True, slots=True)
class Case:
    """A segment and the edits that may be made in it, each with what all witnesses say."""

    words: Sequence[str]
    probabilities: Sequence[float]
    """Probability that each word is correct."""
    edits: Mapping[Edit, Evidence]


def weights_for(model: str, witnesses: Sequence[Witness]) -> Weights | None:
    """Read the weights for a model by name and the witnesses that speak; None where these change nothing."""
    table = _table()
    chosen = table.get(model, table[_DEFAULT]).get("+".join(name for name in WITNESSES if name in witnesses))
    return None if chosen is None else Weights(**{each.name: float(chosen[each.name]) for each in fields(Weights)})


def choose(case: Case, weights: Weights, strength: Strength) -> list[Edit]:
    """Choose the edits to be made in a segment: those beyond the gate, the best first, none that meets another."""
    least = weights.most if strength == "most" and weights.is_hard(case) else weights.safe
    return sorted(edit for total, edit in ranked(case, weights) if total > least)


def ranked(case: Case, weights: Weights) -> list[tuple[float, Edit]]:
    """List the edits of a segment that can be made together, each with its sum, the best first.

    Each could be made with all before it, whatever comes after: a gate cuts the list.
    """
    sums = {edit: weights.sum(case, edit) for edit, one in case.edits.items() if one["own"] >= LEAST_OWN}
    room = max(_LEAST_CHANGED, int(_MOST_CHANGED * len(case.words)))
    found: list[tuple[float, Edit]] = []
    for edit in sorted(sums, key=lambda edit: -sums[edit]):
        size = max(edit.stop - edit.start, len(edit.after))
        if size <= room and not any(edit.meets(other) for _, other in found):
            found.append((sums[edit], edit))
            room -= size
    return found


def least_sure(probabilities: Sequence[float], edit: Edit) -> float:
    """Return the probability of the least sure word that an edit touches; those beside words that are put in count."""
    first = edit.start - (edit.start == edit.stop)
    return min(probabilities[max(0, first) : max(edit.stop, edit.start + 1)], default=1.0)


@cache
def _table() -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    with files(__package__).joinpath("gate.toml").open("rb") as file:
        return tomllib.load(file)
