"""The compiled part: raw buffers in, raw buffers out. Only `edge.ops` and the engine handle talk to it.

A buffer is anything C-contiguous with the buffer protocol that holds aligned native numbers of the documented type, or
raw bytes. What a call reads is its own when it gives up the GIL, and what it writes is copied out at its end: a buffer
that changes, shrinks or goes in between gives wrong numbers or a ValueError.
ValueError: a type, a size or an index is wrong. RuntimeError: a call out of order. MemoryError: nothing has changed.
"""

from collections.abc import Sequence
from typing import Any, Final, final

Buffer = Any

LARGEST_SIZES: Final[tuple[int, int, int, int, int, int, int, int, int, int]]
"""The largest `dims` that `Model` takes, in the order of `WhisperDims`."""

@final
class Model:
    """Packed weights and a thread pool. kernels/engine/whisper/model.h names the linears and arrays."""

    def __new__(
        cls,
        dims: tuple[int, int, int, int, int, int, int, int, int, int],
        level: str,
        n_threads: int,
        int8_attention: bool,
        /,
    ) -> Model:
        """`dims` in the order of `WhisperDims`."""
    def shape_layer(self, layer: int, shape: tuple[int, int, int, int, int], /) -> None:
        """Set an encoder layer's shape before its weights.

        key_width, ffn_width, ranks of out, fc1, fc2 (0: one piece).
        """
    def split_vocabulary(self, first: int, middle: int, /) -> None:
        """Split the vocabulary before its weights come.

        dec.vocabulary gets the `first` rows, .next the `middle` rows after them, .next.next the others.
        """
    def set_linear(
        self, name: str, layer: int, first: int, n: int, type: int, weights: Buffer, scales: Buffer | None, /
    ) -> None:
        """Set rows first .. first + n of a linear.

        type 1: float32 (n, k); 2: int8 (n, k) and float32 scales (n,); 3: Q4_0 blocks.
        """
    def set_floats(self, name: str, layer: int, first: int, n: int, values: Buffer, /) -> None:
        """Set part of a float32 array: a norm's weight or bias, a linear's bias, positions."""
    def set_alignment_heads(self, pairs: Buffer, n: int, /) -> None:
        """Set the decoder's heads whose attention follows the audio. pairs: int32 (n, 2), layer and head."""
    def set_tail(
        self, n: int, positions: Buffer, counts: Buffer, n_local: int, local_heads: Buffer, contexts: Buffer, /
    ) -> None:
        """Set the landmarks that stand for padding.

        positions, counts: int32 (n,); local_heads: int32 (n_local,); contexts: float32 (n, n_local, 64).
        """
    def missing(self) -> str | None:
        """Return the name of a linear that has no weights yet, or None: the model is complete."""

@final
class State:
    """Encoder buffers and key/value caches of one transcription.

    One call at a time; a second one is refused, as is any in a forked child where a call was running.

    As a buffer it is the logits of the last step that was given no other place: float32 (n_beams, n_vocab), of which
    that step's beams come first.
    """

    def __new__(cls, model: Model, n_beams: int, /) -> State: ...
    def encode(self, mel: Buffer, n_frames: int, hidden: Buffer | None, /) -> None:
        """Run the encoder.

        mel: float32 (n_frames, n_mels), n_frames even; hidden: float32 (n_audio_layer + 1, n_frames / 2, n_state),
        written.
        """
    def decode(
        self,
        tokens: Buffer,
        n_beams: int,
        n_tokens: int,
        logits: Buffer | None,
        last_only: bool,
        alignment: Buffer | None,
        /,
    ) -> None:
        """Append tokens to the first n_beams beams.

        tokens: int32 (n_beams, n_tokens); logits: float32 (n_beams, n_tokens or 1, n_vocab), written, or None with
        last_only, which leaves them in the state; alignment: float32 (n_beams, n_alignment_heads, n_tokens, n_keys),
        written.
        """
    @staticmethod
    def decode_all(
        calls: Sequence[tuple[State, tuple[Buffer, int, int, Buffer | None, bool, Buffer | None]]], /
    ) -> None:
        """Run `decode` of 1 to 64 different states of one model at once; each gets what it would get alone.

        calls: states with their arguments. Where one is refused, none runs.
        """
    def rewind(self, n_past: int, /) -> None:
        """Forget the tokens from position n_past on."""
    def reorder(self, parents: Buffer, n: int, /) -> None:
        """Let the first n beams go on from other beams. parents: int32 (n,)."""
    def read_encoder(self, out: Buffer, /) -> None:
        """Write the encoder's output. out: float32 (n_ctx, n_state)."""
    def __buffer__(self, flags: int, /) -> memoryview: ...
    @property
    def n_past(self) -> int:
        """Decoder positions filled."""
    @property
    def n_ctx(self) -> int:
        """Encoder positions of the clip; 0 before the first one."""
    @property
    def n_keys(self) -> int:
        """Positions that attention sees: the clip's, and the landmarks after them."""

