"""The programs that run under sanitizers, for a few seconds without one, so that they keep working."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).resolve().parent


def output(script: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(HERE / script), *arguments], capture_output=True, text=True, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.parametrize("arguments", [("--calls", "6000"), ("--calls", "2000", "--threads", "4")])
def test_misuse_does_no_harm(arguments: tuple[str, ...]) -> None:
    assert "misuse: " in output("misuse.py", "60", "--seed", "1", *arguments)


def test_threads_on_one_model_give_the_same() -> None:
    assert "runs of the tiny model in 4 threads" in output("transcribe.py", "1", "--threads", "4")
