"""onnxruntime's INT8 products at the encoder's shapes, in turns with ours.

MatMulInteger gives integers; MatMulIntegerToFloat scales them to float32, as our product does. Both get rows of
uint8, which is what they are fastest at, and weights known beforehand, which they pack. What a call of
onnxruntime costs without a product worth speaking of is taken off its times. Its threads end with each
measurement, so that they do not wait actively while ours is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from time import perf_counter
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from edge import ops
from edge.bench.peaks import Peaks
from edge.bench.tables import table

from ..progress import tell

if TYPE_CHECKING:
    import onnx
    import onnxruntime

Operator = Literal["MatMulInteger", "MatMulIntegerToFloat"]
Implementation = Literal["edgewise", "MatMulInteger", "MatMulIntegerToFloat"]

ROWS = (150, 400, 750, 1500)
"""Encoder positions of 3, 8, 15 and 30 s."""
WIDTHS = {"tiny": 384, "base": 512}
_PRODUCTS = {"queries, keys and values": (3, 1), "attention output": (1, 1), "up": (4, 1), "down": (1, 4)}
"""Sizes (outputs, inputs) of the encoder's products as multiples of the model's width."""
_OPSET, _IR = 21, 10
_CONTRIB = "com.microsoft"
_ZERO_POINT = 128
_TINY = (1, 16, 16)
_WARM_UPS = 3


@dataclass(frozen=True, slots=True)
class ProductShape:
    """A product of an encoder."""

    model: str
    where: str
    m: int
    n: int
    k: int


@dataclass(frozen=True, slots=True)
class ProductTimes:
    """Times of one shape in each implementation."""

    model: str
    where: str
    m: int
    n: int
    k: int
    threads: int
    seconds: dict[Implementation, tuple[float, ...]]
    """Seconds of one call, a median for each round."""
    macs_per_s: dict[Implementation, float]
    """Multiply-adds a second in the median round."""
    share_of_peak: float
    """Share of the machine's INT8 peak that ours reaches."""
    ratio: float
    """Ratio of our rate to that of the faster operator: above 1 is ahead."""


Measure = Callable[[Implementation, ProductShape, int, float], float]
"""Function (implementation, shape, threads, seconds to spend) -> seconds of one call."""


def is_installed() -> bool:
    """Tell whether there is an onnxruntime to compare with, and what makes models for it."""
    return find_spec("onnx") is not None and find_spec("onnxruntime") is not None


def encoder_shapes(models: Sequence[str] = tuple(WIDTHS)) -> list[ProductShape]:
    """List every product at every number of rows, of those models whose width is known."""
    return [
        ProductShape(model, where, m, outputs * WIDTHS[model], inputs * WIDTHS[model])
        for model in models
        if model in WIDTHS
        for where, (outputs, inputs) in _PRODUCTS.items()
        for m in ROWS
    ]


def measure_call(engine: Implementation, shape: ProductShape, threads: int, seconds: float) -> float:
    """Measure the median seconds of one product."""
    size = (shape.m, shape.n, shape.k)
    if engine == "edgewise":
        return ops.measure_product("int8", *size, threads, seconds)
    overhead_s = _median_call(engine, _TINY, threads, seconds / 10)
    return max(_median_call(engine, size, threads, seconds) - overhead_s, 1e-9)


def compare_products(
    shapes: Sequence[ProductShape], threads: int, seconds: float, rounds: int, measure: Measure = measure_call
) -> dict[ProductShape, dict[Implementation, list[float]]]:
    """Measure all implementations at all shapes; another one begins each time."""
    engines: tuple[Implementation, ...] = get_args(Implementation)
    times: dict[ProductShape, dict[Implementation, list[float]]] = {}
    for number in range(rounds):
        for index, shape in enumerate(shapes):
            tell(f"round {number + 1} of {rounds}: {shape.model} {shape.where} beside onnxruntime")
            first = (number + index) % len(engines)
            for engine in (*engines[first:], *engines[:first]):
                elapsed_s = measure(engine, shape, threads, seconds)
                times.setdefault(shape, {}).setdefault(engine, []).append(elapsed_s)
    tell("")
    return times


