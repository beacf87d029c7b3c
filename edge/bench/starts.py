"""Measures how long a new process takes to its first words, how much memory it holds and how many pages it reads.

The file of the model is dropped from the memory that the system keeps of files, where the system lets that be asked;
the sound comes with the request.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..arrays import FloatArray
from ..errors import EdgeError
from ..machine import Pages
from ..recognizer import Recognizer
from .result_file import OPTIONAL

_WITHIN_S = 600.0
_PROGRAM = """
import json, sys, time
began = time.perf_counter()
import numpy as np
import edge
imported = time.perf_counter()
path, threads, settings = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
samples = np.frombuffer(sys.stdin.buffer.read(), "<f4")
model = edge.load(path, threads=threads, offline=True)
loaded = time.perf_counter()
text = model.transcribe(samples, **settings).text
ended = time.perf_counter()
from dataclasses import asdict
from edge.machine import pages_read, peak_rss_mb
pages = pages_read()
pages = None if pages is None else asdict(pages)
print(json.dumps([imported - began, loaded - imported, ended - loaded, peak_rss_mb(), pages]))
"""


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a process that reads a clip, and ends."""

    model: str
    precision: str
    threads: int
    is_cold: bool
    """Whether the model's file was asked to leave the memory before."""
    total_s: float
    """Seconds from the start of the process to its end."""
    import_s: float
    load_s: float
    first_s: float
    """Seconds of the first transcription."""
    peak_rss_mb: float | None
    """Memory that the process held at most; None where the system does not tell."""
    pages: Pages | None = field(default=None, metadata=OPTIONAL)
    """Pages that the process read; None where the system does not tell."""


def measure_start(
    model: Recognizer, threads: int, clip: FloatArray, settings: Mapping[str, Any] | None = None
) -> Start:
    """Start a process that reads a clip (n_samples,) with a model, and settings of transcription.

    Raises:
        EdgeError: the process failed.
    """
    is_cold = _drop(model.path)
    command = [
        sys.executable,
        "-P",
        "-c",
        _PROGRAM,
        str(model.path.absolute()),
        str(threads),
        json.dumps(settings or {}),
    ]
    began = time.perf_counter()
    done = subprocess.run(command, input=clip.astype("<f4").tobytes(), capture_output=True, timeout=_WITHIN_S)
    total_s = time.perf_counter() - began
    if done.returncode:
        raise EdgeError(f"a new process could not read the clip: {done.stderr.decode(errors='replace')[-500:]}")
    import_s, load_s, first_s, peak_mb, told = json.loads(done.stdout)
    pages = None if told is None else Pages(**told)
    return Start(model.name, model.precision, threads, is_cold, total_s, import_s, load_s, first_s, peak_mb, pages)


def _drop(path: Path) -> bool:
    """Ask the system to forget a file's pages; whether it could be asked."""
    if not hasattr(os, "posix_fadvise"):
        return False
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True
