"""Memory that is no longer needed goes back to the system."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
from edge.memory import give_back_large_blocks
{call}
large, small = [], []
del [bytearray(1 << 20)][0]  # the first that is freed tells glibc to keep such blocks
for _ in range(100):
    large.append(bytearray(1 << 20))
    small.append(bytearray(1000))  # lies behind it and stays
del large
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
"""


needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that keeps them")


def kept_mb(call: str) -> float:
    words = [sys.executable, "-P", "-c", PROGRAM.format(call=call)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    return int(done.stdout) / 1000


@needs_glibc
def test_large_blocks_are_given_back() -> None:
    assert kept_mb("") - kept_mb("give_back_large_blocks()") > 50


@needs_glibc
def test_what_was_reserved_and_never_touched_does_not_count() -> None:
    program = """
import os
import numpy as np
from edge.memory import give_back_large_blocks
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
assert give_back_large_blocks()
for _ in range(3):
    np.ones(20 << 20, np.uint8)
before = resident()
kept = [np.zeros(1 << 20, np.uint8) for _ in range(20)]
assert resident() - before < 4 << 20, resident() - before
"""
    subprocess.run([sys.executable, "-P", "-c", program], check=True)
