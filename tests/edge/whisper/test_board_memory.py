"""What a board of 512 MB can spare: a process that reads a long recording stays small, however long that is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge.prepare import model_place

LIMIT_MB = {"tiny.en": 256, "base": 400}
MORE_MB = 24
"""What a recording may take that is four times as long: its words, and chance."""

PROGRAM = """
import sys
import edge
import soundfile
model = edge.load(sys.argv[1], threads=1)
samples, _ = soundfile.read(sys.argv[2], dtype="float32")
for times in (4, 16):
    with model.session() as session:
        words = [event for _ in range(times) for event in session.feed(samples)]
        words += session.finish()
    assert len(words) > times
    # Not ru_maxrss, in which is what the process that started this one held.
    with open("/proc/self/status") as facts:
        print(next(int(fact.split()[1]) // 1024 for fact in facts if fact.startswith("VmHWM:")))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="the system tells no peak of a process")
@pytest.mark.parametrize(("model", "precision"), [("tiny.en", "int8"), ("tiny.en", "int4"), ("base", "int8")])
def test_a_recording_of_any_length_fits_into_a_board(jfk_clip: Path, model: str, precision: str) -> None:
    path = model_place(model, precision)
    if not path.is_file():
        pytest.skip(f"{model} at {precision} is not in the store")
    command = [sys.executable, "-P", "-c", PROGRAM, str(path), str(jfk_clip)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    short_mb, long_mb = map(int, done.stdout.split())
    assert long_mb <= LIMIT_MB[model]
    assert long_mb - short_mb <= MORE_MB
