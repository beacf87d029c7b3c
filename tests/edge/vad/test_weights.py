from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.errors import FormatError
from edge.vad.weights import read_initializers

from .conftest import field, onnx_file

SMALL = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(1, np.float32), "": np.zeros(0, np.float32)}
DATA = onnx_file(SMALL)


def test_initializers_are_read(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(DATA)
    found = read_initializers(path)
    assert list(found) == list(SMALL)
    for name, values in SMALL.items():
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize(
    "data",
    [
        b"not an ONNX model",
        field(7, field(5, field(1, 3) + field(2, 1) + field(8, b"x") + field(9, bytes(8)))),  # 3 numbers in 8 bytes
        field(7, field(5, field(1, 2**62) + field(2, 1) + field(9, b""))),
        field(7, field(5, field(2, 1) + field(8, b"\xff\xfe") + field(9, bytes(4)))),
        b"\x3a" + b"\xff" * 12,
        DATA[:-5],
    ],
)
def test_damage_is_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"model\.onnx: expected an ONNX model, found damaged data"):
        read_initializers(path)


@given(st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    mutated = bytearray(DATA)
    for _ in range(data.draw(st.integers(1, 4))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "model.onnx"
    path.write_bytes(mutated[: data.draw(st.integers(0, len(mutated)))])
    with suppress(FormatError):
        read_initializers(path)
