"""The kernel checks of tests/checkasm, built as a release and run on every level of this processor."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.ops import cpu_info

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("cmake", "make", "gcc")
SEED = "20240501"


@pytest.fixture(scope="session")
def checkasm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built program."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    build = tmp_path_factory.mktemp("checkasm")
    configure = ["cmake", "-S", str(ROOT / "kernels"), "-B", str(build), "-G", "Unix Makefiles"]
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DEDGE_CHECKASM=ON"]
    for command in ([*configure, *options], ["cmake", "--build", str(build), "--parallel", "2"]):
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "CC": "gcc"})
        assert done.returncode == 0, done.stdout + done.stderr
    return build / "checkasm" / "checkasm"


def run(program: Path, *arguments: str, level: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "EDGE_CPU": level}
    return subprocess.run([program, *arguments], capture_output=True, text=True, env=environment, timeout=300)


def levels_in(report: str) -> dict[str, tuple[int, int]]:
    """Cases and failures of each level."""
    lines = re.findall(r"^(\w+) +\d+ kernels +(\d+) cases +(\d+) failed$", report, re.MULTILINE)
    return {level: (int(cases), int(failed)) for level, cases, failed in lines}


def test_every_level_gives_the_bits_of_the_reference(checkasm: Path) -> None:
    done = run(checkasm, "--budget", "small", "--seed", SEED)
    assert done.returncode == 0, done.stdout + done.stderr
    levels = levels_in(done.stdout)
    assert tuple(levels) == cpu_info().supported
    assert all(cases > 3000 and failed == 0 for cases, failed in levels.values())


def test_planted_bugs_are_found(checkasm: Path) -> None:
    done = run(checkasm, "--self-test", "--seed", SEED)
    assert done.returncode == 0, done.stdout
    assert "MISSED" not in done.stdout
    found = re.search(r"^(\d+) of (\d+) planted bugs found$", done.stdout, re.MULTILINE)
    assert found is not None
    assert int(found[1]) == int(found[2]) >= 15


def test_a_run_can_be_replayed(checkasm: Path) -> None:
    reports = [run(checkasm, "--self-test", "--seed", seed).stdout.splitlines() for seed in ("7", "7", "8")]
    assert [report[0] for report in reports] == ["checkasm: seed 7", "checkasm: seed 7", "checkasm: seed 8"]
    assert reports[0] == reports[1]  # the failing cases and the values in them
    assert reports[0][1:] != reports[2][1:]


def test_edge_cpu_selects_a_level(checkasm: Path) -> None:
    done = run(checkasm, "--seed", SEED, "--kernel", "gelu", level="ref")
    assert tuple(levels_in(done.stdout)) == ("ref",)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--level", "mmx"],
        ["--kernel", "gemm_q2"],
        ["--seed"],
        ["--seed", "x"],
        ["--budget", "0"],
        ["--budget", "much"],
        ["--speed", "1"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_refused(checkasm: Path, arguments: list[str]) -> None:
    done = run(checkasm, *arguments)
    assert done.returncode == 2
    assert "--seed N" in done.stderr
