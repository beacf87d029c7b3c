"""Products beside onnxruntime's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.speed.onnx_product import (
    Implementation,
    ProductShape,
    compare_products,
    encoder_shapes,
    measure_call,
    product_table,
    product_times,
)
from edge.bench.peaks import Peaks

PEAKS = Peaks(threads=2, int8=200e9, f32=50e9, read=40e9)
SHAPE = ProductShape("tiny", "attention output", 400, 384, 384)
SECONDS: dict[Implementation, float] = {"edgewise": 1e-3, "MatMulInteger": 2e-3, "MatMulIntegerToFloat": 4e-3}


def test_shapes_are_those_of_real_encoders() -> None:
    shapes = encoder_shapes()
    assert len(shapes) == 2 * 4 * 4
    assert ProductShape("tiny", "queries, keys and values", 150, 1152, 384) in shapes
    assert ProductShape("base", "down", 1500, 512, 2048) in shapes
    assert encoder_shapes(("huge",)) == []


def test_engines_take_turns_in_beginning() -> None:
    order: list[Implementation] = []

    def measure(engine: Implementation, shape: ProductShape, threads: int, seconds: float) -> float:
        order.append(engine)
        return SECONDS[engine]

    times = compare_products([SHAPE], threads=2, seconds=0.1, rounds=3, measure=measure)
    assert order[::3] == ["edgewise", "MatMulInteger", "MatMulIntegerToFloat"]
    assert times[SHAPE] == {engine: [seconds] * 3 for engine, seconds in SECONDS.items()}


def test_rates_of_known_times() -> None:
    times = product_times(SHAPE, {engine: [seconds] for engine, seconds in SECONDS.items()}, PEAKS)
    macs = 400 * 384 * 384
    assert times.macs_per_s["MatMulInteger"] == pytest.approx(macs / 2e-3)
    assert times.share_of_peak == pytest.approx(macs / 1e-3 / 200e9)
    assert times.ratio == pytest.approx(2.0)
    row = product_table([times]).splitlines()[-1]
    assert [cell.strip() for cell in row.split("|")[6:-1]] == ["59.0", "29", "29.5", "14.7", "15", "2.00"]


@pytest.mark.parametrize("operator", ["MatMulInteger", "MatMulIntegerToFloat"])
def test_onnxruntime_is_timed(operator: Implementation) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    assert measure_call(operator, ProductShape("tiny", "any", 64, 96, 64), threads=1, seconds=1e-3) > 0


def test_its_products_are_the_ones_meant() -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from benchmarks.speed.onnx_product import _model, _session

    size = (3, 32, 64)
    rows = np.random.default_rng(0).integers(0, 255, (3, 64), dtype=np.uint8)
    weights = _weights(_model("MatMulInteger", size))
    integers, floats = (
        _session(operator, size, threads=1).run(None, {"rows": rows})[0]
        for operator in ("MatMulInteger", "MatMulIntegerToFloat")
    )
    expected = (rows.astype(np.int32) - 128) @ weights.astype(np.int32)
    np.testing.assert_array_equal(integers, expected)
    np.testing.assert_allclose(floats, expected * 1e-4, rtol=1e-5)


def _weights(model: Any) -> Any:
    from onnx import numpy_helper

    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    return arrays["weights"]
