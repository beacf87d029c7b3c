"""Checks that the tensors of a file are those of the model it claims to hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import FormatError, UnsupportedModelError
from ...gguf.file import GgufFile, StoredTensor
from ...gguf.types import BLOCKS, TensorType
from .dims import WhisperDims, tensor_shapes
from .embedding import EMBEDDING, check_channel_scale, embedding_shapes
from .positions import POSITIONS, names_positions

_FLOATS = (TensorType.F32, TensorType.F16)
_MATRICES = (*_FLOATS, TensorType.I8, TensorType.Q8_0, TensorType.Q4_0)
_MAX_CODE = 127
_CONVOLUTIONS = (*_FLOATS, TensorType.I8)


def check_tensors(file: GgufFile, dims: WhisperDims) -> None:
    """Check that every tensor is there, in its shape and an allowed type; small ones must hold finite numbers.

    The large matrices are not read, which would take longer than all the rest: `check_weights` checks each when it is
    read. Tensors that the model does not need are ignored.
    """
    shapes = tensor_shapes(dims)
    del shapes[f"{EMBEDDING}.weight"]
    if names_positions(file):
        del shapes[POSITIONS]
    check_channel_scale(file, dims.n_text_state)
    for name, shape in (embedding_shapes(file, dims.n_vocab, dims.n_text_state) | shapes).items():
        tensor = file.tensors.get(name)
        if tensor is None:
            raise FormatError(f"{file.path}: the tensor {name} is missing")
        if tensor.shape != shape:
            raise FormatError(f"{file.path}: {name}: expected shape {shape}, found {tensor.shape}")
        allowed = _allowed_types(name, shape)
        if tensor.type not in allowed:
            names = ", ".join(type_.name for type_ in allowed)
            raise UnsupportedModelError(
                f"{file.path}: {name}: expected one of {names}, found {tensor.type.name}; "
                "export it from its source, or get it at F16 or Q8_0"
            )
        if len(shape) == 1 or "pos_emb" in name:
            check_finite(file.path, tensor)
        if tensor.type is TensorType.I8:
            _check_scales(file, name, shape[0])


def _allowed_types(name: str, shape: tuple[int, ...]) -> tuple[TensorType, ...]:
    if len(shape) == 3:
        return _CONVOLUTIONS
    return _FLOATS if len(shape) == 1 or "pos_emb" in name else _MATRICES


def _check_scales(file: GgufFile, name: str, n_rows: int) -> None:
    scales = file.tensors.get(f"{name}_scale")
    if scales is None or scales.type is not TensorType.F32 or scales.shape != (n_rows,):
        raise FormatError(f"{file.path}: {name}: expected {n_rows} float32 scales in {name}_scale")
    check_finite(file.path, scales)
    if bool((scales.data < 0).any()):
        raise FormatError(f"{file.path}: {name}_scale: expected scales of 0 or more")


def check_weights(path: Path, tensor: StoredTensor) -> None:
    """Check the numbers of a large tensor, which `check_tensors` leaves to those who read it anyway.

    Raises:
        FormatError: NaN or infinity, also as the scale of a block, or a code that no quantizer gives.
    """
    if tensor.type is TensorType.I8:
        if tensor.data.min() < -_MAX_CODE:  # the kernels' sums have no room for -128
            raise FormatError(f"{path}: {tensor.name}: expected codes from -127 to 127, found -128")
    elif tensor.type in (TensorType.Q4_0, TensorType.Q8_0):
        blocks = tensor.data.reshape(-1, BLOCKS[tensor.type][1])
        if not bool(np.isfinite(blocks[:, :2].view("<f2")).all()):
            raise FormatError(f"{path}: {tensor.name}: expected finite scales, found NaN or infinity")
    else:
        check_finite(path, tensor)


def check_finite(path: Path, tensor: StoredTensor) -> None:
    """Refuse a float tensor that holds NaN or infinity."""
    if not bool(np.isfinite(tensor.data).all()):
        raise FormatError(f"{path}: {tensor.name}: expected finite numbers, found NaN or infinity")
