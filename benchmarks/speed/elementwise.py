"""The kernels that are no products, timed by `checkasm --bench` on one thread."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.bench.tables import table

from ..errors import BenchmarkError

_MEASURED_ELSEWHERE = ("gemm", "attention", "peak")
_UNIT = "ns/element"


@dataclass(frozen=True, slots=True)
class ElementRate:
    """Speed of one kernel at one size."""

    kind: str
    shape: str
    """Rows x columns, as checkasm writes them."""
    level: str
    ns_per_element: tuple[float, ...]
    """Nanoseconds for each round."""


def measure_elementwise(checkasm: Path, level: str, rounds: int) -> list[ElementRate]:
    """Run a built checkasm (`tests/checkasm/README.md` says how to build it) for each of its kernels."""
    lines = [line.split() for line in _run(checkasm, "--list")]
    kernels = [words[1] for words in lines if words[0] == "kernel"]
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for kernel in kernels:
            if not kernel.startswith(_MEASURED_ELSEWHERE):
                for shape, ns in _parse(_run(checkasm, "--bench", "--level", level, "--kernel", kernel), level):
                    found.setdefault((kernel, shape), []).append(ns)
    return [ElementRate(kernel, shape, level, tuple(times)) for (kernel, shape), times in found.items()]


def element_table(rates: Sequence[ElementRate]) -> str:
    """Write a row for each kernel and size."""
    rows = [(rate.kind, rate.shape, f"{float(np.median(rate.ns_per_element)):.3f}") for rate in rates]
    return table(("kernel", "size", "ns an element"), rows, n_left=2)


def _parse(lines: Sequence[str], level: str) -> list[tuple[str, float]]:
    """Return (shape, nanoseconds) of each line `kernel shape level value unit ...` of a level."""
    split = [line.split() for line in lines]
    return [(words[1], float(words[3])) for words in split if words[2] == level and words[4] == _UNIT]


def _run(checkasm: Path, *arguments: str) -> list[str]:
    try:
        done = subprocess.run([str(checkasm), *arguments], capture_output=True, text=True, check=True)
    except OSError as error:
        raise BenchmarkError(f"cannot run {checkasm}: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        raise BenchmarkError(f"{checkasm} {' '.join(arguments)} failed: {error.stderr.strip()}") from error
    return [line for line in done.stdout.splitlines() if line.strip()]
