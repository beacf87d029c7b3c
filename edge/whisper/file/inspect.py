"""Describes in words what is in a model file: any GGUF file, ours or not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import EdgeError
from ...gguf.file import GgufFile, open_gguf
from .model import REPORT_KEY, ModelFile, open_model

_OURS = "edgewise"
"""Name of our engine in a report."""

_MOST_SHOWN = 6
_LONGEST_TEXT = 200
_LONGEST_ELEMENT = 24


def describe(path: str | Path, *, tensors: bool = False) -> str:
    """Summarize a GGUF file for people; with `tensors`, list every tensor too.

    Raises:
        ModelNotFoundError, FormatError: there is no such file, or it is not sound GGUF.
    """
    with open_gguf(path) as file:
        sections = [_headline(file), _verdict(path), report_lines(file), key_lines(file), _types(file)]
        if tensors:
            sections.append(_tensor_table(file))
        return joined(sections)


def joined(sections: Iterable[Iterable[str]]) -> str:
    """Join sections of lines into one text, without empty ones."""
    return "\n\n".join(filter(None, ("\n".join(section) for section in sections)))


def _headline(file: GgufFile) -> Iterator[str]:
    n_bytes, n_tensors, n_keys = file.n_bytes, len(file.tensors), len(file.metadata)
    yield f"{file.path}: {megabytes(n_bytes)}, {n_tensors} tensors, {n_keys} keys"


def _verdict(path: str | Path) -> Iterator[str]:
    """Tell what the file is to edgewise: a model it runs, or the reason why it does not."""
    try:
        with open_model(path) as model:
            yield from model_lines(model, "edgewise runs it", _tail(model))
    except EdgeError as error:
        yield f"edgewise does not run it: {error}"


def model_lines(model: ModelFile, verdict: str, padding: str) -> Iterator[str]:
    """Describe a model, with a verdict on who runs it and on the padding after a short clip."""
    dims = model.dims
    languages = f"{model.vocabulary.n_languages} languages" if dims.is_multilingual else "English only"
    n_suppressed = len(model.suppress_tokens) + len(model.suppress_begin)
    yield f"Whisper {_plain(model.name)}, {model.precision}: {verdict}"
    yield f"  encoder      {dims.n_audio_layer} layers, width {dims.n_audio_state}, {dims.n_audio_head} heads"
    if dims.layers:
        yield "  compressed   layer: keys, hidden, ranks of out, fc1 and fc2 (0: one matrix)"
        for number, layer in enumerate(dims.layers):
            sizes = (layer.key_width, layer.ffn_width, layer.out_rank, layer.fc1_rank, layer.fc2_rank)
            yield f"               {number}: {', '.join(map(str, sizes))}"
    yield f"  decoder      {dims.n_text_layer} layers, width {dims.n_text_state}, {dims.n_text_head} heads"
    yield f"  features     {dims.n_mels} mel bands, {dims.n_audio_ctx} positions"
    yield f"  padding      {padding}"
    yield f"  vocabulary   {dims.n_vocab} tokens, {languages}; {n_suppressed} suppressed"
    yield f"  transcript   {dims.n_text_ctx} tokens at most; {len(model.alignment_heads)} alignment heads"


def _tail(model: ModelFile) -> str:
    if model.tail is None:
        return "always computed whole: the file has no tail (`edgewise export whisper FILE -o OUT` adds one)"
    n_local = len(model.tail.local_heads)
    return f"{len(model.tail.positions)} landmarks, {n_local} local heads: short clips cost what they last"


def report_lines(file: GgufFile) -> Iterator[str]:
    """Give the word error rates that `edgewise export --eval` measured, if the file holds them."""
    if REPORT_KEY not in file.metadata:
        return
    try:
        report = json.loads(str(file.metadata[REPORT_KEY]))
        rows = [
            f"  {_plain(str(now['name']))}: {_rate(now):.2f} % [{100 * float(now['low']):.2f} to "
            f"{100 * float(now['high']):.2f}], float32 {_rate(whole):.2f} %, {int(now['n_recordings'])} recordings"
            for now, whole in zip(report["scores"], report["float32"], strict=True)
        ]
        engine = str(report.get("engine", _OURS))
        by_whom = "" if engine == _OURS else f" on {_plain(engine)}"
        levels = [float(level) for level in report.get("levels_db", [0.0])]
        heard = f" at {', '.join(f'{level:+g}' for level in levels[:_MOST_SHOWN])} dB" if any(levels) else ""
        yield f"Report: {_plain(str(report['recipe']))}{by_whom}, word error rates{heard}"
    except (ValueError, TypeError, KeyError, AttributeError, ZeroDivisionError, OverflowError, RecursionError):
        yield f"Report: {REPORT_KEY} holds a report that cannot be read"
        return
    yield from rows[:_MOST_SHOWN]


def _rate(score: Any) -> float:
    errors = score["errors"]
    return 100 * sum(int(errors[kind]) for kind in ("substitutions", "deletions", "insertions")) / int(errors["words"])


def key_lines(file: GgufFile) -> Iterator[str]:
    """List every key, with its value or the beginning of it."""
    yield "Keys"
    for key in file.metadata:
        yield f"  {_plain(key)} = {_value(file, key)}"


def _value(file: GgufFile, key: str) -> str:
    if file.metadata.holds_strings(key):
        texts = [text.decode(errors="replace") for text in file.metadata.raw_strings(key, _MOST_SHOWN)]
        if not file.metadata.is_array(key):
            return _shorten(repr(texts[0]), _LONGEST_TEXT)
        shown = [_shorten(repr(text), _LONGEST_ELEMENT) for text in texts]
    else:
        value = file.metadata[key]
        if not isinstance(value, np.ndarray):
            return str(value)
        shown = [str(number) for number in value[:_MOST_SHOWN].tolist()]
    count = file.metadata.count(key)
    more = [f"… ({count:,} in all)"] if count > _MOST_SHOWN else []
    return f"[{', '.join(shown + more)}]"


def _types(file: GgufFile) -> Iterator[str]:
    counts: Counter[str] = Counter()
    n_bytes: Counter[str] = Counter()
    for tensor in file.tensors.values():
        counts[tensor.type.name] += 1
        n_bytes[tensor.type.name] += tensor.n_bytes
    yield "Tensors by type"
    for name, total in n_bytes.most_common():
        yield f"  {name:7} {counts[name]:5} tensors {megabytes(total):>12}"


def _tensor_table(file: GgufFile) -> Iterator[str]:
    yield "Tensors"
    names = [_plain(name) for name in file.tensors]
    width = max(map(len, names), default=0)
    for name, tensor in zip(names, file.tensors.values(), strict=True):
        shape = " x ".join(map(str, tensor.shape)) or "scalar"
        yield f"  {name:{width}}  {tensor.type.name:7} {shape:>18} {tensor.n_bytes:>12,} bytes"


def _plain(name: str) -> str:
    """Show a name from the file without characters that a terminal obeys, cut to a bearable length."""
    return _shorten(repr(name)[1:-1], _LONGEST_TEXT)


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def megabytes(n_bytes: int) -> str:
    """Write a size for people."""
    return f"{n_bytes / 1e6:.2f} MB" if n_bytes >= 10_000 else f"{n_bytes} bytes"
