"""The protocol of engines: what decoding needs. The C engine keeps it, and so do the scripted engines of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ...arrays import FloatArray, IntArray

if TYPE_CHECKING:
    from ..file.dims import WhisperDims
    from ..file.landmarks import Tail


class State(Protocol):
    """Memory of a clip being decoded: its encoding and the decoder's keys and values."""

    @property
    def n_past(self) -> int:
        """Number of decoder positions filled so far."""
        ...

    def encode(self, mel: FloatArray) -> None:
        """Run the encoder over `mel` (n_frames, n_mels), C-contiguous, n_frames even; resets the decoder.

        Where `mel` is shorter than the window and the engine has a tail, the tail stands for the rest; the clip then
        ends in some frames of padding (edge.whisper.file.landmarks.clip_positions).
        """
        ...

    def decode(self, tokens: IntArray, *, last_only: bool = True, alignment: bool = False) -> FloatArray:
        """Append `tokens` (b, n) to the first b beams; gives logits (b, n, n_vocab), valid until the next call.

        The caller may write into the logits. With `last_only` only those of the last position are given: (b, 1,
        n_vocab). With `alignment` the attention of the alignment heads is kept for `alignment()`. Beams after the first
        b fall behind: they can be used again after `reorder`, or after `rewind` to an earlier position.
        """
        ...

    def rewind(self, n_past: int) -> None:
        """Forget the positions from `n_past` on."""
        ...

    def reorder(self, parents: IntArray) -> None:
        """Let beam i go on from what was beam `parents[i]`, for the first `len(parents)` beams."""
        ...

    def encoder_output(self) -> FloatArray:
        """Give the encoder's states, (n_ctx, n_state)."""
        ...

    def alignment(self) -> FloatArray:
        """Give the attention of the last `decode(..., alignment=True)`: (b, n_heads, n_tokens, n_keys).

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
        """Landmarks that states put after a clip shorter than the window; None if they put nothing there."""
        ...

    @property
    def n_alignment_heads(self) -> int:
        """Number of heads whose attention shows when a token is spoken; 0 where they are not known."""
        ...

    @property
    def verifies_drafts(self) -> bool:
        """Whether a call over several tokens gives the same bits as a call over each, so that drafts are exact."""
        ...

    def new_state(self, n_beams: int = 1) -> State:
        """Make a fresh state that decodes up to `n_beams` sequences at once."""
        ...
