"""safetensors files, written a tensor at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

SafetensorsType = Literal["F16", "BF16", "F32"]

_BYTES: Mapping[SafetensorsType, int] = {"F16": 2, "BF16": 2, "F32": 4}


def write_safetensors(
    path: Path, layout: Mapping[str, tuple[SafetensorsType, tuple[int, ...]]], tensors: Iterable[NDArray[Any]]
) -> None:
    """Write `tensors`, which come in the order of `layout` and with its types and shapes; bfloat16 as uint16."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, (kind, shape) in layout.items():
        end = offset + math.prod(shape) * _BYTES[kind]
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)  # so that the data begin aligned
    with path.open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        for tensor in tensors:
            file.write(tensor.data)
