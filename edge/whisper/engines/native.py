"""The engine handle: a model file's weights packed for the kernels, and states that run over clips.

One call encodes a clip, one call decodes n tokens of b beams; both give up the GIL. Any number of states may
share an engine; a state belongs to one thread at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...arrays import FloatArray, IntArray
from ...errors import FormatError, KernelError
from ...gguf.file import StoredTensor
from ...gguf.types import TensorType
from ...ops import KernelModel, KernelState, LinearType, cpu_level
from ...quant import dequantize_q4_0, dequantize_q8_0
from ...threads import default_threads
from ..file.dims import FRAMES_PER_POSITION, WhisperDims
from ..file.embedding import CHANNEL_SCALE, embedding_bands
from ..file.landmarks import Tail
from ..file.tensors import check_weights


class WeightsFile(Protocol):
    """What the engine reads of a model file."""

    @property
    def path(self) -> Path:
        """For messages."""
        ...

    @property
    def dims(self) -> WhisperDims:
        """Sizes of the model."""
        ...

    @property
    def tensors(self) -> Mapping[str, StoredTensor]:
        """Every tensor by name."""
        ...

    @property
    def alignment_heads(self) -> tuple[tuple[int, int], ...]:
        """(layer, head) whose attention follows the audio."""
        ...

    @property
    def tail(self) -> Tail | None:
        """What stands for the padding behind a clip, where the file knows."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a linear, ready for the kernels."""

    type: LinearType
    weights: NDArray[np.generic]
    """float32 or int8 (n, k), or Q4_0 blocks (n, bytes)."""
    scales: FloatArray | None
    """(n,), INT8 only."""


@dataclass(frozen=True, slots=True)
class LinearSource:
    """Which tensors of a file make one linear of the engine."""

    name: str
    """The engine's name (kernels/engine/model.h)."""
    layer: int
    tensors: tuple[str, ...]
    """Stems in the file, one below the other: `X.weight`, and `X.bias` where there is one."""


def vocabulary_sources(bands: Sequence[str]) -> Iterator[LinearSource]:
    """The output projection, in one band of rows or several (edge.whisper.file.embedding)."""
    for number, stem in enumerate(bands):
        yield LinearSource(f"dec.vocabulary{number * '.next'}", 0, (stem,))


def linear_sources(dims: WhisperDims) -> Iterator[LinearSource]:
    """Every linear but the vocabulary. Queries, keys and values are one product, as are cross keys and values."""
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
    """(engine's name, layer, tensor) of norms and positions."""
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
    """Any stored tensor but INT8 (whose scales lie elsewhere) as float32 in its own shape."""
    if tensor.type is TensorType.Q8_0:
        return dequantize_q8_0(tensor.data).reshape(tensor.shape)
    if tensor.type is TensorType.Q4_0:
        return dequantize_q4_0(tensor.data).reshape(tensor.shape)
    return np.ascontiguousarray(tensor.data, np.float32)


def _frames_side_by_side(weights: NDArray[np.generic]) -> NDArray[np.generic]:
    """A convolution's (out, in, 3) as the (out, 3 * in) of a product over three neighbouring frames."""
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
    """The parts of a linear in one precision: float32 where the file mixes them."""
    parts = [_part(tensors, stem) for stem in stems]
    if len({part.type for part in parts}) == 1:
        return parts
    return [_as_float_part(part, tensors[f"{stem}.weight"]) for part, stem in zip(parts, stems, strict=True)]


def _as_float_part(part: Part, tensor: StoredTensor) -> Part:
    if part.type is LinearType.INT8 and part.scales is not None:
        return Part(LinearType.F32, part.weights.astype(np.float32) * part.scales[:, None], None)
    return Part(LinearType.F32, to_float32(tensor), None)


def _fill(model: KernelModel, file: WeightsFile) -> None:
    """Check every tensor and hand it to the engine."""
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
            values = values * channels  # the projection's columns are without them
        model.set_floats(name, layer, 0, values.size, values)
    if channels is not None:
        model.set_floats("dec.channels", 0, 0, channels.size, channels)


def _fill_linear(model: KernelModel, path: Path, tensors: Mapping[str, StoredTensor], source: LinearSource) -> None:
    """Check and pack one linear; what was read of the file for it is gone afterwards."""
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


def _shaped(dims: WhisperDims, level: str, threads: int, integers: bool) -> KernelModel:
    *sizes, layers = astuple(dims)
    model = KernelModel(tuple(sizes), level, threads, integers)
    for number, shape in enumerate(layers):
        model.shape_layer(number, shape)
    return model


def _set_tail(model: KernelModel, tail: Tail) -> None:
    arrays = (np.ascontiguousarray(tail.positions, np.int32), np.ascontiguousarray(tail.counts, np.int32))
    heads, contexts = np.ascontiguousarray(tail.local_heads, np.int32), np.ascontiguousarray(tail.contexts, np.float32)
    model.set_tail(len(tail.positions), *arrays, len(heads), heads, contexts)


