"""Measure products and attentions at the shapes of real models, beside what this machine can do at most.

The machine's limits are measured in the same run: INT8 dot products and float32 multiply-adds on registers alone, and
bytes read from memory. The encoder's INT8 products also stand beside onnxruntime's, if that is installed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from edge import ops
from edge.bench.peaks import Peaks, higher, measure_peaks, peaks_line
from edge.bench.result_file import make_result
from edge.bench.tables import machine_line, table
from edge.machine import describe_machine

from ..arguments import add_json, add_models, add_thread_counts, positive
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell
from .elementwise import element_table, measure_elementwise
from .onnx_product import (
    Implementation,
    ProductShape,
    ProductTimes,
    compare_products,
    encoder_shapes,
    is_installed,
    product_table,
    product_times,
)

EXAMPLES = """\
examples:
  python -m benchmarks kernels --models tiny --threads 1
  python -m benchmarks kernels --checkasm build/release/checkasm/checkasm --json kernels.json
"""

SHAPES = Path(__file__).resolve().parent / "shapes"

Measure = Callable[[ops.Product, int, int, int, int, float], float]
"""Function (kind, m, n, k, threads, seconds to spend) -> seconds of one call."""

_BYTES_PER_WEIGHT: dict[str, float] = {"int8": 1.0, "int4": 0.5 + 4 / 32, "f32": 4.0}
"""Bytes of a weight as the kernels read it: INT4 with a float32 scale for each group of 32."""
_ATTENTION_KEYS_AND_VALUES = 2


@dataclass(frozen=True, slots=True)
class Shape:
    """One product of a model."""

    model: str
    m: int
    """Rows of activations; queries of an attention."""
    n: int
    """Outputs; keys of an attention."""
    k: int
    """Depth; width of an attention's head."""
    kinds: tuple[ops.Product, ...]
    """Kernels that compute the product at one precision or another."""
    where: str


@dataclass(frozen=True, slots=True)
class Rate:
    """Speed of one kernel at one shape."""

    kind: str
    model: str
    m: int
    n: int
    k: int
    where: str
    threads: int
    seconds: tuple[float, ...]
    """Seconds of one call, a median for each round."""
    macs_per_s: float
    """Multiply-adds a second in the median round."""
    share_of_peak: float
    """Share of the peak of the same arithmetic; INT4 is computed in int8."""
    share_of_read: float
    """Weights (keys, values) read a second, as a share of the memory's rate: above 1 a cache held them."""


@dataclass(frozen=True, slots=True)
class KernelOptions:
    """Options of the command."""

    models: tuple[str, ...]
    threads: tuple[int, ...]
    seconds: float
    """Time for each measurement."""
    rounds: int
    """Passes over all shapes."""
    checkasm: Path | None = None
    """Program that times the kernels which are no products; they are left out without it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, and for how long."""
    add_models(parser, default=("tiny", "base", "small"))
    add_thread_counts(parser)
    parser.add_argument("--seconds", type=float, default=0.1, help="time for each measurement (default 0.1)")
    parser.add_argument("--rounds", type=positive, default=3, help="passes over all shapes (default 3)")
    parser.add_argument(
        "--checkasm",
        type=Path,
        metavar="PROGRAM",
        help="a built checkasm, to time the kernels that are no products as well",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_kernels(
        KernelOptions(
            models=arguments.models,
            threads=arguments.threads,
            seconds=arguments.seconds,
            rounds=arguments.rounds,
            checkasm=arguments.checkasm,
        )
    )


def read_shapes(model: str) -> list[Shape]:
    """Read the shapes of a model: a line each of M, N, K, kinds and a place."""
    file = SHAPES / f"{model}.txt"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in SHAPES.glob("*.txt")))
        raise BenchmarkError(f"no shapes of {model!r}; there are {known}")
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [_shape(model, line) for line in lines if line.strip()]


