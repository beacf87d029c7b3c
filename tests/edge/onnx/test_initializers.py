"""The numbers of a graph by name, read without onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import FormatError
from edge.onnx.initializers import read_initializers

onnx = pytest.importorskip("onnx")


def write(path: Path, *tensors: Any) -> Path:
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([], "numbers", [], [], list(tensors))), path)
    return path


def test_float_tensors_are_read_by_name(tmp_path: Path) -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
    scalar = np.array(7, np.float32)
    tensors = [onnx.numpy_helper.from_array(array, name) for name, array in (("matrix", matrix), ("scalar", scalar))]
    found = read_initializers(write(tmp_path / "a.onnx", *tensors))
    assert found.keys() == {"matrix", "scalar"}
    np.testing.assert_array_equal(found["matrix"], matrix)
    assert found["scalar"].shape == ()
    assert found["matrix"].flags.writeable


def test_other_types_and_forms_are_left_out(tmp_path: Path) -> None:
    whole = onnx.numpy_helper.from_array(np.arange(3), "whole")
    listed = onnx.TensorProto(name="listed", data_type=onnx.TensorProto.FLOAT, dims=[2], float_data=[1.0, 2.0])
    assert read_initializers(write(tmp_path / "a.onnx", whole, listed)) == {}


def test_a_tensor_of_another_size_than_it_says_is_refused(tmp_path: Path) -> None:
    tensor = onnx.TensorProto(name="short", data_type=onnx.TensorProto.FLOAT, dims=[5], raw_data=b"\0" * 16)
    with pytest.raises(FormatError, match=r"tensor 'short' has 16 bytes; \[5\] floats have 20"):
        read_initializers(write(tmp_path / "a.onnx", tensor))


def test_a_graph_that_reads_other_files_is_refused(tmp_path: Path) -> None:
    tensor = onnx.TensorProto(name="w", data_type=onnx.TensorProto.FLOAT, dims=[1], data_location=1)
    tensor.external_data.add(key="location", value="passwd")
    path = tmp_path / "a.onnx"
    path.write_bytes(onnx.ModelProto(graph=onnx.GraphProto(initializer=[tensor])).SerializeToString())
    with pytest.raises(FormatError, match="only the graph itself is read"):
        read_initializers(path)
