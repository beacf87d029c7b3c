"""Every call of the compiled part when memory runs out in the middle of it: the model is as it was."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "sanitize"
ALLOCATIONS = {
    # at least so many in each call, so that a shim that sees none is noticed
    "set_linear": 3,
    "set_linear_f32": 1,
    "shape_layer": 10,
    "split_vocabulary": 4,
    "set_alignment_heads": 1,
    "set_tail": 8,
    "new_state": 40,
    "encode": 40,
    "decode": 3,
    "new_model": 35,
    "measure_product": 10,
    "measure_peak": 4,
    "gguf_parse": 1,
}


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if sys.platform != "linux" or shutil.which("gcc") is None:
        pytest.skip("needs Linux and gcc")
    library = tmp_path_factory.mktemp("shim") / "failing_memory.so"
    source = SCRIPTS / "failing_memory.c"
    done = subprocess.run(["gcc", "-shared", "-fPIC", "-O1", str(source), "-o", str(library), "-ldl"])
    if done.returncode != 0:
        pytest.skip("the shim needs GNU's C library")
    return library


def said(shim: Path, name: str) -> str:
    environment = {**os.environ, "LD_PRELOAD": str(shim), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(SCRIPTS / "failing_memory.py"), name]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ALLOCATIONS)
def test_a_call_without_memory_changes_nothing(shim: Path, name: str) -> None:
    once, forever = map(int, re.findall(r"(\d+) failed", said(shim, name)))
    assert once >= ALLOCATIONS[name]
    assert forever >= ALLOCATIONS[name]


def test_a_forked_child_without_threads_gets_its_answer(shim: Path) -> None:
    assert said(shim, "fork") == "1 failed, wrong: 0\n"
