"""Which type each tensor has at each precision, and why.

- Norms and biases stay float32 everywhere: together they are well under 1 % of the bytes and enter sums directly.
- Positions are float16, as they were published, where INT8 or INT4 is asked for: 4 % of such a file. Elsewhere they
  are float32, the only type that transcribe.cpp accepts.
- Linear weights take the precision's own type: they are nearly all of the encoder and its time.
- Convolutions are INT8 beside INT8 and INT4. Their rows of three taps make no blocks of 32, so that they are float16 at
  q8_0: 2 % of the bytes, as they were published.
- The token embedding is also the output projection: it decides the decoder's speed, so it is quantized with
  the rest. At int8 and int4 it has scales of its channels too, and at int4 its frequent rows stay INT8
  (`embedding`), because its error goes straight into the choice of each word.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Literal, get_args

from ...gguf.types import TensorType

Precision = Literal["f32", "f16", "q8_0", "int8", "int4"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
"""Precisions of a model file, largest first."""


class Role(Enum):
    """Role of a tensor, as far as its precision is concerned."""

    EMBEDDING = "token embedding"
    LINEAR = "linear weights"
    CONVOLUTION = "convolution"
    POSITIONS = "positions"
    VECTOR = "norms, biases"


_F32, _F16, _I8, _Q8_0, _Q4_0 = TensorType.F32, TensorType.F16, TensorType.I8, TensorType.Q8_0, TensorType.Q4_0


def _policy(
    embedding: TensorType, linear: TensorType, convolution: TensorType = _F16, positions: TensorType = _F32
) -> Mapping[Role, TensorType]:
    return {
        Role.EMBEDDING: embedding,
        Role.LINEAR: linear,
        Role.CONVOLUTION: convolution,
        Role.POSITIONS: positions,
        Role.VECTOR: _F32,
    }


POLICY: Mapping[Precision, Mapping[Role, TensorType]] = {
    "f32": _policy(embedding=_F32, linear=_F32, convolution=_F32),
    "f16": _policy(embedding=_F16, linear=_F16),
    "q8_0": _policy(embedding=_Q8_0, linear=_Q8_0),
    "int8": _policy(embedding=_I8, linear=_I8, convolution=_I8, positions=_F16),
    "int4": _policy(embedding=_I8, linear=_Q4_0, convolution=_I8, positions=_F16),
}


def role_of(name: str) -> Role:
    """Find the role of a tensor, by its name."""
    if name == "dec.token_embd.weight":
        return Role.EMBEDDING
    if "pos_emb" in name:
        return Role.POSITIONS
    if name.endswith(".bias") or "norm" in name:
        return Role.VECTOR
    return Role.CONVOLUTION if ".conv." in name else Role.LINEAR
