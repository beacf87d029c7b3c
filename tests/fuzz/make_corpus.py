"""Seeds for the GGUF fuzzer: small valid files that use every kind of value and tensor."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.gguf.file import MetadataValue, StoredTensor
from edge.gguf.types import VALUE_DTYPES, TensorType
from edge.gguf.writer import write_gguf


def seeds() -> dict[str, tuple[dict[str, MetadataValue], list[StoredTensor]]]:
    """Name → metadata and tensors of a file of less than 4 KiB."""
    rng = np.random.default_rng(0)
    arrays: dict[str, MetadataValue] = {
        f"array.{kind.name.lower()}": np.arange(3).astype(dtype) for kind, dtype in VALUE_DTYPES.items()
    }
    scalars: dict[str, MetadataValue] = {
        "general.architecture": "whisper",
        "general.alignment": 32,
        "a.bool": True,
        "a.float": 0.5,
        "a.list": ["", "one", "zwei 二"],
    }
    tensors = [
        StoredTensor("f32", TensorType.F32, (2, 3), rng.random((2, 3), np.float32)),
        StoredTensor("f16", TensorType.F16, (5,), np.ones(5, np.float16)),
        StoredTensor("i8", TensorType.I8, (1, 2, 3, 4), np.zeros((1, 2, 3, 4), np.int8)),
        StoredTensor("q4_0", TensorType.Q4_0, (2, 64), np.zeros((2, 36), np.uint8)),
        StoredTensor("q8_0", TensorType.Q8_0, (1, 32), np.zeros((1, 34), np.uint8)),
        StoredTensor("scalar", TensorType.F32, (), np.zeros(1, np.float32)),
    ]
    padding = StoredTensor("padding", TensorType.I8, (32,), np.zeros(32, np.int8))
    return {
        "empty": ({}, []),
        "one": ({}, [padding]),
        "many": ({}, [replace(padding, name=f"t{index}") for index in range(20)]),
        "scalars": (scalars, []),
        "arrays": (arrays, []),
        "tensors": ({}, tensors),
        "all": ({**scalars, **arrays}, tensors),
    }


def write_corpus(folder: Path) -> list[Path]:
    """Write every seed; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, (metadata, tensors) in seeds().items():
        paths.append(folder / f"{name}.gguf")
        write_gguf(paths[-1], metadata, tensors)
    return paths


if __name__ == "__main__":
    write_corpus(Path(sys.argv[1]))
