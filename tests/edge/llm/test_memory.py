"""How much memory a loaded model takes besides its file."""

from __future__ import annotations

import subprocess
import sys

import pytest

from edge.store import Store

MODEL = "smollm2-135m"
PROGRAM = """
import sys, edge
from edge.machine import peak_rss_mb
model = edge.load(sys.argv[1], kind="language", precision="int8", threads=1, offline=True)
model.score(["the cat sat on the mat"])
print(peak_rss_mb())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the kernel of Linux")
def test_a_loaded_model_takes_its_weights_and_little_more() -> None:
    if not Store().is_here(MODEL):
        pytest.skip(f"{MODEL} is not in the store: run `edgewise models pull {MODEL}` once")
    done = subprocess.run([sys.executable, "-P", "-c", PROGRAM, MODEL], capture_output=True, text=True, check=True)
    weights_mb = 135.2  # Python, numpy and the tokenizer take 50, the vocabulary in float32 would take 113
    assert float(done.stdout) < weights_mb + 80
