"""openai-whisper's `.pt` files, written without torch."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge.whisper.file.dims import WhisperDims
from export.sources.names import openai_name


def write_pt(path: Path, dims: WhisperDims, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Write float16 tensors as torch does, one at a time: a pickle, and an entry for each storage."""
    sizes = {name: value for name, value in asdict(dims).items() if name != "layers"}
    pickled = b"\x80\x02}(" + _text("dims") + b"}("
    pickled += b"".join(_text(name) + _number(value) for name, value in sizes.items()) + b"u"
    pickled += _text("model_state_dict") + b"ccollections\nOrderedDict\n)R("
    with zipfile.ZipFile(path, "w") as archive:
        for key, (name, tensor) in enumerate(tensors.items()):
            pickled += _text(openai_name(name)) + _tensor(str(key), tensor.shape)
            archive.writestr(f"{path.stem}/data/{key}", tensor.astype("<f2").tobytes())
        archive.writestr(f"{path.stem}/data.pkl", pickled + b"uu.")
        archive.writestr(f"{path.stem}/version", "3")


def _text(text: str) -> bytes:
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def _number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def _tensor(key: str, shape: tuple[int, ...]) -> bytes:
    count, strides = 1, []
    for size in reversed(shape):
        strides.append(count)
        count *= size
    storage = b"(" + _text("storage") + b"ctorch\nHalfStorage\n" + _text(key) + _text("cpu") + _number(count) + b"tQ"
    sizes, steps = (b"(" + b"".join(map(_number, numbers)) + b"t" for numbers in (shape, strides[::-1]))
    hooks = b"ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + _number(0) + sizes + steps + b"\x89" + hooks + b"tR"
