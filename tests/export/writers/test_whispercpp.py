"""whisper.cpp's `.bin` at every precision that whisper.cpp itself would write."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.quant import dequantize_q8_0, quantize_q8_0
from export.checkpoint.types import Checkpoint
from export.sources.whispercpp import read_whispercpp
from export.writers.whispercpp import Precision, is_matrix, write_whispercpp


@pytest.mark.parametrize(("precision", "file_type"), [("f32", 0), ("f16", 1), ("q8_0", 2007)])
def test_the_header_names_the_type(
    precision: Precision, file_type: int, tmp_path: Path, make_checkpoint: Callable[..., Checkpoint]
) -> None:
    path = tmp_path / "model.bin"
    write_whispercpp(make_checkpoint("tiny.en"), path, precision)
    assert struct.unpack_from("<i", path.read_bytes(), 11 * 4) == (file_type,)


def test_q8_0_rounds_matrices_alone(tmp_path: Path, make_checkpoint: Callable[..., Checkpoint]) -> None:
    checkpoint = make_checkpoint("tiny.en")
    write_whispercpp(checkpoint, tmp_path / "model.bin", "q8_0")
    read = read_whispercpp(tmp_path / "model.bin").tensors
    assert read.keys() == checkpoint.tensors.keys()
    for name, tensor in checkpoint.tensors.items():
        expected = np.asarray(tensor, np.float32)
        if is_matrix(name):
            blocks = expected.ndim == 2
            expected = dequantize_q8_0(quantize_q8_0(expected)) if blocks else expected.astype(np.float16)
        np.testing.assert_array_equal(read[name].astype(np.float32), expected.astype(np.float32), err_msg=name)
