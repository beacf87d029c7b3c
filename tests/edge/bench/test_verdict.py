from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.bench.conditions import Conditions
from edge.bench.verdict import judge, spread

QUIET = Conditions(0.0, 0.0, 0.0, 0.0, (2000.0, 2000.0), 50.0, 7, 100, on_battery=False)
LATER = replace(QUIET, at_s=10.0, own_s=10.0, busy_s=10.2)


def test_a_quiet_cool_and_steady_run_is_valid() -> None:
    verdict = judge([QUIET, LATER], 2, [[1.0, 1.01, 0.99, 1.0]])
    assert verdict.kind == "valid"
    assert not verdict.reasons


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        ({"busy_s": 12.0}, "busy", "10% of the processor"),
        ({"stolen_s": 3.0}, "busy", "of the processor"),
        ({"swapped_pages": 140}, "busy", "40 pages"),
        ({"throttled": 9}, "throttled", "2 times"),
        ({"clocks_mhz": (2000.0, 1700.0)}, "throttled", "1700 MHz"),
        ({"on_battery": True}, "battery", "plug it in"),
    ],
)
def test_what_spoils_a_run_is_named(change: dict[str, Any], kind: str, reason: str) -> None:
    verdict = judge([QUIET, replace(LATER, **change)], 2, [[1.0, 1.0, 1.0]])
    assert verdict.kind == kind
    assert any(reason in one for one in verdict.reasons), verdict.reasons


def test_times_that_scatter_are_unstable() -> None:
    assert judge([QUIET, LATER], 2, [[1.0, 1.3, 1.0, 1.3]]).kind == "unstable"
    assert spread([1.0, 1.0, 1.0]) == 0.0


def test_facts_that_are_missing_condemn_nothing() -> None:
    silent = Conditions(0.0, 0.0, None, None, (), None, None, None, on_battery=False)
    assert judge([silent, replace(silent, at_s=1.0)], 2, [[1.0, 1.0, 1.0]]).kind == "valid"
