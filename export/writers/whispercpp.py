"""whisper.cpp's `.bin`, so that engines built on it run the very same weights.

Little-endian: the magic "ggml" as u32, eleven i32 sizes of which the last names the type of the weights, the
mel filters, the text tokens (a u32 length and the bytes of each), then the tensors: i32 number of dimensions,
length of the name and type, the sizes with the fastest first, the name, the data. Matrices have the file's
type; vectors, positions and the convolutions' biases, which are columns there, are float32. Convolutions have
the file's type too, but float16 in a quantized file.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from edge.files import replacing_file
from edge.progress import Progress
from edge.quant import quantize_q8_0

from ..checkpoint.types import Checkpoint, as_float
from ..sources.names import openai_name

MAGIC = 0x67676D6C
TYPE_F32, TYPE_F16, TYPE_Q8_0 = 0, 1, 8
"""Types of one tensor."""

FILE_F32, FILE_F16, FILE_Q8_0 = 0, 1, 2007
"""Types of the weights, in the header: 7 is q8_0, and the thousands count the versions of ggml's blocks."""

Precision = Literal["f32", "f16", "q8_0"]

_TYPES: dict[Precision, tuple[int, int]] = {
    "f32": (FILE_F32, TYPE_F32),
    "f16": (FILE_F16, TYPE_F16),
    "q8_0": (FILE_Q8_0, TYPE_Q8_0),
}


def write_whispercpp(
    checkpoint: Checkpoint, path: Path, precision: Precision = "f16", *, progress: Progress | None = None
) -> None:
    """Write `checkpoint` with its matrices in `precision`; the file appears when it is whole."""
    file_type, type_id = _TYPES[precision]
    with replacing_file(path) as file:
        _write_header(file, checkpoint, file_type)
        total = len(checkpoint.tensors)
        for done, (name, tensor) in enumerate(checkpoint.tensors.items()):
            if progress is not None:
                progress("writing tensors", done, total)
            _write_tensor(file, name, tensor, type_id)
        if progress is not None:
            progress("writing tensors", total, total)


def is_matrix(name: str) -> bool:
    """Whether whisper.cpp wants a tensor in the file's type. The others must be float32."""
    return name.endswith(".weight") and "norm" not in name and not name.endswith("pos_emb.weight")


def _write_header(file: BinaryIO, checkpoint: Checkpoint, file_type: int) -> None:
    dims = checkpoint.dims
    sizes = (
        dims.n_vocab,
        dims.n_audio_ctx,
        dims.n_audio_state,
        dims.n_audio_head,
        dims.n_audio_layer,
        dims.n_text_ctx,
        dims.n_text_state,
        dims.n_text_head,
        dims.n_text_layer,
        dims.n_mels,
    )
    file.write(struct.pack("<I11i", MAGIC, *sizes, file_type))
    filters = checkpoint.mel_filters
    file.write(struct.pack("<2i", *filters.shape))
    file.write(filters.astype("<f4").tobytes())
    text = checkpoint.vocabulary.tokens[: checkpoint.vocabulary.n_special_from]
    file.write(struct.pack("<i", len(text)))
    for token in text:
        file.write(struct.pack("<I", len(token)) + token)


def _write_tensor(file: BinaryIO, name: str, tensor: NDArray[Any], type_id: int) -> None:
    shape = (*tensor.shape, 1) if name.endswith("bias") and ".conv." in name else tensor.shape
    kind = type_id if is_matrix(name) else TYPE_F32
    if kind == TYPE_Q8_0 and tensor.ndim == 3:
        kind = TYPE_F16  # three taps make no block of 32
    foreign = openai_name(name).encode()
    file.write(struct.pack("<3i", len(shape), len(foreign), kind))
    file.write(struct.pack(f"<{len(shape)}i", *reversed(shape)))
    file.write(foreign)
    if kind == TYPE_Q8_0:
        file.write(quantize_q8_0(np.ascontiguousarray(tensor, dtype=np.float32)).tobytes())
    else:
        file.write(as_float(name, tensor, "f16" if kind == TYPE_F16 else "f32").tobytes())
