"""Shapes of real models, and rates beside the peak."""

from __future__ import annotations

from typing import get_args

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.kernels import (
    SHAPES,
    KernelOptions,
    Peaks,
    Shape,
    kernel_table,
    rate_of,
    read_shapes,
    run_kernels,
)
from edge import ops

PEAK = Peaks(threads=2, int8=200e9, f32=50e9, read=40e9)


@pytest.mark.parametrize("model", sorted(path.stem for path in SHAPES.glob("*.txt")))
def test_shapes_are_what_the_kernels_take(model: str) -> None:
    shapes = read_shapes(model)
    assert {1, 1500} <= {shape.m for shape in shapes}
    assert {kind for shape in shapes for kind in shape.kinds} == set(get_args(ops.Product))
    for shape in shapes:
        assert "int4" not in shape.kinds or shape.k % 32 == 0
        assert not any(kind.startswith("attention") for kind in shape.kinds) or shape.k == 64


def test_an_unknown_model_names_the_known_ones() -> None:
    with pytest.raises(BenchmarkError, match="base, small, tiny"):
        read_shapes("huge")


def test_rates_of_known_times() -> None:
    shape = Shape("tiny", 1500, 384, 384, ("int8", "int4"), "somewhere")
    macs = 1500 * 384 * 384
    rate = rate_of(shape, "int8", [2e-3, 1e-3, 4e-3], PEAK)
    assert rate.macs_per_s == pytest.approx(macs / 2e-3)
    assert rate.share_of_peak == pytest.approx(macs / 2e-3 / 200e9)
    assert rate.share_of_read == pytest.approx(384 * 384 / 2e-3 / 40e9)
    assert rate_of(shape, "int4", [2e-3], PEAK).share_of_peak == rate.share_of_peak
    assert rate_of(shape, "f32", [2e-3], PEAK).share_of_peak == pytest.approx(macs / 2e-3 / 50e9)
    assert "somewhere" in kernel_table([rate])


def test_an_attention_is_two_products() -> None:
    shape = Shape("tiny", 100, 1500, 64, ("attention_int8",), "cross")
    assert rate_of(shape, "attention_int8", [1.0], PEAK).macs_per_s == pytest.approx(2 * 100 * 1500 * 64)


def test_measuring_for_an_instant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.kernels.measure_peaks", lambda threads: PEAK)
    monkeypatch.setattr(
        "benchmarks.kernels.read_shapes", lambda model: [Shape(model, 1, 48, 64, ("int8",), "x")]
    )
    result = run_kernels(KernelOptions(models=("tiny",), threads=(1,), seconds=1e-3, rounds=2))
    (row,) = result["results"]
    assert len(row["seconds"]) == 2
    assert row["macs_per_s"] > 0
    assert "peaks: int8 200 GMAC/s" in capsys.readouterr().out
