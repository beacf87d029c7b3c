"""Reads a model for onnxruntime: a folder that `edgewise export whisper SOURCE -o DIR --to onnx` writes.

It holds three graphs under Hugging Face's names, the numbers that they share in WEIGHTS, and FACTS: a model file
without weights, for all else that decoding needs. Hugging Face's configurations lie in it too, for other readers.
"""

from __future__ import annotations

from pathlib import Path

from ...gguf.file import GgufFile, open_gguf
from ...onnx.folder import FACTS, require_files
from ...onnx.graph import Shape, Signature
from ..file.dims import FRAMES_PER_POSITION, HEAD_DIM, WhisperDims
from ..file.model import ModelFile, read_facts

ENCODER = "encoder_model.onnx"
DECODER = "decoder_model.onnx"
"""Graph for the first tokens of a window, which computes the keys and values of the audio as well."""
DECODER_WITH_PAST = "decoder_with_past_model.onnx"
"""Graph for the tokens after those."""
GRAPHS = (ENCODER, DECODER, DECODER_WITH_PAST)
WEIGHTS = "model.onnx_data"

PRECISIONS = ("f32", "int8", "w8", "w4")
"""Precisions of a folder: int8 rounds weights and, while it runs, activations; w8 and w4 store weights in 8 or 4 bits,
and compute in float."""

FEATURES = "input_features"
STATES = "last_hidden_state"
TOKENS = "input_ids"
ENCODED = "encoder_hidden_states"
LOGITS = "logits"
ALIGNMENT = "alignment"
"""Output with the attention of the alignment heads, where the model has some."""


def open_folder(folder: Path) -> ModelFile:
    """Read what a folder states about its model; the graphs are not looked at.

    Raises:
        FormatError: its facts are damaged.
        ModelNotFoundError, UnsupportedModelError: it is not such a folder (`require_files`).
    """
    require_files(folder, (*GRAPHS, FACTS))
    return read_facts(open_gguf(folder / FACTS), PRECISIONS)


def read_folder(facts: GgufFile) -> ModelFile:
    """Read what an open FACTS file states about the model of its folder. Raises as `open_folder` does."""
    require_files(facts.path.parent, (*GRAPHS, FACTS))
    return read_facts(facts, PRECISIONS)


def past_names(n_layers: int, part: str) -> list[str]:
    """Name the decoder's inputs for the keys and values of the "decoder" (tokens so far) or the "encoder" (audio)."""
    return [f"past_key_values.{layer}.{part}.{kind}" for layer in range(n_layers) for kind in ("key", "value")]


def present_names(n_layers: int, part: str) -> list[str]:
    """Name the decoder's outputs for the keys and values, in the order of `past_names`."""
    return [f"present.{layer}.{part}.{kind}" for layer in range(n_layers) for kind in ("key", "value")]


def signatures(dims: WhisperDims, n_alignment_heads: int) -> dict[str, Signature]:
    """Describe the inputs and outputs of each graph of a model of these sizes; the first axis counts beams."""
    width, n_ctx = dims.n_audio_state, dims.n_audio_ctx
    keys: Shape = (None, dims.n_text_head, None, HEAD_DIM)
    layers = dims.n_text_layer
    outputs: dict[str, Shape] = {LOGITS: (None, None, dims.n_vocab)}
    if n_alignment_heads:
        outputs[ALIGNMENT] = (None, n_alignment_heads, None, None)
    past = past_names(layers, "decoder") + past_names(layers, "encoder")
    own, audio = present_names(layers, "decoder"), present_names(layers, "encoder")
    return {
        ENCODER: Signature(
            {FEATURES: (None, dims.n_mels, FRAMES_PER_POSITION * n_ctx)}, {STATES: (None, n_ctx, width)}
        ),
        DECODER: Signature(
            {TOKENS: (None, None), ENCODED: (None, None, width)}, outputs | dict.fromkeys(own + audio, keys), (TOKENS,)
        ),
        DECODER_WITH_PAST: Signature(
            {TOKENS: (None, None)} | dict.fromkeys(past, keys), outputs | dict.fromkeys(own, keys), (TOKENS,)
        ),
    }
