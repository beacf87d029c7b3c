"""What is in a model file, in words: any GGUF file, ours or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import EdgeError
from .gguf import GgufFile, open_gguf
from .model import open_model

_MOST_SHOWN = 6
_WIDEST_VALUE = 90


def describe(path: str | Path, *, tensors: bool = False) -> str:
    """A readable summary of a GGUF file; with `tensors`, every tensor too.

    Raises:
        ModelNotFoundError, FormatError: there is no such file, or it is not sound GGUF.
    """
    with open_gguf(path) as file:
        sections = [_headline(file), _model(path), _metadata(file), _types(file)]
        if tensors:
            sections.append(_tensor_table(file))
        return "\n\n".join("\n".join(section) for section in sections)


def _headline(file: GgufFile) -> Iterator[str]:
    yield f"{file.path}: {file.n_bytes / 1e6:.1f} MB, {len(file.tensors)} tensors, {len(file.metadata)} keys"


def _model(path: str | Path) -> Iterator[str]:
    """What it is to edgewise: a model it runs, or the reason why it does not."""
    try:
        with open_model(path) as model:
            dims = model.dims
            yield f"Whisper {model.name}, {model.precision}: edgewise runs it"
            yield f"  encoder      {dims.n_audio_layer} layers, width {dims.n_audio_state}, {dims.n_audio_head} heads"
            yield f"  decoder      {dims.n_text_layer} layers, width {dims.n_text_state}, {dims.n_text_head} heads"
            yield f"  features     {dims.n_mels} mel bands, {dims.n_audio_ctx} positions"
            languages = f"{model.vocabulary.n_languages} languages" if dims.is_multilingual else "English only"
            yield f"  vocabulary   {dims.n_vocab} tokens, {languages}"
    except EdgeError as error:
        yield f"edgewise does not run it: {error}"


def _metadata(file: GgufFile) -> Iterator[str]:
    yield "Keys"
    for key in file.metadata:
        yield f"  {key} = {_value(file, key)}"


def _value(file: GgufFile, key: str) -> str:
    count = file.metadata.count(key)
    value = file.metadata[key]
    if isinstance(value, list):
        shown = ", ".join(repr(text) for text in value[:_MOST_SHOWN])
    elif isinstance(value, np.ndarray):
        shown = ", ".join(str(number) for number in value[:_MOST_SHOWN].tolist())
    else:
        return repr(value) if isinstance(value, str) else str(value)
    more = f", … ({count} in all)" if count > _MOST_SHOWN else ""
    return f"[{shown[:_WIDEST_VALUE]}{more}]"


def _types(file: GgufFile) -> Iterator[str]:
    counts: Counter[str] = Counter()
    n_bytes: Counter[str] = Counter()
    for tensor in file.tensors.values():
        counts[tensor.type.name] += 1
        n_bytes[tensor.type.name] += tensor.n_bytes
    yield "Tensors by type"
    for name, total in n_bytes.most_common():
        yield f"  {name:6} {counts[name]:5} tensors {total / 1e6:10.2f} MB"


def _tensor_table(file: GgufFile) -> Iterator[str]:
    yield "Tensors"
    width = max((len(name) for name in file.tensors), default=0)
    for tensor in file.tensors.values():
        shape = " x ".join(map(str, tensor.shape))
        yield f"  {tensor.name:{width}}  {tensor.type.name:5} {shape:>18} {tensor.n_bytes:>12,} bytes"
