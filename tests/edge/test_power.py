"""Whether the computer runs on its battery."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.power import is_on_battery


def supply(folder: Path, name: str, **facts: str) -> None:
    (folder / name).mkdir()
    for fact, value in facts.items():
        (folder / name / fact).write_text(f"{value}\n", encoding="ascii")


@pytest.mark.parametrize(
    ("status", "scope", "is_on"),
    [("Discharging", "", True), ("Charging", "", False), ("Full", "", False), ("Discharging", "Device", False)],
)
def test_a_battery_of_its_own_that_is_discharged_tells(status: str, scope: str, is_on: bool, tmp_path: Path) -> None:
    supply(tmp_path, "AC", type="Mains", online="0")
    supply(tmp_path, "BAT0", type="Battery", status=status, **({"scope": scope} if scope else {}))
    assert is_on_battery(tmp_path) is is_on


def test_a_system_that_tells_nothing_has_none(tmp_path: Path) -> None:
    assert not is_on_battery(tmp_path / "none")
