"""The kernel checks of tests/checkasm, built as a release and run on every level of this processor."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.ops import cpu_info

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("cmake", "make", "gcc")
SEED = "20240501"


@pytest.fixture(scope="session")
def checkasm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built programs."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    build = tmp_path_factory.mktemp("checkasm")
    configure = ["cmake", "-S", str(ROOT / "kernels"), "-B", str(build), "-G", "Unix Makefiles"]
    for command in ([*configure, "-DEDGE_CHECKASM=ON"], ["cmake", "--build", str(build), "--parallel", "2"]):
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "CC": "gcc"})
        assert done.returncode == 0, done.stdout + done.stderr
    return build / "checkasm"


def run(program: Path, *arguments: str, level: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "EDGE_CPU": level}
    return subprocess.run([program, *arguments], capture_output=True, text=True, env=environment, timeout=300)


def levels_in(report: str) -> dict[str, tuple[int, int]]:
    """Cases and failures of each level."""
    lines = re.findall(r"^(\w+) +\d+ kernels +(\d+) cases +(\d+) failed$", report, re.MULTILINE)
    return {level: (int(cases), int(failed)) for level, cases, failed in lines}


def test_every_level_gives_the_bits_of_the_reference(checkasm: Path) -> None:
    done = run(checkasm / "checkasm", "--seed", SEED)
    assert done.returncode == 0, done.stdout + done.stderr
    levels = levels_in(done.stdout)
    assert tuple(levels) == cpu_info().supported
    assert all(cases > 3000 and failed == 0 for cases, failed in levels.values())


def test_planted_bugs_are_found(checkasm: Path) -> None:
    done = run(checkasm / "checkasm_planted", SEED)
    assert done.returncode == 0, done.stdout
    assert "MISSED" not in done.stdout
    found = re.search(r"^(\d+) of (\d+) planted bugs found$", done.stdout, re.MULTILINE)
    assert found is not None
    assert int(found[1]) == int(found[2]) >= 15


def test_a_run_can_be_replayed(checkasm: Path) -> None:
    first, second = (run(checkasm / "checkasm_planted", "7").stdout for _ in range(2))
    assert first == second  # the failing cases and the values in them
    assert first != run(checkasm / "checkasm_planted", "8").stdout


def test_edge_cpu_selects_a_level(checkasm: Path) -> None:
    done = run(checkasm / "checkasm", "--seed", SEED, "--kernel", "gelu", level="ref")
    assert tuple(levels_in(done.stdout)) == ("ref",)


@pytest.mark.parametrize(
    "arguments", [["--level", "mmx"], ["--kernel", "gemm_q2"], ["--seed"], ["--speed", "1"]], ids=" ".join
)
def test_wrong_usage_is_refused(checkasm: Path, arguments: list[str]) -> None:
    done = run(checkasm / "checkasm", *arguments)
    assert done.returncode == 2
    assert "--seed N" in done.stderr
