"""What every Whisper checkpoint is made of, whatever file it came from: its dimensions and its tensor names.

Tensor names are those of transcribe.cpp's GGUF files (`enc.*`, `dec.*`), so that two engines read each
other's files. Shapes are the numpy ones (row-major, [out, in]); a GGUF file stores them reversed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

FRAMES_PER_POSITION = 2
"""Mel frames per encoder position: the second convolution has stride 2."""

HEAD_DIM = 64
"""Width of an attention head, the same in every Whisper size."""


@dataclass(frozen=True, slots=True)
class WhisperDims:
    """Sizes of one Whisper model; the names are openai-whisper's `ModelDimensions`."""

    n_mels: int
    """Mel bands: 80, or 128 from large-v3 on."""
    n_vocab: int
    """Rows of the token embedding, timestamps included."""
    n_audio_ctx: int
    """Encoder positions of a full window: 1500, which is 30 s."""
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_text_ctx: int
    """Decoder positions: 448."""
    n_text_state: int
    n_text_head: int
    n_text_layer: int

    @property
    def is_multilingual(self) -> bool:
        """English-only models have 51864 tokens, multilingual ones 51865 or 51866."""
        return self.n_vocab >= 51865

    @property
    def n_languages(self) -> int:
        """Language tokens in the vocabulary: 99 (also in English-only models), 100 from large-v3 on."""
        return self.n_vocab - 51765 - int(self.is_multilingual)


def tensor_shapes(dims: WhisperDims) -> dict[str, tuple[int, ...]]:
    """Every tensor of a model of these sizes, by name, with its numpy shape. The order is the file's."""
    return dict(_tensors(dims))


def _linear(name: str, n_out: int, n_in: int, *, bias: bool = True) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (n_out, n_in)
    if bias:
        yield f"{name}.bias", (n_out,)


def _norm(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def _attention(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _linear(f"{name}.q", width, width)
    yield from _linear(f"{name}.k", width, width, bias=False)  # Whisper's keys have no bias
    yield from _linear(f"{name}.v", width, width)
    yield from _linear(f"{name}.out", width, width)


def _feed_forward(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _linear(f"{name}.fc1", 4 * width, width)
    yield from _linear(f"{name}.fc2", width, 4 * width)


def _tensors(dims: WhisperDims) -> Iterator[tuple[str, tuple[int, ...]]]:
    width = dims.n_audio_state
    yield "enc.conv.0.weight", (width, dims.n_mels, 3)
    yield "enc.conv.0.bias", (width,)
    yield "enc.conv.1.weight", (width, width, 3)
    yield "enc.conv.1.bias", (width,)
    yield "enc.pos_emb.weight", (dims.n_audio_ctx, width)
    for layer in range(dims.n_audio_layer):
        block = f"enc.blocks.{layer}"
        yield from _norm(f"{block}.norm_attn", width)
        yield from _attention(f"{block}.attn", width)
        yield from _norm(f"{block}.norm_ffn", width)
        yield from _feed_forward(f"{block}.ffn", width)
    yield from _norm("enc.final_norm", width)

    width = dims.n_text_state
    yield "dec.token_embd.weight", (dims.n_vocab, width)  # also the output projection
    yield "dec.pos_emb.weight", (dims.n_text_ctx, width)
    for layer in range(dims.n_text_layer):
        block = f"dec.blocks.{layer}"
        yield from _norm(f"{block}.norm_self", width)
        yield from _attention(f"{block}.self_attn", width)
        yield from _norm(f"{block}.norm_cross", width)
        yield from _attention(f"{block}.cross_attn", width)
        yield from _norm(f"{block}.norm_ffn", width)
        yield from _feed_forward(f"{block}.ffn", width)
    yield from _norm("dec.final_norm", width)
