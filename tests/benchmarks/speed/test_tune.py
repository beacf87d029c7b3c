from __future__ import annotations

from benchmarks.speed.tune import verdict, verdicts_table
from edge.tune.candidates import Candidate
from edge.tune.race import Budget, Run

_QUICK, _SLOW = Candidate("a", "int8", 1), Candidate("b", "int8", 1)
_FOUND = {_QUICK: [Run(1.0, 3), Run(1.0, 3)], _SLOW: [Run(1.5, 1), Run(1.5, 1)]}


def test_a_winner_is_judged_by_all_runs() -> None:
    right = verdict(_FOUND, 40, Budget(error_rate=0.1), _SLOW, 3)
    assert (right.best, right.slower, right.keeps_budget, right.n_all) == (str(_SLOW), 1.0, True, 6)
    wrong = verdict(_FOUND, 40, Budget(error_rate=0.1), _QUICK, 3)
    assert not wrong.keeps_budget
    late = verdict(_FOUND, 40, Budget(error_rate=0.2), _SLOW, 3)
    assert late.slower == 1.5
    none = verdict(_FOUND, 40, Budget(error_rate=0.01), None, 3)
    assert (none.best, none.found, none.slower) == (None, None, None)
    told = verdicts_table([right, wrong, late, none])
    assert "| the same " in told
    assert "50%" in told
