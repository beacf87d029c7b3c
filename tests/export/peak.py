"""Exports a random checkpoint of a published model's shapes, runs it, and says how much memory each step took.

    python -m tests.export.peak large-v3 int8 FOLDER

FOLDER has room for the checkpoint and for twice the model; what is there already is used again. Each step is a process
of its own, so that what it prints is its peak alone. The export must stay under --most-mb.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import edge
from edge.store import ensure
from edge.whisper.file.dims import WhisperDims, tensor_shapes
from edge.whisper.file.published import PUBLISHED
from export.whisper import export_whisper
from tests.export.sources.pt_files import write_pt

STEPS = ("checkpoint", "export", "run")


@dataclass(frozen=True)
class RandomTensors(Mapping[str, NDArray[Any]]):
    """Weights of these sizes, each drawn when it is asked for."""

    dims: WhisperDims

    def __getitem__(self, name: str) -> NDArray[Any]:
        generator = np.random.default_rng(sum(name.encode()))
        drawn = generator.standard_normal(tensor_shapes(self.dims)[name], np.float32)
        drawn *= 0.02
        return drawn.astype(np.float16)

    def __iter__(self) -> Iterator[str]:
        return iter(tensor_shapes(self.dims))

    def __len__(self) -> int:
        return len(tensor_shapes(self.dims))


def make(step: str, name: str, precision: str, folder: Path) -> None:
    """Make what a step makes."""
    source, model = folder / f"{name}.pt", folder / f"{name}-{precision}.gguf"
    if step == "checkpoint":
        if not source.exists():
            write_pt(source, PUBLISHED[name], RandomTensors(PUBLISHED[name]))
    elif step == "export":
        export_whisper(source, model, precision=precision, name=name, assets=lambda: ensure("whisper-tables"))
    else:
        noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) * 0.1
        result = edge.load(model).transcribe(noise, language="en", vad=False, temperature=0)
        assert result.duration == 1


def main() -> int:
    """Take the steps in turn; 1 if the export took too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=PUBLISHED)
    parser.add_argument("precision")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most-mb", type=float, default=2000)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        began = time.perf_counter()
        make(args.step, args.name, args.precision, args.folder)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6 * 1024, time.perf_counter() - began)
        return 0
    status = 0
    for step in STEPS:
        command = [sys.executable, "-m", "tests.export.peak", args.name, args.precision, str(args.folder)]
        found = subprocess.run([*command, "--step", step], stdout=subprocess.PIPE, text=True, check=True)
        megabytes, seconds = map(float, found.stdout.split())
        print(f"{step}: at most {megabytes:.0f} MB, {seconds:.0f} s", flush=True)
        if step == "export" and megabytes > args.most_mb:
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
