"""Every kernel body compiles alone: an editor shows it as the compiler sees it, and no order of inclusion counts."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
SHARED = ("simd.h", "math.h", "output.h", "ahead.h")
BODIES = sorted(KERNELS.rglob("*_vec.h")) + [KERNELS / "simd" / name for name in SHARED]
COMPILERS = {
    "avx2": "x86_64-linux-gnu-gcc",
    "avxvnni": "x86_64-linux-gnu-gcc",
    "avx512vnni": "x86_64-linux-gnu-gcc",
    "neon": "aarch64-linux-gnu-gcc",
    "dotprod": "aarch64-linux-gnu-gcc",
    "i8mm": "aarch64-linux-gnu-gcc",
}
BUILD = (KERNELS / "CMakeLists.txt").read_text()
FLAGS = dict(re.findall(r'dispatch/levels/(\w+)\.c PROPERTIES COMPILE_OPTIONS\s+"([^"]+)"', BUILD))
UNUSED = "-Wno-unused-function"  # a body is static; what uses it is the level that includes it


def test_every_level_is_compiled_here() -> None:
    assert len(BODIES) > 10
    assert FLAGS.keys() == COMPILERS.keys()


@pytest.mark.parametrize("level", COMPILERS)
def test_a_body_needs_no_other_file_before_it(level: str) -> None:
    compiler = shutil.which(COMPILERS[level])
    if compiler is None:
        pytest.skip(f"needs {COMPILERS[level]}")
    command = [compiler, "-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", "-Wshadow", "-Werror", UNUSED]
    command += [*FLAGS[level].split(";"), "-x", "c", *map(str, BODIES)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
