"""What models cost, beside what they do cost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge.store import Store
from edge.whisper.file.cost import file_bytes, memory_bytes
from edge.whisper.file.published import PUBLISHED
from edge.whisper.file.roles import PRECISIONS, Precision
from export.whisper import export_whisper

PROGRAM = """
import re, sys
from pathlib import Path
import numpy as np
import edge
noise = np.random.default_rng(0).standard_normal(30 * 16_000).astype(np.float32) * 0.1
edge.load(sys.argv[1], threads=1).transcribe(noise, language="en", vad=False, temperature=0, max_tokens=50)
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.fixture(scope="module", params=["tiny.en", "base"])
def source(request: pytest.FixtureRequest) -> Path:
    """A published model's checkpoint."""
    name: str = request.param
    store = Store()
    if not store.is_here(name):
        pytest.skip(f"{name} is not in the store: run `edgewise models pull {name}` once")
    return store.place(name)


@pytest.mark.slow
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_file_has_the_size_that_is_told(source: Path, tmp_path: Path, precision: Precision) -> None:
    out = tmp_path / "model.gguf"
    export_whisper(source, out, precision=precision)
    told = file_bytes(PUBLISHED[source.name], precision, is_calibrated=True)
    rel = 2e-3 if precision == "int4" else 1e-3  # groups of linears do not fill their room to the last byte
    assert told == pytest.approx(out.stat().st_size, rel=rel)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell a process's peak")
@pytest.mark.parametrize("precision", ["int8", "f16"])
def test_running_takes_about_the_memory_that_is_told(source: Path, tmp_path: Path, precision: Precision) -> None:
    out = tmp_path / "model.gguf"
    export_whisper(source, out, precision=precision)
    found = subprocess.run([sys.executable, "-P", "-c", PROGRAM, str(out)], capture_output=True, text=True, check=True)
    assert memory_bytes(PUBLISHED[source.name], precision) == pytest.approx(1024 * int(found.stdout), rel=0.2)


def test_what_stays_int8_in_calibrated_int4_is_told() -> None:
    dims = PUBLISHED["tiny.en"]
    more = file_bytes(dims, "int4", is_calibrated=True) - file_bytes(dims, "int4")
    assert more == 1_500 * 384 * 2 + 3 * 384 * (80 + 384)
    assert file_bytes(dims, "int8", is_calibrated=True) == file_bytes(dims, "int8")


def test_larger_models_and_precisions_cost_more() -> None:
    for cost in (file_bytes, memory_bytes):
        for dims in PUBLISHED.values():
            found = [cost(dims, precision) for precision in ("int4", "int8", "f32")]
            assert found == sorted(found)
        sizes = [cost(PUBLISHED[name], "int8") for name in ("tiny", "base", "small", "medium", "large-v3")]
        assert sizes == sorted(sizes)
