"""The report at the end of .ci/run and .ci/check: what failed is said, and fails."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

STEPS = Path(__file__).resolve().parent.parent / ".ci" / "steps.sh"

pytestmark = [
    pytest.mark.skipif(not STEPS.is_file(), reason="an archive of sources has no .ci"),
    pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed"),
]


def report(*steps: str) -> tuple[int, list[str]]:
    """Exit status and last screen of a run of steps, each a shell command."""
    checks = "".join(f"check 'step {number}' eval '{step}'\n" for number, step in enumerate(steps, 1))
    script = f"set -euo pipefail\nsource {STEPS}\ntrap 'rm -rf \"$logs\"' EXIT\n{checks}report\n"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.partition("== report\n")[2].splitlines()


def test_a_run_in_which_all_passes() -> None:
    status, lines = report("true", 'echo "==== 12 passed, 1 skipped in 3.20s ===="')
    assert status == 0
    ends, _, _, *texts = zip(*(line.split(maxsplit=3) for line in lines), strict=True)
    assert ends == ("passed", "passed", "total")
    assert [" ".join(text.split()) for text in texts[0]] == [
        "step 1",
        "step 2 12 passed, 1 skipped",
        "2 steps, 0 failed",
    ]


def test_a_step_that_fails_is_said_and_the_others_go_on() -> None:
    status, lines = report(
        'echo "FAILED tests/test_a.py::test_b"; echo "1 failed in 0.10s"; false', "false | true", "true"
    )
    assert status == 1
    assert lines[0] == "FAILED tests/test_a.py::test_b"
    assert [line.split()[0] for line in lines[1:]] == ["FAILED", "FAILED", "passed", "total"]
    assert lines[-1].endswith("3 steps, 2 failed")


def test_reasons_for_skipping_are_counted_together() -> None:
    seen = 'echo "SKIPPED [3] tests/a.py:3: no torch"; echo "SKIPPED [2] tests/b.py:9: no torch"'
    _, lines = report(seen, 'echo "SKIPPED [4] tests/a.py:3: no torch"; echo "SKIPPED [9] tests/c.py:1: no network"')
    assert [line.split(maxsplit=1) for line in lines[1:3]] == [["9", "no network"], ["5", "no torch"]]


def test_a_step_that_is_beside_others_is_waited_for_and_counts() -> None:
    slow = 'begin "beside" eval "sleep 0.3; echo 7 passed in 0.3s"\ncheck "step" true\nmeet\n'
    bad = 'begin "beside" eval "echo why; false"\ncheck "step" true\nmeet\n'
    for begun, end, status in ((slow, "passed", 0), (bad, "FAILED", 1)):
        script = f"set -euo pipefail\nsource {STEPS}\ntrap 'rm -rf \"$logs\"' EXIT\n{begun}report\n"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == status
        lines = done.stdout.partition("== report\n")[2].splitlines()
        assert [line.split()[0] for line in lines] == [end, "passed", "total"]
        assert ("7 passed" in lines[0]) == (status == 0)
        assert ("why" in done.stdout) == (status == 1)
