"""Dimensions and tensor names of Whisper checkpoints, whatever file they come from.

Tensor names are those of transcribe.cpp's GGUF files (`enc.*`, `dec.*`), so that the two engines read each other's
files. Shapes are numpy's (row-major, [out, in]); a GGUF file stores them reversed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

FRAMES_PER_POSITION = 2
"""Mel frames for each encoder position: the second convolution has stride 2."""

HEAD_DIM = 64
"""Width of an attention head, equal in every size of Whisper."""


@dataclass(frozen=True, slots=True)
class LayerShape:
    """Shape of an encoder layer after compression (export.compress)."""

    key_width: int
    """Width of a head's queries and keys: 64, or less, whose products are what 64 would have given."""
    ffn_width: int
    """Width of the feed-forward layer: 4 n_audio_state, or less."""
    out_rank: int = 0
    """Rank of the attention's output; 0 where it is one matrix and not the product of two."""
    fc1_rank: int = 0
    fc2_rank: int = 0


@dataclass(frozen=True, slots=True)
class WhisperDims:
    """Sizes of a Whisper model; the names are openai-whisper's `ModelDimensions`."""

    n_mels: int
    """Number of mel bands: 80, or 128 from large-v3 on."""
    n_vocab: int
    """Number of rows in the token embedding, timestamps included."""
    n_audio_ctx: int
    """Encoder positions of a full window: 1500, which is 30 s."""
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_text_ctx: int
    """Number of decoder positions: 448."""
    n_text_state: int
    n_text_head: int
    n_text_layer: int
    layers: tuple[LayerShape, ...] = ()
    """Shapes of the encoder's layers where they are compressed; empty for a model as it was published."""

    def layer_shape(self, layer: int) -> LayerShape:
        """Give the shape of an encoder layer."""
        return self.layers[layer] if self.layers else LayerShape(HEAD_DIM, 4 * self.n_audio_state)

    def layer_macs(self, shape: LayerShape) -> int:
        """Count the multiply-adds of a layer's linears for one position, which is also the number of their weights."""
        d = self.n_audio_state

        def product(n: int, k: int, rank: int) -> int:
            return rank * (n + k) if rank else n * k

        return (
            2 * self.n_audio_head * shape.key_width * d
            + d * d
            + product(d, d, shape.out_rank)
            + product(shape.ffn_width, d, shape.fc1_rank)
            + product(d, shape.ffn_width, shape.fc2_rank)
        )

    @property
    def encoder_weights(self) -> int:
        """Number of weights in the encoder's matrices, convolutions included: a reduction is a share of this."""
        convolutions = 3 * self.n_audio_state * (self.n_mels + self.n_audio_state)
        layers = (self.layer_shape(layer) for layer in range(self.n_audio_layer))
        return convolutions + sum(map(self.layer_macs, layers))

    @property
    def is_multilingual(self) -> bool:
        """Whether the model knows other languages than English: then it has 51865 or 51866 tokens, else 51864."""
        return self.n_vocab >= 51865

    @property
    def n_languages(self) -> int:
        """Number of language tokens in the vocabulary: 99 (even in English-only models), 100 from large-v3 on."""
        return self.n_vocab - 51765 - int(self.is_multilingual)


LARGEST = WhisperDims(
    n_mels=512,
    n_vocab=1 << 20,
    n_audio_ctx=8192,
    n_audio_state=5120,
    n_audio_head=5120 // HEAD_DIM,
    n_audio_layer=128,
    n_text_ctx=8192,
    n_text_state=5120,
    n_text_head=5120 // HEAD_DIM,
    n_text_layer=128,
)
"""Largest sizes that a model may have, four times the largest Whisper's. The engine has the same ones, as
`edge._kernels.LARGEST_SIZES`."""


def tensor_shapes(dims: WhisperDims) -> dict[str, tuple[int, ...]]:
    """List every tensor of a model of these sizes by name, with its numpy shape, in the order of the file."""
    return dict(_tensors(dims))


def _linear(name: str, n_out: int, n_in: int, *, bias: bool = True) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (n_out, n_in)
    if bias:
        yield f"{name}.bias", (n_out,)


def _norm(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def _factors(name: str, n_out: int, n_in: int, rank: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Give the tensors of a linear: one matrix, or two with `rank` numbers between them."""
    if rank:
        yield f"{name}.down.weight", (rank, n_in)
    yield from _linear(name, n_out, rank or n_in)


def _attention(name: str, width: int, keys: int, out_rank: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _linear(f"{name}.q", keys, width)
    yield from _linear(f"{name}.k", keys, width, bias=False)  # Whisper's keys have no bias
    yield from _linear(f"{name}.v", width, width)
    yield from _factors(f"{name}.out", width, width, out_rank)


def _feed_forward(name: str, width: int, shape: LayerShape) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _factors(f"{name}.fc1", shape.ffn_width, width, shape.fc1_rank)
    yield from _factors(f"{name}.fc2", width, shape.ffn_width, shape.fc2_rank)


def _tensors(dims: WhisperDims) -> Iterator[tuple[str, tuple[int, ...]]]:
    width = dims.n_audio_state
    yield "enc.conv.0.weight", (width, dims.n_mels, 3)
    yield "enc.conv.0.bias", (width,)
    yield "enc.conv.1.weight", (width, width, 3)
    yield "enc.conv.1.bias", (width,)
    yield "enc.pos_emb.weight", (dims.n_audio_ctx, width)
    for layer in range(dims.n_audio_layer):
        block, shape = f"enc.blocks.{layer}", dims.layer_shape(layer)
        yield from _norm(f"{block}.norm_attn", width)
        yield from _attention(f"{block}.attn", width, dims.n_audio_head * shape.key_width, shape.out_rank)
        yield from _norm(f"{block}.norm_ffn", width)
        yield from _feed_forward(f"{block}.ffn", width, shape)
    yield from _norm("enc.final_norm", width)

    width, whole = dims.n_text_state, LayerShape(HEAD_DIM, 4 * dims.n_text_state)
    yield "dec.token_embd.weight", (dims.n_vocab, width)  # also the output projection
    yield "dec.pos_emb.weight", (dims.n_text_ctx, width)
    for layer in range(dims.n_text_layer):
        block = f"dec.blocks.{layer}"
        yield from _norm(f"{block}.norm_self", width)
        yield from _attention(f"{block}.self_attn", width, width, 0)
        yield from _norm(f"{block}.norm_cross", width)
        yield from _attention(f"{block}.cross_attn", width, width, 0)
        yield from _norm(f"{block}.norm_ffn", width)
        yield from _feed_forward(f"{block}.ffn", width, whole)
    yield from _norm("dec.final_norm", width)
