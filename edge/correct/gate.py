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
SURE = 0.9
"""Mean probability of a segment's words from which on `most` leaves it to `safe`: there is little to gain."""
_LEAST_CHANGED, _MOST_CHANGED = 2, 0.15
"""Words of a segment that edits may replace: so many in any case, else such a share."""
_DEFAULT = "base"
"""Model whose weights stand in for those of a model that has none."""

Evidence = Mapping[Witness, float]
"""Nats that each witness has for an edit."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the witnesses beside the recognizer itself, whose weight is 1, and the sums that edits need."""

    second: float
    lm: float
    words: float
    """Weight of each word by which an edit makes the text longer."""
    safe: float
    """Sum above which an edit is made, where no harm is to be done."""
    most: float
    """Sum above which an edit is made in a segment in doubt, where most is to be gained."""

    def sum(self, edit: Edit, evidence: Evidence) -> float:
        """Add up the evidence for an edit."""
        total = evidence["own"] + self.second * evidence.get("second", 0.0) + self.lm * evidence.get("lm", 0.0)
        return total + self.words * (len(edit.after) - (edit.stop - edit.start))


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
    least = weights.most if strength == "most" and is_hard(case.probabilities) else weights.safe
    sums = {edit: weights.sum(edit, one) for edit, one in case.edits.items() if one["own"] >= LEAST_OWN}
    room = max(_LEAST_CHANGED, int(_MOST_CHANGED * len(case.words)))
    chosen: list[Edit] = []
    for edit in sorted(sums, key=lambda edit: -sums[edit]):
        size = max(edit.stop - edit.start, len(edit.after))
        if sums[edit] > least and size <= room and not any(edit.meets(other) for other in chosen):
            chosen.append(edit)
            room -= size
    return sorted(chosen)


def is_hard(probabilities: Sequence[float]) -> bool:
    """Whether a segment of words with these probabilities is hard to read."""
    return bool(probabilities) and sum(probabilities) / len(probabilities) < SURE


@cache
def _table() -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    with files(__package__).joinpath("gate.toml").open("rb") as file:
        return tomllib.load(file)
