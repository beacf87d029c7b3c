"""The least time that a recording's work takes on a machine: arithmetic at its peak, memory at its read bandwidth.

The encoder computes, over the positions that it really encodes: its multiply-adds take their time at the peak of
their number type, unless reading its weights takes longer. The decoder reads: each of its passes reads all of its
weights and the keys and values of what it attends to, however few tokens go in. What a pass must read is taken
from memory, so a model that fits into a cache can be faster than this. Scales of weights and keys count; norms and
biases (under 1 %) do not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..gguf.file import StoredTensor
from ..gguf.types import TensorType
from ..whisper.features import FRAMES_PER_SECOND
from ..whisper.file.dims import FRAMES_PER_POSITION, HEAD_DIM, LayerShape, WhisperDims
from ..whisper.file.embedding import FREQUENT
from ..whisper.file.landmarks import Tail, clip_positions
from .peaks import Peaks

_FLOAT_BYTES = 4
_CONVOLUTION_WIDTH = 3
_DECODER_SQUARES = 14
"""Squares of a decoder layer: self-attention 4, feed-forward 8, queries and outputs of cross-attention."""
_DECODER_OUTPUTS = 11
"""Outputs of a decoder layer's linears in units of n_state: each has a scale of its own."""
_CROSS_SQUARES = 2
"""Squares of a layer's cross-attention whose products the encoder's call makes: keys and values."""
_PROMPT_TOKENS = 4
"""Tokens of a prompt: start, language, task, no timestamps."""


@dataclass(frozen=True, slots=True)
class NumberTypes:
    """Number types in which the engine holds a model of one precision in memory."""

    integer: bool
    """Whether products and attention are computed in INT8."""
    weight_bytes: float
    """Bytes of a linear's weight, the scales of groups included."""
    vocabulary_bytes: float
    """Bytes of a weight of the vocabulary projection."""

    @property
    def scale_bytes(self) -> int:
        """Bytes of an output's own scale."""
        return _FLOAT_BYTES if self.integer else 0

    @property
    def cross_bytes(self) -> float:
        """Bytes of a key's and a value's number together; an INT8 key of a head has a scale."""
        return 2 + _FLOAT_BYTES / HEAD_DIM if self.integer else 2 * _FLOAT_BYTES


_INT4_BYTES = 0.5 + _FLOAT_BYTES / 32
_RARE_SHARE = 1 - FREQUENT / 50_256
"""Share of the vocabulary that is INT4 in an INT4 file, nearly."""
_BYTES_IN_MEMORY = {TensorType.I8: 1.0, TensorType.Q4_0: _INT4_BYTES}
"""Bytes of a weight, where the engine does not make a float of it."""

_FLOATS = NumberTypes(integer=False, weight_bytes=_FLOAT_BYTES, vocabulary_bytes=_FLOAT_BYTES)
NUMBER_TYPES = {
    "int8": NumberTypes(integer=True, weight_bytes=1, vocabulary_bytes=1),
    "int4": NumberTypes(
        integer=True,
        weight_bytes=_INT4_BYTES,
        vocabulary_bytes=1 - _RARE_SHARE * (1 - _INT4_BYTES),
    ),
    "q8_0": _FLOATS,
    "f16": _FLOATS,
    "f32": _FLOATS,
}
"""Number types by precision of the file."""


@dataclass(frozen=True, slots=True)
class Window:
    """Positions of one window that the encoder computes and the decoder attends to."""

    positions: int
    """Positions of the clip and the padding that is computed with it."""
    landmarks: int = 0
    """Landmarks of the rest of the padding (edge.whisper.file.landmarks); layers see them, convolutions do not."""

    @property
    def rows(self) -> int:
        """Rows that the layers see."""
        return self.positions + self.landmarks


@dataclass(frozen=True, slots=True)
class Work:
    """Arithmetic and reading of some part of a model."""

    integer_macs: float
    """Multiply-adds in INT8."""
    float_macs: float
    bytes_read: float

    def seconds(self, peaks: Peaks) -> float:
        """Compute the time at the peak: of arithmetic or memory, whichever takes longer."""
        return max(self.integer_macs / peaks.int8 + self.float_macs / peaks.f32, self.bytes_read / peaks.read)


@dataclass(frozen=True, slots=True)
class Floor:
    """Least time of each part of a recording, in seconds."""

    encoder_s: float
    cross_s: float
    """Time of the keys and values of the decoder's cross-attention."""
    decoder_s: float
    vocabulary_s: float

    @property
    def encode_s(self) -> float:
        """Time of all that comes before the first token."""
        return self.encoder_s + self.cross_s

    @property
    def decode_s(self) -> float:
        """Time of all tokens."""
        return self.decoder_s + self.vocabulary_s

    @property
    def total_s(self) -> float:
        """Time of the whole recording."""
        return self.encode_s + self.decode_s


def windows_of(seconds: float, dims: WhisperDims, tail: Tail | None) -> list[Window]:
    """Cut a recording of so many seconds into windows; without a tail the last is padded to 30 s as well."""
    n_frames = max(1, int(round(seconds * FRAMES_PER_SECOND, 6)))
    window = dims.n_audio_ctx * FRAMES_PER_POSITION
    return [_window(min(window, n_frames - first), dims, tail) for first in range(0, n_frames, window)]


