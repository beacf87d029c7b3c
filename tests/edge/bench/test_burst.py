from __future__ import annotations

import pytest

from edge.bench.burst import is_steady


@pytest.mark.parametrize(
    ("times", "steady"),
    [([1.0, 1.0], False), ([1.0, 1.02, 1.03], True), ([1.0, 1.02, 1.04], False), ([2.0, 1.0, 1.01, 1.0], True)],
)
def test_three_in_a_row_within_three_percent_are_steady(times: list[float], steady: bool) -> None:
    assert is_steady(times) == steady
