"""The compiled part: raw buffers in, raw buffers out. Only `edge.ops` and the engine handle talk to it.

A buffer is anything C-contiguous with the buffer protocol that holds aligned native numbers of the documented type, or
raw bytes. What a call reads is its own when it gives up the GIL, and what it writes is copied out at its end: a buffer
that changes, shrinks or goes in between gives wrong numbers or a ValueError.
ValueError: a type, a size or an index is wrong. RuntimeError: a call out of order. MemoryError: nothing has changed.
"""

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
        """Before its weights: an encoder layer's key_width, ffn_width, and ranks of out, fc1, fc2 (0: one piece)."""
    def split_vocabulary(self, first: int, middle: int, /) -> None:
        """Before its weights: dec.vocabulary gets the first rows, .next the `middle` ones, .next.next the others."""
    def set_linear(
        self, name: str, layer: int, first: int, n: int, type: int, weights: Buffer, scales: Buffer | None, /
    ) -> None:
        """Rows first .. first + n. type 1: float32 (n, k); 2: int8 (n, k) and float32 scales (n,); 3: Q4_0 blocks."""
    def set_floats(self, name: str, layer: int, first: int, n: int, values: Buffer, /) -> None:
        """Part of a float32 array: a norm's weight or bias, a linear's bias, positions."""
    def set_alignment_heads(self, pairs: Buffer, n: int, /) -> None:
        """`pairs`: int32 (n, 2), layer and head."""
    def set_tail(
        self, n: int, positions: Buffer, counts: Buffer, n_local: int, local_heads: Buffer, contexts: Buffer, /
    ) -> None:
        """positions, counts: int32 (n,); local_heads: int32 (n_local,); contexts: float32 (n, n_local, 64)."""
    def missing(self) -> str | None:
        """Name of a linear that has no weights yet."""

@final
class State:
    """Encoder buffers and key/value caches of one transcription. One call at a time; a second one is refused, as is any
    in a forked child where a call was running.

    As a buffer it is the logits of the last step that was given no other place: float32 (n_beams, n_vocab), of which
    that step's beams come first.
    """

    def __new__(cls, model: Model, n_beams: int, /) -> State: ...
    def encode(self, mel: Buffer, n_frames: int, hidden: Buffer | None, /) -> None:
        """mel: float32 (n_frames, n_mels), n_frames even; hidden: float32 (n_audio_layer + 1, n_frames / 2,
        n_state), written."""
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
        """The first n_beams alone. tokens: int32 (n_beams, n_tokens); logits: float32 (n_beams, n_tokens or 1,
        n_vocab), written, or None with last_only, which leaves them in the state; alignment: float32 (n_beams,
        n_alignment_heads, n_tokens, n_keys), written."""
    def rewind(self, n_past: int, /) -> None: ...
    def reorder(self, parents: Buffer, n: int, /) -> None:
        """parents: int32 (n,), of the first n beams."""
    def read_encoder(self, out: Buffer, /) -> None:
        """out: float32 (n_ctx, n_state), written."""
    def __buffer__(self, flags: int, /) -> memoryview: ...
    @property
    def n_past(self) -> int: ...
    @property
    def n_ctx(self) -> int: ...
    @property
    def n_keys(self) -> int: ...

def cpu_levels() -> list[tuple[str, int]]:
    """Every level this build knows, slowest first, and whether it runs here."""

def best_cpu_level() -> str: ...
def measure_peak(level: str, what: int, n_threads: int, seconds: float, buffer: Buffer, /) -> float:
    """what 0: int8 multiply-adds a second; 1: float32; 2: bytes a second read from `buffer`."""

def measure_product(level: str, what: int, m: int, n: int, k: int, n_threads: int, seconds: float, /) -> float:
    """Median seconds of a call. what 0: int8, 1: int4, 2: float32 product; 3: int8, 4: float32 attention."""

def pack_f32(weights: Buffer, n: int, k: int, packed: Buffer, /) -> None: ...
def pack_q8(codes: Buffer, n: int, k: int, packed: Buffer, /) -> None: ...
def pack_q4(blocks: Buffer, n: int, k: int, packed: Buffer, scales: Buffer, /) -> None: ...
def quantize_rows(level: str, x: Buffer, m: int, k: int, codes: Buffer, scales: Buffer, sums: Buffer, /) -> None: ...
def sum_exp(level: str, x: Buffer, n: int, largest: float, /) -> float: ...
def gguf_parse(
    data: Buffer, /
) -> tuple[
    int,
    int,
    int,
    list[tuple[bytes, int, int, int, int, int]],
    list[tuple[bytes, int, tuple[int, ...], int, int]],
]:
    """Version, alignment, data offset; keys (key, type, element type, count, offset, bytes); tensors (name, type,
    (ne0, ne1, …), offset, bytes). ValueError says at which byte what was expected."""

def gguf_strings(data: Buffer, offset: int, n_bytes: int, count: int, /) -> tuple[bytes, bytes]:
    """The strings of an array that `gguf_parse` found: one after the other, and where each ends, as int32."""
