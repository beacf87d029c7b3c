"""Prepares the tensors of a model file for the C engine: under its names, checked, and packed for the kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...arrays import FloatArray
from ...gguf.file import StoredTensor
from ...gguf.types import TensorType
from ...ops import KernelModel, LinearType
from ...quant import dequantize_q4_0, dequantize_q8_0
from ..file.dims import WhisperDims
from ..file.embedding import CHANNEL_SCALE, embedding_bands
from ..file.landmarks import Tail
from ..file.tensors import check_weights


class WeightsFile(Protocol):
    """The parts of a model file that the engine reads."""

    @property
    def path(self) -> Path:
        """Path of the file, for messages."""
        ...

    @property
    def dims(self) -> WhisperDims:
        """Sizes of the model."""
        ...

    @property
    def tensors(self) -> Mapping[str, StoredTensor]:
        """All tensors by name."""
        ...

    @property
    def alignment_heads(self) -> tuple[tuple[int, int], ...]:
        """Pairs of layer and head whose attention follows the audio."""
        ...

    @property
    def tail(self) -> Tail | None:
        """Landmarks that stand for the padding after a clip, where the file has them."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a linear, ready for the kernels."""

    type: LinearType
    weights: NDArray[np.generic]
    """Weights as float32 or int8 (n, k), or as Q4_0 blocks (n, bytes)."""
    scales: FloatArray | None
    """Scales of the rows, (n,); of INT8 only."""


@dataclass(frozen=True, slots=True)
class LinearSource:
    """Tensors of a file that make one linear of the engine."""

    name: str
    """Name of the linear in the engine (kernels/engine/whisper/model.h)."""
    layer: int
    tensors: tuple[str, ...]
    """Stems in the file, one under the other: `X.weight`, and `X.bias` where there is one."""


def vocabulary_sources(bands: Sequence[str]) -> Iterator[LinearSource]:
    """List the sources of the output projection, in one band of rows or several (edge.whisper.file.embedding)."""
    for number, stem in enumerate(bands):
        yield LinearSource(f"dec.vocabulary{number * '.next'}", 0, (stem,))


def linear_sources(dims: WhisperDims) -> Iterator[LinearSource]:
    """List the sources of all other linears. Queries, keys and values are one product, as are cross keys and values."""
    yield LinearSource("enc.conv1", 0, ("enc.conv.0",))
    yield LinearSource("enc.conv2", 0, ("enc.conv.1",))
    for layer in range(dims.n_audio_layer):
        block = f"enc.blocks.{layer}"
        yield LinearSource("enc.qkv", layer, tuple(f"{block}.attn.{part}" for part in "qkv"))
        shape = dims.layer_shape(layer)
        for name, stem, rank in (
            ("enc.out", f"{block}.attn.out", shape.out_rank),
            ("enc.fc1", f"{block}.ffn.fc1", shape.fc1_rank),
            ("enc.fc2", f"{block}.ffn.fc2", shape.fc2_rank),
        ):
            if rank:
                yield LinearSource(f"{name}.down", layer, (f"{stem}.down",))
            yield LinearSource(name, layer, (stem,))
    for layer in range(dims.n_text_layer):
        block = f"dec.blocks.{layer}"
        yield LinearSource("dec.qkv", layer, tuple(f"{block}.self_attn.{part}" for part in "qkv"))
        yield LinearSource("dec.self_out", layer, (f"{block}.self_attn.out",))
        yield LinearSource("dec.cross_q", layer, (f"{block}.cross_attn.q",))
        yield LinearSource("dec.cross_kv", layer, tuple(f"{block}.cross_attn.{part}" for part in "kv"))
        yield LinearSource("dec.cross_out", layer, (f"{block}.cross_attn.out",))
        yield LinearSource("dec.fc1", layer, (f"{block}.ffn.fc1",))
        yield LinearSource("dec.fc2", layer, (f"{block}.ffn.fc2",))


def float_sources(dims: WhisperDims) -> Iterator[tuple[str, int, str]]:
    """List norms and positions: the engine's name, the layer and the tensor of each."""
    norms = [("enc.norm", 0, "enc.final_norm"), ("dec.norm", 0, "dec.final_norm")]
    for layer in range(dims.n_audio_layer):
        norms += [(f"enc.{norm}", layer, f"enc.blocks.{layer}.{norm}") for norm in ("norm_attn", "norm_ffn")]
    for layer in range(dims.n_text_layer):
        for norm in ("norm_self", "norm_cross", "norm_ffn"):
            norms.append((f"dec.{norm}", layer, f"dec.blocks.{layer}.{norm}"))
    for name, layer, stem in norms:
        yield f"{name}.weight", layer, f"{stem}.weight"
        yield f"{name}.bias", layer, f"{stem}.bias"
    yield "enc.positions", 0, "enc.pos_emb.weight"
    yield "dec.positions", 0, "dec.pos_emb.weight"


