"""Shapes of real models, and rates beside the peak."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.speed.elementwise import ElementRate, measure_elementwise
from benchmarks.speed.kernels import (
    SHAPES,
    KernelOptions,
    Shape,
    kernel_table,
    rate_of,
    read_shapes,
    run_kernels,
)
from edge import ops
from edge.bench.compare import compare
from edge.bench.peaks import Peaks

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


def test_measuring_for_an_instant(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("benchmarks.speed.kernels.measure_peaks", lambda threads: PEAK)
    monkeypatch.setattr("benchmarks.speed.kernels.read_shapes", lambda model: [Shape(model, 1, 48, 64, ("int8",), "x")])
    monkeypatch.setattr("benchmarks.speed.kernels.is_installed", lambda: False)
    result = run_kernels(KernelOptions(models=("tiny",), threads=(1,), seconds=1e-3, rounds=2))
    (row,) = result["results"]
    assert len(row["seconds"]) == 2
    assert row["macs_per_s"] > 0
    assert result["onnxruntime"] == []
    shown = capsys.readouterr().out
    assert "peaks: int8 200 GMAC/s" in shown
    assert "onnxruntime, which is not installed" in shown


@pytest.fixture
def checkasm(tmp_path: Path) -> Path:
    """A program that answers as checkasm does."""
    program = tmp_path / "checkasm"
    program.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        "--list) printf 'kernel gemm_q8\\nkernel gelu\\nlevel ref\\nlevel avx2\\n' ;;\n"
        "*gelu) echo 'gelu  1500x1536  avx2  0.250 ns/element  20.0 x ref' ;;\n"
        "*) echo 'checkasm: unknown' >&2; exit 2 ;;\n"
        "esac\n"
    )
    program.chmod(0o755)
    return program


def test_kernels_that_are_no_products_come_from_checkasm(checkasm: Path) -> None:
    (rate,) = measure_elementwise(checkasm, "avx2", rounds=2)
    assert rate == ElementRate("gelu", "1500x1536", "avx2", (0.25, 0.25))


def test_a_checkasm_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"cannot run .*missing: No such file"):
        measure_elementwise(tmp_path / "missing", "avx2", rounds=1)


def test_comparison_tells_kernels_that_changed(tmp_path: Path) -> None:
    def write(name: str, seconds: float, ns: float) -> Path:
        shape = Shape("tiny", 1500, 384, 384, ("int8",), "somewhere")
        rates = [rate_of(shape, "int8", [seconds, seconds * 1.01], PEAK), rate_of(shape, "f32", [1.0], PEAK)]
        file = {
            "kind": "kernels",
            "format": 1,
            "machine": {"cpu": "some", "cores": 2, "governor": None},
            "results": [asdict(rate) for rate in rates],
            "elementwise": [asdict(ElementRate("gelu", "1500x1536", "avx2", (ns,)))],
        }
        (tmp_path / name).write_text(json.dumps(file), encoding="utf-8")
        return tmp_path / name

    first, second = write("a.json", 1e-3, 0.5), write("b.json", 5e-4, 0.25)
    lines = compare(first, second).splitlines()[2:]
    assert [line.split("|")[1].strip() for line in lines] == ["int8", "gelu"]
    assert all("50 % faster" in line for line in lines)
    assert compare(first, first) == "No kernel changed beyond the noise."