LARGEST_LLAMA_SIZES: Final[tuple[int, int, int, int, int, int, int]]
"""The largest `dims` that `Llama` takes, without is_tied."""

@final
class Llama:
    """Packed weights of a language model and a thread pool. kernels/engine/llama/model.h names linears and arrays."""

    def __new__(
        cls, dims: tuple[int, int, int, int, int, int, int, bool], epsilon: float, level: str, n_threads: int, /
    ) -> Llama:
        """`dims`: n_vocab, n_ctx, n_state, n_layer, n_head, n_kv_head, n_ffn, is_tied."""
    def set_linear(
        self, name: str, layer: int, first: int, n: int, type: int, weights: Buffer, scales: Buffer | None, /
    ) -> None:
        """Set rows of a linear, as `Model.set_linear` does."""
    def set_floats(self, name: str, layer: int, first: int, n: int, values: Buffer, /) -> None:
        """Set part of a float32 array: a norm, the bias of qkv, the rotary positions."""
    def missing(self) -> str | None:
        """Return the name of a linear that has no weights yet, or None: the model is complete."""

@final
class LlamaState:
    """Keys and values of one text, or of a tree of texts. One call at a time, as with `State`.

    As a buffer it is the logits of the last token that `read` was given without a place for all: float32 (n_vocab,).
    """

    def __new__(cls, model: Llama, n_positions: int, is_q8: bool, /) -> LlamaState:
        """Make an empty text; with is_q8 keys and values are kept as INT8."""
    def read(self, tokens: Buffer, positions: Buffer, n: int, logits: Buffer | None, /) -> None:
        """Read tokens at their positions.

        tokens, positions: int32 (n,); logits: float32 (n, n_vocab), written, or None for the last ones in the state.
        """
    def score(
        self, tokens: Buffer, positions: Buffer, n: int, rows: Buffer, targets: Buffer, n_targets: int, out: Buffer, /
    ) -> None:
        """Read tokens, and write the log-probabilities of `targets` after those at `rows` (ascending).

        rows, targets: int32 (n_targets,); out: float32 (n_targets,).
        """
    def rewind(self, n_past: int, /) -> None:
        """Forget the tokens from position n_past on."""
    def drop(self, first: int, n: int, /) -> None:
        """Forget n positions from `first` on; those after them move up."""
    def __buffer__(self, flags: int, /) -> memoryview: ...
    @property
    def n_past(self) -> int:
        """Positions filled."""

def cpu_levels() -> list[tuple[str, int]]:
    """List every level that this build knows, slowest first, and whether it runs here."""

def best_cpu_level() -> str:
    """Return the fastest level that runs here."""

def measure_peak(level: str, what: int, n_threads: int, seconds: float, buffer: Buffer, /) -> float:
    """Measure a rate. what 0: int8 multiply-adds a second; 1: float32; 2: bytes a second read from `buffer`."""

def measure_product(level: str, what: int, m: int, n: int, k: int, n_threads: int, seconds: float, /) -> float:
    """Measure a call: its median seconds. what 0: int8, 1: int4, 2: float32 product; 3: int8, 4: float32 attention."""

def pack_f32(weights: Buffer, n: int, k: int, packed: Buffer, /) -> None: ...
def pack_q8(codes: Buffer, n: int, k: int, packed: Buffer, /) -> None: ...
def pack_q4(blocks: Buffer, n: int, k: int, packed: Buffer, scales: Buffer, /) -> None: ...
def quantize_rows(level: str, x: Buffer, m: int, k: int, codes: Buffer, scales: Buffer, sums: Buffer, /) -> None: ...
def sum_exp(level: str, x: Buffer, n: int, largest: float, /) -> float: ...
def log_mel(
    level: str, samples: Buffer, n_frames: int, bounds: Buffer, weights: Buffer, n_mels: int, frames: Buffer, /
) -> None:
    """Compute log-mel frames of 400 samples, each 160 after the one before.

    samples: float32 (160 * (n_frames - 1) + 400,); bounds: int32 (2, n_mels), the first bin of each filter and
    the end; weights: float32 (n_mels, 201); frames: float32 (n_frames, n_mels).
    """

def gguf_parse(
    data: Buffer, /
) -> tuple[
    int,
    int,
    int,
    list[tuple[bytes, int, int, int, int, int]],
    list[tuple[bytes, int, tuple[int, ...], int, int]],
]:
    """Read a file's directory: version, alignment, data offset, keys, tensors.

    A key is (key, type, element type, count, offset, bytes); a tensor (name, type, (ne0, ne1, …), offset, bytes).
    ValueError says at which byte what was expected.
    """

def gguf_strings(data: Buffer, offset: int, n_bytes: int, count: int, /) -> tuple[bytes, bytes]:
    """Read the strings of an array that `gguf_parse` found: one after the other, and where each ends, as int32."""
