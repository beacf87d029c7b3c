"""Second moments: summed as a stream, kept in a file, refused when damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.errors import FormatError
from export.calibrate.moments import MomentSum, load_moments, save_moments


def summed(n_parts: int = 3) -> MomentSum:
    rng = np.random.default_rng(1)
    rows = (rng.standard_normal((300, 20)) * np.exp(rng.standard_normal(20))).astype(np.float32)
    rows[:, 7] = 0
    total = MomentSum()
    for part in np.array_split(rows, n_parts):
        total("input", part)
    return total


def test_a_stream_gives_the_moments_of_all_rows() -> None:
    once, thrice = summed(1).mean(), summed(3).mean()
    assert once.n_rows == thrice.n_rows == {"input": 300}
    np.testing.assert_allclose(once.matrices["input"], thrice.matrices["input"], rtol=2e-3, atol=1e-6)
    matrix = thrice.matrices["input"]
    np.testing.assert_array_equal(matrix, matrix.T)
    assert not matrix[7].any()


def test_a_file_gives_back_the_same_numbers(tmp_path: Path) -> None:
    moments = summed().mean()
    save_moments(tmp_path / "new" / "m.npz", moments)
    again = load_moments(tmp_path / "new" / "m.npz")
    assert again.n_rows == moments.n_rows
    np.testing.assert_allclose(again.matrices["input"], moments.matrices["input"], rtol=1e-3)
    save_moments(tmp_path / "again.npz", again)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["m.npz"]


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    save_moments(path, summed().mean())
    whole = path.read_bytes()
    for damaged in (b"", b"nonsense", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match="expected moments of a calibration"):
            load_moments(path)
    np.savez(path, **{"x:diagonal": np.ones(4, np.float32), "x:above": np.ones(5, np.float16), "x:n_rows": 1})
    with pytest.raises(FormatError, match="a diagonal of 4"):
        load_moments(path)