class WhisperEngine:
    """Weights of one model file, packed for this processor."""

    def __init__(self, file: WeightsFile, *, threads: int | None = None) -> None:
        """Pack the weights of an open model file; the file is no longer needed afterwards.

        Raises:
            FormatError: a weight is no number, or a code that no quantizer gives.
            KernelError: EDGE_CPU names an unsupported level, or the engine cannot hold such a model.
            MemoryError: there is not enough memory.
        """
        self.dims = file.dims
        self.threads = threads or default_threads()
        self.level = cpu_level()
        integers = file.tensors["enc.blocks.0.attn.q.weight"].type in (TensorType.I8, TensorType.Q4_0)
        try:
            self._model = _shaped(file.dims, self.level, self.threads, integers)
            _fill(self._model, file)
            heads = np.asarray(file.alignment_heads, np.int32).reshape(-1, 2)
            self._model.set_alignment_heads(np.ascontiguousarray(heads), len(heads))
            if file.tail is not None:
                _set_tail(self._model, file.tail)
        except FormatError:
            raise
        except ValueError as error:
            raise KernelError(f"{file.path}: the engine refuses this model: {error}") from error
        self.n_alignment_heads = len(heads)
        self.tail = file.tail

    def new_state(self, n_beams: int = 1) -> EngineState:
        """Make the buffers and caches for one transcription at a time."""
        return EngineState(self._model, self.dims, n_beams, self.n_alignment_heads)


class EngineState:
    """One transcription in progress (edge.whisper.engines.protocol.State)."""

    def __init__(self, model: KernelModel, dims: WhisperDims, n_beams: int, n_alignment_heads: int) -> None:
        self.dims = dims
        self.n_beams = n_beams
        self._state = KernelState(model, n_beams)
        self._n_alignment_heads = n_alignment_heads
        self._last_logits = np.frombuffer(memoryview(self._state), np.float32).reshape(n_beams, 1, dims.n_vocab)
        self._alignment: FloatArray | None = None

    @property
    def n_past(self) -> int:
        """Decoder positions filled so far."""
        return self._state.n_past

    def encode(self, mel: FloatArray) -> None:
        """Run the encoder over (n_frames, n_mels), n_frames even and at most 2 * n_audio_ctx.

        Raises:
            KernelError: the shape is not that.
        """
        self._encode(mel, None)

    def hidden_states(self, mel: FloatArray) -> FloatArray:
        """Encode, and show the states before and after each layer, (n_audio_layer + 1, n_frames / 2, n_state).

        Raises:
            KernelError: the shape is not that of `encode`.
        """
        n_ctx = len(mel) // FRAMES_PER_POSITION
        out = np.empty((self.dims.n_audio_layer + 1, n_ctx, self.dims.n_audio_state), np.float32)
        self._encode(mel, out)
        return out

    def _encode(self, mel: FloatArray, hidden: FloatArray | None) -> None:
        if mel.ndim != 2 or mel.shape[1] != self.dims.n_mels:
            raise KernelError(f"mel features: expected (n_frames, {self.dims.n_mels}), got {mel.shape}")
        try:
            self._state.encode(np.ascontiguousarray(mel, np.float32), mel.shape[0], hidden)
        except (ValueError, RuntimeError) as error:
            raise KernelError(str(error)) from error

    def decode(self, tokens: IntArray, *, last_only: bool = True, alignment: bool = False) -> FloatArray:
        """Append tokens (b, n) to the first b beams; logits (b, n or 1, n_vocab), valid until the next call.

        Raises:
            KernelError: wrong shape, no clip encoded, no room left, or a beam that had no part in the last decode.
        """
        ids = np.ascontiguousarray(tokens, np.int32)
        if ids.ndim != 2 or not 1 <= ids.shape[0] <= self.n_beams:
            raise KernelError(f"tokens: expected (1 to {self.n_beams} beams, n), got {ids.shape}")
        n_beams, n_tokens = ids.shape
        logits = None if last_only else np.empty((n_beams, n_tokens, self.dims.n_vocab), np.float32)
        self._alignment = None
        try:
            if alignment:
                shape = (n_beams, self._n_alignment_heads, n_tokens, self._state.n_keys)
                self._alignment = np.zeros(shape, np.float32)
            self._state.decode(ids, n_beams, n_tokens, logits, last_only, self._alignment)
        except (ValueError, RuntimeError) as error:
            raise KernelError(str(error)) from error
        return self._last_logits[:n_beams] if logits is None else logits

    def rewind(self, n_past: int) -> None:
        """Forget the positions from `n_past` on."""
        self._state.rewind(n_past)

    def reorder(self, parents: IntArray) -> None:
        """Let beam i go on from what was beam `parents[i]`, for the first `len(parents)` beams.

        Raises:
            KernelError: there are not so many beams, or a parent had no part in the last decode.
        """
        try:
            self._state.reorder(np.ascontiguousarray(parents, np.int32), len(parents))
        except (ValueError, RuntimeError) as error:
            raise KernelError(str(error)) from error

    def encoder_output(self) -> FloatArray:
        """The encoder's states, (n_ctx, n_state)."""
        out = np.empty((self._state.n_ctx, self.dims.n_audio_state), np.float32)
        self._state.read_encoder(out)
        return out

    def alignment(self) -> FloatArray:
        """Attention of the alignment heads in the last `decode(alignment=True)`: (b, n_heads, n_tokens, n_keys).

        Raises:
            KernelError: the last decode did not ask for it.
        """
        if self._alignment is None:
            raise KernelError("alignment: the last decode did not ask for it")
        return self._alignment