def to_float32(tensor: StoredTensor) -> FloatArray:
    """Convert a stored tensor, other than INT8 (whose scales lie elsewhere), to float32 in its own shape."""
    if tensor.type is TensorType.Q8_0:
        return dequantize_q8_0(tensor.data).reshape(tensor.shape)
    if tensor.type is TensorType.Q4_0:
        return dequantize_q4_0(tensor.data).reshape(tensor.shape)
    return np.ascontiguousarray(tensor.data, np.float32)


def _frames_side_by_side(weights: NDArray[np.generic]) -> NDArray[np.generic]:
    """Turn a convolution's (out, in, 3) into the (out, 3 * in) of a product over three neighboring frames."""
    if weights.ndim != 3:
        return np.ascontiguousarray(weights)
    return np.ascontiguousarray(weights.transpose(0, 2, 1)).reshape(weights.shape[0], -1)


def _part(tensors: Mapping[str, StoredTensor], stem: str) -> Part:
    tensor = tensors[f"{stem}.weight"]
    if tensor.type is TensorType.I8:
        scales = to_float32(tensors[f"{stem}.weight_scale"])
        return Part(LinearType.INT8, _frames_side_by_side(tensor.data), scales)
    if tensor.type is TensorType.Q4_0 and len(tensor.shape) == 2:
        return Part(LinearType.INT4, np.ascontiguousarray(tensor.data), None)
    return Part(LinearType.F32, _frames_side_by_side(to_float32(tensor)), None)


def _parts(tensors: Mapping[str, StoredTensor], stems: Sequence[str]) -> list[Part]:
    """Give the parts of a linear in one precision: float32 where the file mixes several."""
    parts = [_part(tensors, stem) for stem in stems]
    if len({part.type for part in parts}) == 1:
        return parts
    return [_as_float_part(part, tensors[f"{stem}.weight"]) for part, stem in zip(parts, stems, strict=True)]


def _as_float_part(part: Part, tensor: StoredTensor) -> Part:
    if part.type is LinearType.INT8 and part.scales is not None:
        return Part(LinearType.F32, part.weights.astype(np.float32) * part.scales[:, None], None)
    return Part(LinearType.F32, to_float32(tensor), None)


def fill(model: KernelModel, file: WeightsFile) -> None:
    """Check every tensor of a model file, and pack it into the engine.

    Raises:
        FormatError: a weight is not a number, or is a code that no quantizer gives.
    """
    tensors = file.tensors
    bands = embedding_bands(tensors)
    if len(bands) > 1:
        model.split_vocabulary(*(tensors[f"{stem}.weight"].shape[0] for stem in bands[:2]))
    for source in (*vocabulary_sources(bands), *linear_sources(file.dims)):
        _fill_linear(model, file.path, tensors, source)
    channels = to_float32(tensors[CHANNEL_SCALE]) if CHANNEL_SCALE in tensors else None
    for name, layer, tensor in float_sources(file.dims):
        values = to_float32(tensors[tensor])
        if channels is not None and name.startswith("dec.norm."):
            values = values * channels  # the projection's columns are stored without them
        model.set_floats(name, layer, 0, values.size, values)
    if channels is not None:
        model.set_floats("dec.channels", 0, 0, channels.size, channels)


def _fill_linear(model: KernelModel, path: Path, tensors: Mapping[str, StoredTensor], source: LinearSource) -> None:
    """Check and pack one linear; the tensors read for it are released afterwards."""
    names = [f"{stem}.weight" for stem in source.tensors]
    tensors = {**tensors, **{name: tensors[name].in_memory() for name in names}}
    for name in names:
        check_weights(path, tensors[name])
    first = 0
    for stem, part in zip(source.tensors, _parts(tensors, source.tensors), strict=True):
        n = part.weights.shape[0]
        model.set_linear(source.name, source.layer, first, n, part.type, part.weights, part.scales)
        bias = tensors.get(f"{stem}.bias")
        if bias is not None:
            model.set_floats(f"{source.name}.bias", source.layer, first, n, to_float32(bias))
        first += n
