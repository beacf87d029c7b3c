"""What an export tells of what it wrote, and of where it failed."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from export.onnx.result import GraphReport, OnnxReport
from export.result import ExportReport, TensorReport, naming


def test_a_report_of_tensors_names_the_worst_of_each_type() -> None:
    tensors = (
        TensorReport("a", "i8", 2_000_000, 0.01),
        TensorReport("b", "i8", 1_000_000, 0.02),
        TensorReport("c", "f32", 500_000, 0.0),
    )
    lines = str(ExportReport(Path("m.gguf"), "tiny", "int8", 3_600_000, tensors)).splitlines()
    assert lines == [
        "m.gguf: tiny at int8, 3.6 MB",
        "  i8       2 tensors      3.0 MB, rounding at most 2.00% (b)",
        "  f32      1 tensors      0.5 MB",
    ]


def test_a_report_of_graphs_compares_them_with_transformers() -> None:
    onnx = OnnxReport((GraphReport("model.onnx", 1_000_000, error=0.001, largest=0.1, mean=0.01),), 15, 16)
    lines = str(ExportReport(Path("out"), "smollm2", "w8", 1_100_000, (), onnx)).splitlines()
    assert lines[0] == "out: smollm2 at w8, 1.1 MB"
    assert lines[1].startswith("  model.onnx ")
    assert lines[1].endswith(" 1.0 MB, off transformers by 1.0e-03 of its numbers")
    assert lines[2] == "  15 of 16 greedy tokens as transformers'"


def test_a_full_disk_is_told_of_with_the_file_that_was_written() -> None:
    with pytest.raises(OSError, match=r"No space left on device: 'm\.gguf'"), naming(Path("m.gguf")):
        raise OSError(errno.ENOSPC, "full")
    with pytest.raises(FileNotFoundError) as caught, naming(Path("m.gguf")):
        raise FileNotFoundError(errno.ENOENT, "absent", "a.wav")
    assert caught.value.filename == "a.wav"
