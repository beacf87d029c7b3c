"""Memory that a server no longer needs goes back to the system."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
from edge.serve.memory import give_back_large_blocks
{call}
large, small = [], []
del [bytearray(1 << 20)][0]  # the first that is freed tells glibc to keep such blocks
for _ in range(100):
    large.append(bytearray(1 << 20))
    small.append(bytearray(1000))  # lies behind it and stays
del large
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
"""


def kept_mb(call: str) -> float:
    words = [sys.executable, "-P", "-c", PROGRAM.format(call=call)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    return int(done.stdout) / 1000


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that keeps them")
def test_large_blocks_are_given_back() -> None:
    assert kept_mb("") - kept_mb("give_back_large_blocks()") > 50