def run_kernels(options: KernelOptions) -> dict[str, Any]:
    """Measure, print one table for each number of threads, and return what the JSON file holds."""
    shapes = [shape for model in options.models for shape in read_shapes(model)]
    machine = describe_machine(commit())
    level = ops.cpu_level()
    peaks, rates, beside = [], [], []
    for threads in options.threads:
        print(machine_line(machine, f"{threads} threads", f"kernels {level}"), flush=True)
        before = measure_peaks(threads)
        times = _measure_rounds(options, shapes, threads)
        other_times = _beside_onnxruntime(options, threads)
        peak = higher(before, measure_peaks(threads))
        found = [rate_of(shape, kind, times[shape, kind], peak) for shape in shapes for kind in shape.kinds]
        print(f"peaks: {peaks_line(peak)}\n\n{kernel_table(found)}\n", flush=True)
        compared = [product_times(shape, seconds, peak) for shape, seconds in other_times.items()]
        print(f"{_onnxruntime_table(compared)}\n", flush=True)
        peaks.append(peak)
        rates += found
        beside += compared
    elements = []
    if options.checkasm is not None:
        elements = measure_elementwise(options.checkasm, level, options.rounds)
        print(f"one thread, kernels {level}\n\n{element_table(elements)}", flush=True)
    return make_result(
        "kernels",
        machine,
        settings={"level": level, "seconds": options.seconds, "rounds": options.rounds},
        peaks=[asdict(peak) for peak in peaks],
        results=[asdict(rate) for rate in rates],
        onnxruntime=[asdict(times) for times in beside],
        elementwise=[asdict(rate) for rate in elements],
    )


def rate_of(shape: Shape, kind: str, seconds: Sequence[float], peak: Peaks) -> Rate:
    """Set the times of a kernel beside the peak."""
    median_s = float(np.median(seconds))
    macs_per_s = shape.m * shape.n * shape.k * _products_in(kind) / median_s
    arithmetic = peak.f32 if kind.endswith("f32") else peak.int8
    return Rate(
        kind=kind,
        model=shape.model,
        m=shape.m,
        n=shape.n,
        k=shape.k,
        where=shape.where,
        threads=peak.threads,
        seconds=tuple(seconds),
        macs_per_s=macs_per_s,
        share_of_peak=macs_per_s / arithmetic,
        share_of_read=_bytes_read(shape, kind) / median_s / peak.read,
    )


def kernel_table(rates: Sequence[Rate]) -> str:
    """Write a row for each kernel and shape."""
    header = ("model", "kernel", "where", "M", "N", "K", "us", "GMAC/s", "% of peak", "% of read")
    rows = [
        (
            rate.model,
            rate.kind,
            rate.where,
            str(rate.m),
            str(rate.n),
            str(rate.k),
            f"{float(np.median(rate.seconds)) * 1e6:.1f}",
            f"{rate.macs_per_s / 1e9:.1f}",
            f"{100 * rate.share_of_peak:.0f}",
            f"{100 * rate.share_of_read:.0f}",
        )
        for rate in rates
    ]
    return table(header, rows, n_left=3)


def _shape(model: str, line: str) -> Shape:
    m, n, k, kinds, where = line.split(maxsplit=4)
    names = tuple(kinds.split(","))
    unknown = set(names) - set(get_args(ops.Product))
    if unknown:
        raise BenchmarkError(f"shapes of {model}: there is no kernel {', '.join(sorted(unknown))}")
    return Shape(model, int(m), int(n), int(k), cast("tuple[ops.Product, ...]", names), where)


def _measure_rounds(
    options: KernelOptions, shapes: Sequence[Shape], threads: int, measure: Measure = ops.measure_product
) -> dict[tuple[Shape, str], list[float]]:
    """Measure all shapes once a round, so that a slow moment of the machine spreads over all of them."""
    times: dict[tuple[Shape, str], list[float]] = {}
    for number in range(options.rounds):
        for shape in shapes:
            tell(f"round {number + 1} of {options.rounds}: {shape.model} {shape.where}")
            for kind in shape.kinds:
                seconds = measure(kind, shape.m, shape.n, shape.k, threads, options.seconds)
                times.setdefault((shape, kind), []).append(seconds)
    tell("")
    return times


def _beside_onnxruntime(options: KernelOptions, threads: int) -> dict[ProductShape, dict[Implementation, list[float]]]:
    if not is_installed():
        return {}
    return compare_products(encoder_shapes(options.models), threads, options.seconds, options.rounds)


def _onnxruntime_table(times: Sequence[ProductTimes]) -> str:
    if not is_installed():
        return "Not beside onnxruntime, which is not installed (pip install onnx onnxruntime)."
    return f"int8 beside onnxruntime\n\n{product_table(times)}"


def _products_in(kind: str) -> int:
    """Count products: an attention is two, queries by keys, and weights by values."""
    return _ATTENTION_KEYS_AND_VALUES if kind.startswith("attention") else 1


def _bytes_read(shape: Shape, kind: str) -> float:
    each = _BYTES_PER_WEIGHT[kind.removeprefix("attention_")]
    return shape.n * shape.k * each * _products_in(kind)