def _window(n_frames: int, dims: WhisperDims, tail: Tail | None) -> Window:
    positions = dims.n_audio_ctx if tail is None else clip_positions(tail, n_frames, dims)
    if tail is None or positions == dims.n_audio_ctx:
        return Window(dims.n_audio_ctx)
    return Window(positions, int((tail.positions >= positions).sum()))


def encoder_work(dims: WhisperDims, types: NumberTypes, window: Window) -> Work:
    """Count the encoder's work over a window, whose rows attend to each other."""
    width = dims.n_audio_state
    first = _CONVOLUTION_WIDTH * dims.n_mels * width
    second = _CONVOLUTION_WIDTH * width * width
    shapes = [dims.layer_shape(layer) for layer in range(dims.n_audio_layer)]
    layers = sum(dims.layer_macs(shape) for shape in shapes)
    # Queries by keys, and weights by values.
    attention = window.rows**2 * dims.n_audio_head * sum(shape.key_width + HEAD_DIM for shape in shapes)
    convolutions = window.positions * (FRAMES_PER_POSITION * first + second)
    scales = sum(_outputs(shape, dims) for shape in shapes)
    scales += 2 * width  # of the convolutions
    convolution_bytes = 1 if types.integer else _FLOAT_BYTES  # INT8 in an INT4 model too
    read = (first + second) * convolution_bytes + layers * types.weight_bytes + scales * types.scale_bytes
    return _work(types, window.rows * layers + attention + convolutions, read)


def _outputs(shape: LayerShape, dims: WhisperDims) -> int:
    """Count the outputs of a layer's linears, each of which has a scale."""
    ranks = shape.out_rank + shape.fc1_rank + shape.fc2_rank
    return 2 * dims.n_audio_head * shape.key_width + 3 * dims.n_audio_state + shape.ffn_width + ranks


def cross_work(dims: WhisperDims, types: NumberTypes, window: Window) -> Work:
    """Count the work of the decoder's keys and values of the encoder's rows."""
    width = dims.n_text_state
    weights = dims.n_text_layer * _CROSS_SQUARES * width * width
    scales = dims.n_text_layer * _CROSS_SQUARES * width
    return _work(types, window.rows * weights, weights * types.weight_bytes + scales * types.scale_bytes)


def decoder_bytes(dims: WhisperDims, types: NumberTypes, n_keys: int, n_past: float) -> float:
    """Count what one pass of the decoder reads, its vocabulary left out, with these cross and self keys and values."""
    width = dims.n_text_state
    weights = _DECODER_SQUARES * width * width * types.weight_bytes + _DECODER_OUTPUTS * width * types.scale_bytes
    return dims.n_text_layer * weights + cache_bytes(dims, types, n_keys, n_past)


def cache_bytes(dims: WhisperDims, types: NumberTypes, n_keys: int, n_past: float) -> float:
    """Count what one pass of the decoder reads of keys and values."""
    return dims.n_text_layer * dims.n_text_state * (n_keys * types.cross_bytes + n_past * 2 * _FLOAT_BYTES)


def vocabulary_bytes(dims: WhisperDims, types: NumberTypes) -> float:
    """Count what the vocabulary projection reads."""
    return dims.n_vocab * (dims.n_text_state * types.vocabulary_bytes + types.scale_bytes)


def weight_bytes(tensors: Mapping[str, StoredTensor]) -> float:
    """Count what a pass of the decoder reads of a file's weights, vocabulary included, whatever types they mix."""
    read = [tensor for name, tensor in tensors.items() if _is_read_by_a_pass(name)]
    return sum(_BYTES_IN_MEMORY.get(one.type, _FLOAT_BYTES) * math.prod(one.shape) for one in read)


def _is_read_by_a_pass(name: str) -> bool:
    """Tell matrices and their scales from norms, biases and the one row of positions, which are under 1 %."""
    if not name.startswith("dec.") or not name.endswith((".weight", ".weight_scale")):
        return False
    of_the_encoder = (".cross_attn.k.", ".cross_attn.v.")
    return not any(part in name for part in ("pos_emb", "norm", *of_the_encoder))


def recording_floor(dims: WhisperDims, precision: str, windows: Sequence[Window], n_tokens: int, peaks: Peaks) -> Floor:
    """Compute the least time of these windows, whose text is `n_tokens` spread evenly over them."""
    types = NUMBER_TYPES[precision]
    tokens = n_tokens / len(windows)
    passes = 1 + tokens  # the prompt in one, then each token to find the next or the end
    mean_past = tokens * (_PROMPT_TOKENS + (tokens - 1) / 2) / passes if tokens else 0.0
    read = sum(passes * decoder_bytes(dims, types, window.rows, mean_past) for window in windows)
    return Floor(
        encoder_s=sum(encoder_work(dims, types, window).seconds(peaks) for window in windows),
        cross_s=sum(cross_work(dims, types, window).seconds(peaks) for window in windows),
        decoder_s=read / peaks.read,
        vocabulary_s=len(windows) * passes * vocabulary_bytes(dims, types) / peaks.read,
    )


def _work(types: NumberTypes, n_macs: float, read: float) -> Work:
    return Work(n_macs, 0, read) if types.integer else Work(0, n_macs, read)
