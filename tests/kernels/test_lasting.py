"""Memory of weights and caches: none before they are used, and none after they are freed."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np
from edge import _kernels

def rss_mb():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6

def model():
    made = _kernels.Llama((65536, 4096, 64, 1, 1, 1, 64, True), 1e-5, "ref", 1)
    for name, n in (("embedding", 65536), ("qkv", 192), ("out", 64), ("gate_up", 128), ("down", 64)):
        made.set_linear(name, 0, 0, n, 1, np.ones((n, 64), np.float32), None)
    return made

model()  # from here on glibc has blocks of such sizes in its heap
first, kept = model(), model()
before = rss_mb()
first = None
print(before - rss_mb())
before = rss_mb()
states = [_kernels.LlamaState(kept, 4096, False) for _ in range(8)]
print(rss_mb() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the kernel of Linux")
def test_weights_and_caches_take_memory_while_they_are_used_alone() -> None:
    done = subprocess.run([sys.executable, "-P", "-c", PROGRAM], capture_output=True, text=True, check=True)
    freed, taken = map(float, done.stdout.split())
    assert freed > 16  # an embedding of float32, with another model behind it
    assert taken < 3  # eight texts of 4096 tokens, of which nothing was read