def product_times(shape: ProductShape, seconds: dict[Implementation, list[float]], peaks: Peaks) -> ProductTimes:
    """Compute rates from the times of a shape."""
    macs = shape.m * shape.n * shape.k
    rates = {engine: macs / float(np.median(times)) for engine, times in seconds.items()}
    return ProductTimes(
        model=shape.model,
        where=shape.where,
        m=shape.m,
        n=shape.n,
        k=shape.k,
        threads=peaks.threads,
        seconds={engine: tuple(times) for engine, times in seconds.items()},
        macs_per_s=rates,
        share_of_peak=rates["edgewise"] / peaks.int8,
        ratio=rates["edgewise"] / max(rates[operator] for operator in get_args(Operator)),
    )


def product_table(times: Sequence[ProductTimes]) -> str:
    """Write a row for each shape."""
    operators: tuple[Operator, ...] = get_args(Operator)
    header = ("model", "where", "M", "N", "K", "GMAC/s", "% of peak", *operators, "% of peak", "ratio")
    rows = []
    for one in times:
        ours = one.macs_per_s["edgewise"]
        best = max(one.macs_per_s[operator] for operator in operators)
        rows.append(
            (
                *(one.model, one.where, str(one.m), str(one.n), str(one.k)),
                *(f"{ours / 1e9:.1f}", f"{100 * one.share_of_peak:.0f}"),
                *(f"{one.macs_per_s[operator] / 1e9:.1f}" for operator in operators),
                *(f"{100 * one.share_of_peak * best / ours:.0f}", f"{one.ratio:.2f}"),
            )
        )
    return table(header, rows, n_left=2)


def _median_call(operator: Operator, size: tuple[int, int, int], threads: int, seconds: float) -> float:
    session = _session(operator, size, threads)
    m, _, k = size
    rows = np.random.default_rng(0).integers(0, 255, (m, k), dtype=np.uint8)
    binding = session.io_binding()
    binding.bind_cpu_input("rows", rows)
    binding.bind_output("out", "cpu")
    times: list[float] = []
    for _ in range(_WARM_UPS):
        session.run_with_iobinding(binding)
    deadline = perf_counter() + seconds
    while not times or perf_counter() < deadline:
        began = perf_counter()
        session.run_with_iobinding(binding)
        times.append(perf_counter() - began)
    return float(np.median(times))


def _session(operator: Operator, size: tuple[int, int, int], threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    model = _model(operator, size).SerializeToString()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _model(operator: Operator, size: tuple[int, int, int]) -> onnx.ModelProto:
    """Build a graph of one product whose weights are constants."""
    from onnx import TensorProto, helper, numpy_helper

    m, n, k = size
    constants = {"weights": np.random.default_rng(1).integers(-127, 127, (k, n), dtype=np.int8)}
    zero_points = {"rows_zero": np.uint8(_ZERO_POINT), "weights_zero": np.int8(0)}
    inputs, kind, domain = ["rows", "weights", *zero_points], TensorProto.INT32, ""
    if operator == "MatMulIntegerToFloat":
        scales = {"rows_scale": np.float32(0.01), "weights_scale": np.full(n, 0.01, np.float32)}
        inputs, kind, domain = ["rows", "weights", *scales, *zero_points], TensorProto.FLOAT, _CONTRIB
        constants |= {name: np.asarray(value) for name, value in scales.items()}
    constants |= {name: np.asarray(value) for name, value in zero_points.items()}
    graph = helper.make_graph(
        [helper.make_node(operator, inputs, ["out"], domain=domain)],
        "product",
        [helper.make_tensor_value_info("rows", TensorProto.UINT8, [m, k])],
        [helper.make_tensor_value_info("out", kind, [m, n])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    versions = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
    return helper.make_model(graph, opset_imports=versions, ir_version=_IR)
