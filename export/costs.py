"""What an encoder costs: multiply-adds, which are as many as its matrices have weights."""

from __future__ import annotations

from edge.whisper.file.dims import LayerShape, WhisperDims


def macs(shape: LayerShape, dims: WhisperDims) -> int:
    """Multiply-adds of a layer's linears for one position, which is also how many weights they have."""
    d, hidden = dims.n_audio_state, shape.ffn_width
    keys = 2 * dims.n_audio_head * shape.key_width * d

    def product(n: int, k: int, rank: int) -> int:
        return rank * (n + k) if rank else n * k

    return (
        keys
        + d * d
        + product(d, d, shape.out_rank)
        + product(hidden, d, shape.fc1_rank)
        + product(d, hidden, shape.fc2_rank)
    )


def encoder_weights(dims: WhisperDims) -> int:
    """Of all matrices of the encoder, convolutions included: what a reduction is a share of."""
    convolutions = 3 * dims.n_audio_state * (dims.n_mels + dims.n_audio_state)
    return convolutions + sum(macs(dims.layer_shape(layer), dims) for layer in range(dims.n_audio_layer))
