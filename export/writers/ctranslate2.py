"""CTranslate2 folders, so that faster-whisper runs the very same weights.

`sources/ctranslate2.py` says how they are laid out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from edge.files import replacing_folder
from edge.progress import Progress
from edge.whisper.tokens import Tokenizer

from ..checkpoint.types import Checkpoint, FloatPrecision, as_float
from ..checkpoint.vocabulary import token_texts
from ..sources.ctranslate2 import SPECIFICATION, VERSION, WEIGHTS
from ..tools.files import write_json
from .huggingface import tokenizer_json

REVISION = 3

_GELU = 3
_TYPE_IDS = {np.dtype(np.float32): 0, np.dtype(np.int8): 1, np.dtype(np.int16): 2, np.dtype(np.float16): 4}


def write_ctranslate2(
    checkpoint: Checkpoint, folder: Path, precision: FloatPrecision, *, progress: Progress | None = None
) -> None:
    """Write `checkpoint` with every weight in one precision; the folder appears when it is whole."""
    with replacing_folder(folder) as temporary:
        write_json(temporary / "config.json", _config(checkpoint), indent=1)
        write_json(temporary / "tokenizer.json", tokenizer_json(checkpoint))
        write_json(temporary / "vocabulary.json", token_texts(checkpoint.vocabulary))
        with (temporary / WEIGHTS).open("wb") as file:
            _write_model(file, checkpoint, precision, progress)


def _config(checkpoint: Checkpoint) -> dict[str, Any]:
    tokenizer = Tokenizer(checkpoint.vocabulary)
    first = tokenizer.first_language
    return {
        "alignment_heads": [list(pair) for pair in checkpoint.alignment_heads],
        "lang_ids": list(range(first, first + len(tokenizer.languages))),
        "suppress_ids": list(checkpoint.suppress_tokens),
        "suppress_ids_begin": list(checkpoint.suppress_begin),
    }


def _write_model(file: BinaryIO, checkpoint: Checkpoint, precision: FloatPrecision, progress: Progress | None) -> None:
    variables = dict(sorted({**_constants(checkpoint), **dict(_weights(checkpoint))}.items()))
    file.write(struct.pack("<I", VERSION) + _string(SPECIFICATION) + struct.pack("<II", REVISION, len(variables)))
    for done, (name, value) in enumerate(variables.items()):
        if progress is not None:
            progress("writing tensors", done, len(variables))
        value = as_float(name, value, precision) if value.dtype.kind == "f" else value
        file.write(_string(name) + struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape))
        file.write(struct.pack("<BI", _TYPE_IDS[value.dtype], value.nbytes))
        file.write(np.ascontiguousarray(value).tobytes())
    file.write(struct.pack("<I", 1))
    file.write(_string("decoder/projection/weight") + _string("decoder/embeddings/weight"))


def _string(text: str) -> bytes:
    data = text.encode() + b"\0"
    return struct.pack("<H", len(data)) + data


def _constants(checkpoint: Checkpoint) -> dict[str, NDArray[Any]]:
    flags = {
        "decoder/activation": _GELU,
        "decoder/alibi": 0,
        "decoder/pre_norm": 1,
        "decoder/scale_embeddings": 0,
        "decoder/start_from_zero_embedding": 0,
    }
    numbers = {
        "decoder/alignment_heads": 1,
        "decoder/alignment_layer": -1,
        "decoder/num_heads": checkpoint.dims.n_text_head,
        "encoder/num_heads": checkpoint.dims.n_audio_head,
    }
    return {name: np.array(value, np.int8) for name, value in flags.items()} | {
        name: np.array(value, np.int16) for name, value in numbers.items()
    }


def _weights(checkpoint: Checkpoint) -> Iterator[tuple[str, NDArray[Any]]]:
    tensors, dims = checkpoint.tensors, checkpoint.dims
    for index in (0, 1):
        for leaf in ("weight", "bias"):
            yield f"encoder/conv{index + 1}/{leaf}", tensors[f"enc.conv.{index}.{leaf}"]
    yield "decoder/embeddings/weight", tensors["dec.token_embd.weight"]
    for side, prefix, n_layers in (
        ("encoder", "enc", dims.n_audio_layer),
        ("decoder", "dec", dims.n_text_layer),
    ):
        yield f"{side}/position_encodings/encodings", tensors[f"{prefix}.pos_emb.weight"]
        yield from _norm(tensors, f"{prefix}.final_norm", f"{side}/layer_norm")
        for layer in range(n_layers):
            ours, theirs = f"{prefix}.blocks.{layer}", f"{side}/layer_{layer}"
            yield from _norm(tensors, f"{ours}.norm_ffn", f"{theirs}/ffn/layer_norm")
            yield from _joined(tensors, (f"{ours}.ffn.fc1",), f"{theirs}/ffn/linear_0")
            yield from _joined(tensors, (f"{ours}.ffn.fc2",), f"{theirs}/ffn/linear_1")
            yield from _attention(tensors, ours, theirs, is_decoder=side == "decoder")


def _attention(
    tensors: Mapping[str, NDArray[Any]], ours: str, theirs: str, *, is_decoder: bool
) -> Iterator[tuple[str, NDArray[Any]]]:
    self_name, norm = (f"{ours}.self_attn", "norm_self") if is_decoder else (f"{ours}.attn", "norm_attn")
    yield from _norm(tensors, f"{ours}.{norm}", f"{theirs}/self_attention/layer_norm")
    yield from _joined(tensors, [f"{self_name}.{part}" for part in "qkv"], f"{theirs}/self_attention/linear_0")
    yield from _joined(tensors, (f"{self_name}.out",), f"{theirs}/self_attention/linear_1")
    if is_decoder:
        cross = f"{ours}.cross_attn"
        yield from _norm(tensors, f"{ours}.norm_cross", f"{theirs}/attention/layer_norm")
        yield from _joined(tensors, (f"{cross}.q",), f"{theirs}/attention/linear_0")
        yield from _joined(tensors, [f"{cross}.{part}" for part in "kv"], f"{theirs}/attention/linear_1")
        yield from _joined(tensors, (f"{cross}.out",), f"{theirs}/attention/linear_2")


def _norm(tensors: Mapping[str, NDArray[Any]], ours: str, theirs: str) -> Iterator[tuple[str, NDArray[Any]]]:
    yield f"{theirs}/gamma", tensors[f"{ours}.weight"]
    yield f"{theirs}/beta", tensors[f"{ours}.bias"]


def _joined(
    tensors: Mapping[str, NDArray[Any]], ours: list[str] | tuple[str, ...], theirs: str
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Stack the projections of one input into one matrix; keys, which have no bias, get zeros."""
    weights = [tensors[f"{name}.weight"] for name in ours]
    biases = [tensors.get(f"{name}.bias") for name in ours]
    yield f"{theirs}/weight", np.concatenate(weights)
    filled = [
        np.zeros(len(weight), weight.dtype) if bias is None else bias
        for weight, bias in zip(weights, biases, strict=True)
    ]
    yield f"{theirs}/bias", np.concatenate(filled)
