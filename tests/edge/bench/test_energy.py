from __future__ import annotations

from pathlib import Path

import pytest

from edge.bench.energy import energy_j, joules_between, power_w

_RAILS = """\
    3V3_SYS_A current(1)=0.10000000A
    VDD_CORE_A current(7)=2.00000000A
    3V3_SYS_V volt(9)=3.30000000V
    VDD_CORE_V volt(15)=0.80000000V
     EXT5V_V volt(24)=5.14939000V
"""


def test_packages_are_added_up_and_their_parts_are_not(tmp_path: Path) -> None:
    assert energy_j(tmp_path) is None
    for name, joules in (("intel-rapl:0", 2), ("intel-rapl:1", 3), ("intel-rapl:0:0", 1)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "energy_uj").write_text(f"{joules}000000\n", encoding="ascii")
    assert energy_j(tmp_path) == 5.0


def test_rails_that_have_volts_and_amperes_are_added_up(tmp_path: Path) -> None:
    program = tmp_path / "vcgencmd"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{_RAILS}END\n", encoding="ascii")
    program.chmod(0o755)
    assert power_w(tmp_path, str(program)) == pytest.approx(0.33 + 1.6)


def test_a_sensor_of_the_board_tells_microwatts(tmp_path: Path) -> None:
    (tmp_path / "hwmon0").mkdir()
    (tmp_path / "hwmon0" / "power1_input").write_text("4500000\n", encoding="ascii")
    assert power_w(tmp_path, "/nowhere/vcgencmd") is None  # the program that should tell cannot
    program = tmp_path / "vcgencmd"
    program.write_text("#!/bin/sh\necho 'Command not registered'\n", encoding="ascii")
    program.chmod(0o755)
    assert power_w(tmp_path, str(program)) == 4.5


def test_a_counter_goes_before_power_and_power_is_even_between_two_looks() -> None:
    assert joules_between([0, 1, 3], [10, 11, 14], [1, 1, 1]) == 4
    assert joules_between([0, 1, 3], [10, 11, 2], [2, 4, 4]) == 3 + 8  # the counter began anew
    assert joules_between([0, 1], [None, None], [2, 2]) == 2
    assert joules_between([0, 1], [None, None], [2, None]) is None
    assert joules_between([0], [5], [2]) is None
