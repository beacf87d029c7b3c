"""Moments: summed as a stream, kept in a file, refused when damaged."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import FormatError
from export.calibrate.moments import MomentSum, combine, load_moments, output_moments, save_moments


def made_rows() -> NDArray[np.float32]:
    """(300, 20), uneven, off zero; one channel is always zero."""
    rng = np.random.default_rng(1)
    rows = (rng.standard_normal((300, 20)) * np.exp(rng.standard_normal(20)) + rng.standard_normal(20)) - 0.5
    rows[:, 7] = 0
    return rows.astype(np.float32)


def summed(n_parts: int = 3) -> MomentSum:
    total = MomentSum()
    for part in np.array_split(made_rows(), n_parts):
        total("input", part)
    return total


def test_a_stream_gives_the_moments_of_all_rows() -> None:
    once, thrice = summed(1).mean(), summed(3).mean()
    assert once.n_rows == thrice.n_rows == {"input": 300}
    np.testing.assert_allclose(once.matrices["input"], thrice.matrices["input"], rtol=2e-3, atol=1e-6)
    matrix = thrice.matrices["input"]
    np.testing.assert_array_equal(matrix, matrix.T)
    assert not matrix[7].any()
    rows = made_rows()
    np.testing.assert_allclose(thrice.means["input"], rows.mean(axis=0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_array_equal(thrice.largest["input"], np.abs(rows).max(axis=0))
    assert {thrice.means["input"].dtype, thrice.largest["input"].dtype} == {np.dtype(np.float32)}


def test_a_part_without_rows_adds_nothing() -> None:
    total = summed()
    total("input", np.zeros((0, 20), np.float32))
    assert total.mean().n_rows == {"input": 300}
    np.testing.assert_array_equal(total.mean().largest["input"], summed().mean().largest["input"])


@pytest.mark.parametrize("has_bias", [True, False])
def test_moments_of_outputs_follow_from_those_of_inputs(has_bias: bool) -> None:
    rng = np.random.default_rng(2)
    weight = rng.standard_normal((12, 20)).astype(np.float32)
    bias = rng.standard_normal(12).astype(np.float32) if has_bias else None
    outputs = MomentSum()
    outputs("output", (made_rows() @ weight.T + (0 if bias is None else bias)).astype(np.float32))
    inputs, expected = summed().mean(), outputs.mean()
    second, mean = output_moments(weight, bias, inputs.matrices["input"], inputs.means["input"])
    np.testing.assert_allclose(mean, expected.means["output"], rtol=1e-5, atol=1e-5)
    # float16 correlations of both are the difference.
    np.testing.assert_allclose(second, expected.matrices["output"], atol=2e-3 * np.diagonal(second).max())
    rows = made_rows().astype(np.float64)
    exact, _ = output_moments(weight, bias, rows.T @ rows / len(rows), rows.mean(axis=0))
    np.testing.assert_allclose(np.diagonal(exact), np.diagonal(expected.matrices["output"]), rtol=1e-5)


def test_a_file_gives_back_the_same_numbers(tmp_path: Path) -> None:
    moments = summed().mean()
    save_moments(tmp_path / "new" / "m.npz", moments)
    again = load_moments(tmp_path / "new" / "m.npz")
    assert again.n_rows == moments.n_rows
    np.testing.assert_allclose(again.matrices["input"], moments.matrices["input"], rtol=1e-3)
    np.testing.assert_array_equal(again.means["input"], moments.means["input"])
    np.testing.assert_array_equal(again.largest["input"], moments.largest["input"])
    save_moments(tmp_path / "again.npz", again)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["m.npz"]


Arrays = dict[str, NDArray[Any]]


def _save(path: Path, arrays: Arrays) -> None:
    """Write an npz of these arrays."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.save(file, values)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    save_moments(path, summed().mean())
    whole = path.read_bytes()
    for damaged in (b"", b"nonsense", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match="expected moments of a calibration"):
            load_moments(path)
    short: Arrays = {"x:diagonal": np.ones(4, np.float32), "x:above": np.ones(5, np.float16), "x:n_rows": np.array(1)}
    _save(path, short)
    with pytest.raises(FormatError, match="a diagonal of 4"):
        load_moments(path)
    arrays: Arrays = {**short, "x:above": np.ones(6, np.float16)}
    vectors = {"x:mean": np.ones(4, np.float32), "x:largest": np.ones(4, np.float32)}
    for name in vectors:
        for wrong in (np.ones(5, np.float32), np.full(4, np.nan, np.float32), np.ones(4)):
            _save(path, {**arrays, **vectors, name: wrong})
            with pytest.raises(FormatError, match="where 4 finite float32 belong"):
                load_moments(path)


def test_moments_of_several_runs_count_by_their_rows() -> None:
    rng = np.random.default_rng(4)
    rows = [rng.standard_normal((n, 8)).astype(np.float32) * n for n in (3, 40)]
    parts, together = [], MomentSum()
    for some in rows:
        alone = MomentSum()
        alone("x", some)
        together("x", some)
        parts.append(alone.mean())
    found, expected = combine(parts), together.mean()
    assert found.n_rows == {"x": 43}
    np.testing.assert_allclose(found.matrices["x"], expected.matrices["x"], rtol=2e-3, atol=1)
    np.testing.assert_allclose(found.means["x"], expected.means["x"], rtol=1e-4)
    np.testing.assert_array_equal(found.largest["x"], expected.largest["x"])
