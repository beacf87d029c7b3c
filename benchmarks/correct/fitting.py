"""Fits the weights of the witnesses, and the gates, on recordings whose words are known.

Weights are those of a logistic regression that tells edits that take errors away from those that add some. Gates are
then tried on whole recordings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.correct.edits import Edit
from edge.correct.gate import LEAST_OWN, Weights, Witness, least_sure, ranked

from ..errors import BenchmarkError
from ..live.fit import fit
from .evidence import JudgedText
from .outcomes import Scored

_GATES = tuple(np.arange(0.0, 6.1, 0.2).round(1).tolist())
_HARD = (0.8, 0.85, 0.9, 0.95)
_MOST_WORSE = 0.004
"""Share of segments made worse that `safe` may have where it is fitted."""
_SAFE_FOR_WORSE, _MOST_FOR_WORSE = 8.0, 4.0
"""Segments made better for one made worse that `safe` and `most` need where they are fitted; for `most` one more counts
as made worse than is seen."""
_LEAST_EXAMPLES = 20


_Examples: TypeAlias = tuple[NDArray[np.float64], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Edits that can be made in a segment, the best first."""

    recording: Scored
    one: JudgedText
    edits: Sequence[tuple[float, Edit]]

    def change(self, least: float) -> int:
        """Count the errors that are added by the edits beyond a gate."""
        made = sorted(edit for total, edit in self.edits if total > least)
        return self.recording.change(self.one, made)


def fitted(recordings: Sequence[Scored], witnesses: Sequence[Witness]) -> Weights:
    """Fit weights and gates for a set of witnesses.

    Gates are tried with weights that were fitted on other sets than the one that is tried.

    Raises:
        BenchmarkError: there is too little to fit on.
    """
    by_set: dict[str, list[Scored]] = {}
    for one in recordings:
        by_set.setdefault(one.heard.set, []).append(one)
    examples = {name: _examples(some, witnesses) for name, some in by_set.items()}
    weights = _weights(examples.values())
    segments = sum(len(one.heard.segments) for one in recordings)
    doubtful: list[_Ranked] = []
    for name, some in by_set.items():
        others = _weights(found for other, found in examples.items() if other != name or len(examples) == 1)
        doubtful += [_Ranked(each, one, ranked(one.case, others)) for each in some for one in each.heard.judged]
    doubtful = [each for each in doubtful if each.edits and each.edits[0][0] > _GATES[0]]

    def changes(safe: float, most: float, hard: float) -> list[tuple[Scored, int]]:
        limits = replace(weights, hard=hard)
        return [
            (each.recording, each.change(most if most < safe and limits.is_hard(each.one.case) else safe))
            for each in doubtful
        ]

    safe = next((gate for gate in _GATES if _is_safe(changes(gate, gate, 0.0), segments)), _GATES[-1])
    weights = replace(weights, safe=safe, most=safe, hard=_HARD[-1])
    tried = [(most, hard, changes(safe, most, hard)) for most, hard in product(_GATES, _HARD) if most < safe]
    good = [(sum(each for _, each in some), most, hard) for most, hard, some in tried if _is_worth(some)]
    _, most, hard = min(good, default=(0, weights.most, weights.hard))
    return replace(weights, most=most, hard=hard)


def _examples(recordings: Iterable[Scored], witnesses: Sequence[Witness]) -> _Examples:
    """Collect what speaks for single edits that change the number of errors, and whether they take some away."""
    rows, is_better = [], []
    for recording in recordings:
        for one in recording.heard.judged:
            for edit, evidence in one.case.edits.items():
                change = recording.change(one, [edit]) if evidence["own"] >= LEAST_OWN else 0
                if change:
                    heard = [evidence[name] if name in witnesses else 0.0 for name in ("own", "second", "lm")]
                    rows.append([*heard, 1 - least_sure(one.case.probabilities, edit), float(not edit.after), 1.0])
                    is_better.append(change < 0)
    return np.array(rows).reshape(-1, 6), np.array(is_better, np.bool_)


def _weights(examples: Iterable[_Examples]) -> Weights:
    """Fit the weights; gates are left open."""
    parts = list(examples)
    x, y = np.concatenate([part for part, _ in parts]), np.concatenate([part for _, part in parts])
    if min(y.sum(), (~y).sum()) < _LEAST_EXAMPLES:
        raise BenchmarkError(f"expected {_LEAST_EXAMPLES} good edits and as many bad ones, found {len(y)} in all")
    scales = np.maximum(x.std(axis=0), 1e-6)
    scales[-1] = 1.0
    own, second, lm, doubt, loss, _ = (float(each) for each in fit(x / scales, y) / scales)
    own, second, lm, doubt = max(own, 0.0), max(second, 0.0), max(lm, 0.0), max(doubt, 0.0)
    return Weights(own, second, lm, doubt, min(loss, 0.0), safe=0.0, most=0.0, hard=1.0)


def _is_safe(changes: Sequence[tuple[Scored, int]], segments: int) -> bool:
    better, worse = _counts(changes)
    broken = sum(not recording.errors and change > 0 for recording, change in changes)
    return worse <= _MOST_WORSE * segments and not broken and better >= _SAFE_FOR_WORSE * worse


def _is_worth(changes: Sequence[tuple[Scored, int]]) -> bool:
    better, worse = _counts(changes)
    return better >= _MOST_FOR_WORSE * (worse + 1)


def _counts(changes: Sequence[tuple[Scored, int]]) -> tuple[int, int]:
    """Count the segments that are better, and those that are worse."""
    return sum(change < 0 for _, change in changes), sum(change > 0 for _, change in changes)
