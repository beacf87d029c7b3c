"""Runs a model on the C kernels: packs a model file's weights, and makes states that run over clips.

One call encodes a clip, one decodes n tokens of b beams, of one state or of several; all release the GIL. Any number of
states may share an engine; a state belongs to one thread at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from ...arrays import FloatArray, IntArray
from ...errors import FormatError, KernelError
from ...gguf.types import TensorType
from ...ops import KernelModel, KernelState, cpu_level
from ...threads import default_threads
from ..file.dims import FRAMES_PER_POSITION, WhisperDims
from ..file.landmarks import Tail
from .weights import WeightsFile, fill


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
    """Weights of a model file, packed for this processor."""

    verifies_drafts = True

    def __init__(self, file: WeightsFile, *, threads: int | None = None) -> None:
        """Pack the weights of an open model file; the file is no longer needed afterwards.

        Raises:
            FormatError: a weight is not a number, or is a code that no quantizer gives.
            KernelError: EDGE_CPU names an unsupported level, or the engine cannot hold such a model.
            MemoryError: there is not enough memory.
        """
        self.dims = file.dims
        self.threads = threads or default_threads()
        self.level = cpu_level()
        self.is_integer = file.tensors["enc.blocks.0.attn.q.weight"].type in (TensorType.I8, TensorType.Q4_0)
        """Whether its products are of integers."""
        try:
            self._model = _shaped(file.dims, self.level, self.threads, self.is_integer)
            fill(self._model, file)
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


@dataclass(frozen=True, slots=True)
class Call:
    """One state's part in a decode of several: what `EngineState.decode` takes."""

    state: EngineState
    tokens: IntArray
    last_only: bool = True
    alignment: bool = False


MOST_CALLS = 64
"""Number of calls that one decode takes at most."""


def decode_all(calls: Sequence[Call]) -> list[FloatArray]:
    """Decode for up to `MOST_CALLS` different states of one engine, which read its weights once.

    Each state gets what its own `decode` gives, bit for bit. Where one call is refused, none is done.

    Raises:
        KernelError: as `EngineState.decode`, or states of two engines.
    """
    try:
        arguments = [call.state._arguments(call) for call in calls]
        for call in calls:
            call.state._alignment = None
        pairs = [(call.state._state, one) for call, one in zip(calls, arguments, strict=True)]
        if len(pairs) == 1:
            pairs[0][0].decode(*pairs[0][1])
        else:
            KernelState.decode_all(pairs)
    except (ValueError, RuntimeError) as error:
        raise KernelError(str(error)) from error
    found: list[FloatArray] = []
    for call, (_, n_beams, _, logits, _, alignment) in zip(calls, arguments, strict=True):
        call.state._alignment = alignment
        found.append(call.state._last_logits[:n_beams] if logits is None else logits)
    return found


class EngineState:
    """A transcription in progress (edge.whisper.engines.protocol.State)."""

    def __init__(self, model: KernelModel, dims: WhisperDims, n_beams: int, n_alignment_heads: int) -> None:
        self.dims = dims
        self.n_beams = n_beams
        self._state = KernelState(model, n_beams)
        self._n_alignment_heads = n_alignment_heads
        self._last_logits = np.frombuffer(memoryview(self._state), np.float32).reshape(n_beams, 1, dims.n_vocab)
        self._alignment: FloatArray | None = None

    @property
    def n_past(self) -> int:
        """Number of decoder positions filled so far."""
        return self._state.n_past

    def encode(self, mel: FloatArray) -> None:
        """Run the encoder over (n_frames, n_mels), n_frames even and at most 2 * n_audio_ctx.

        Raises:
            KernelError: the shape is a different one.
        """
        self._encode(mel, None)

    def hidden_states(self, mel: FloatArray) -> FloatArray:
        """Encode, and give the states before and after each layer, (n_audio_layer + 1, n_frames / 2, n_state).

        Raises:
            KernelError: the shape is not what `encode` takes.
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
        """Append tokens (b, n) to the first b beams; gives logits (b, n or 1, n_vocab), valid until the next call.

        Raises:
            KernelError: wrong shape, no clip encoded, no room left, or a beam that had no part in the last decode.
        """
        return decode_all([Call(self, tokens, last_only, alignment)])[0]

    def _arguments(self, call: Call) -> tuple[IntArray, int, int, FloatArray | None, bool, FloatArray | None]:
        """Make the arguments of a call, with places for what comes out of it."""
        ids = np.ascontiguousarray(call.tokens, np.int32)
        if ids.ndim != 2 or not 1 <= ids.shape[0] <= self.n_beams:
            raise KernelError(f"tokens: expected (1 to {self.n_beams} beams, n), got {ids.shape}")
        n_beams, n_tokens = ids.shape
        logits = None if call.last_only else np.empty((n_beams, n_tokens, self.dims.n_vocab), np.float32)
        alignment = None
        if call.alignment:
            shape = (n_beams, self._n_alignment_heads, n_tokens, self._state.n_keys)
            alignment = np.zeros(shape, np.float32)
        return ids, n_beams, n_tokens, logits, call.last_only, alignment

    def rewind(self, n_past: int) -> None:
        """Forget the positions from `n_past` on."""
        self._state.rewind(n_past)

    def reorder(self, parents: IntArray) -> None:
        """Let beam i go on from what was beam `parents[i]`, for the first `len(parents)` beams.

        Raises:
            KernelError: there are fewer beams, or a parent had no part in the last decode.
        """
        try:
            self._state.reorder(np.ascontiguousarray(parents, np.int32), len(parents))
        except (ValueError, RuntimeError) as error:
            raise KernelError(str(error)) from error

    def encoder_output(self) -> FloatArray:
        """Give the encoder's states, (n_ctx, n_state)."""
        out = np.empty((self._state.n_ctx, self.dims.n_audio_state), np.float32)
        self._state.read_encoder(out)
        return out

    def alignment(self) -> FloatArray:
        """Give the alignment heads' attention in the last `decode(alignment=True)`: (b, n_heads, n_tokens, n_keys).

        Raises:
            KernelError: the last decode did not ask for it.
        """
        if self._alignment is None:
            raise KernelError("alignment: the last decode did not ask for it")
        return self._alignment
