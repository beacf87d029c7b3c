"""What decoding needs of an engine. The C engine implements it; so do the scripted engines of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ...arrays import FloatArray, IntArray

if TYPE_CHECKING:
    from ..file.dims import WhisperDims
    from ..file.landmarks import Tail


class State(Protocol):
    """The memory of one clip being decoded: its encoding and the decoder's keys and values."""

    @property
    def n_past(self) -> int:
        """Decoder positions filled so far."""
        ...

    def encode(self, mel: FloatArray) -> None:
        """Run the encoder over `mel` (n_frames, n_mels), C-contiguous, n_frames even; resets the decoder.

        Where `mel` is shorter than the window and the engine has a tail, it stands for the rest; the clip then ends
        in some frames of padding (edge.whisper.file.landmarks.clip_positions).
        """
        ...

    def decode(self, tokens: IntArray, *, last_only: bool = True, alignment: bool = False) -> FloatArray:
        """Append `tokens` (b, n) to the first b beams; logits (b, n, n_vocab), valid until the next call.

        The logits are the caller's to write into. With `last_only` those of the last position alone come back:
        (b, 1, n_vocab). With `alignment` the attention of the alignment heads is kept for `alignment()`.
        Beams behind the first b fall behind: they are of use again after `reorder`, or `rewind` to before.
        """
        ...

    def rewind(self, n_past: int) -> None:
        """Forget the positions from `n_past` on."""
        ...

    def reorder(self, parents: IntArray) -> None:
        """Let beam i go on from what was beam `parents[i]`, for the first `len(parents)` beams."""
        ...

    def encoder_output(self) -> FloatArray:
        """The encoder's states, (n_ctx, n_state)."""
        ...

    def alignment(self) -> FloatArray:
        """Attention of the last `decode(..., alignment=True)`: (b, n_heads, n_tokens, n_keys).

        Keys are the clip's positions, and then the landmarks of the tail, if there is one.
        """
        ...


class Engine(Protocol):
    """A loaded model, shared by any number of states."""

    @property
    def dims(self) -> WhisperDims:
        """Sizes of the model."""
        ...

    @property
    def tail(self) -> Tail | None:
        """What its states put behind a clip shorter than the window; None if they put nothing there."""
        ...

    @property
    def n_alignment_heads(self) -> int:
        """Heads whose attention tells when a token is said; 0 where none are known."""
        ...

    def new_state(self, n_beams: int = 1) -> State:
        """A fresh state that decodes up to `n_beams` sequences at once."""
        ...
