"""A Whisper model file: what it says is checked before anybody runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import EdgeError, FormatError, UnsupportedModelError
from edge.format import TensorToWrite, TensorType, open_model
from edge.format.inspect import describe
from edge.whisper.engine import WhisperEngine

Change = Callable[[dict[str, Any], dict[str, TensorToWrite]], None]
WriteModel = Callable[..., Path]


def put(key: str, value: Any) -> Change:
    def change(metadata: dict[str, Any], tensors: dict[str, TensorToWrite]) -> None:
        if value is None:
            del metadata[key]
        else:
            metadata[key] = value

    return change


def replace(name: str, type_: TensorType, data: np.ndarray[Any, Any], shape: tuple[int, ...] | None = None) -> Change:
    def change(metadata: dict[str, Any], tensors: dict[str, TensorToWrite]) -> None:
        tensors[name] = TensorToWrite(name, type_, shape or data.shape, data)

    return change


def without(name: str) -> Change:
    def change(metadata: dict[str, Any], tensors: dict[str, TensorToWrite]) -> None:
        del tensors[name]

    return change


def test_what_it_holds(write_model: WriteModel) -> None:
    with open_model(write_model()) as model:
        assert (model.name, model.precision) == ("small-test", "int8")
        assert (model.dims.n_audio_state, model.dims.n_vocab, model.dims.n_text_ctx) == (64, 1612, 6)
        assert model.alignment_heads == ((0, 0),)
        assert (model.suppress_tokens, model.suppress_begin) == ((1, 2), (0,))
        assert model.mel_filters.shape == (2, 201)
        assert model.vocabulary.tokens[:2] == (b" a", b"t0")
        assert model.vocabulary.tokens[model.vocabulary.n_special_from] == b"<|endoftext|>"


def test_the_engine_runs_it(write_model: WriteModel) -> None:
    with open_model(write_model()) as model:
        state = WhisperEngine(model, threads=1).new_state()
    state.encode(np.ones((8, 2), np.float32))
    assert np.isfinite(state.decode(np.array([[1, 2, 3]], np.int32))).all()


def test_a_file_of_another_converter_loads(write_model: WriteModel) -> None:
    def foreign(metadata: dict[str, Any], tensors: dict[str, TensorToWrite]) -> None:
        for key in [key for key in metadata if key.startswith("edgewise.")]:
            del metadata[key]

    with open_model(write_model(foreign)) as model:
        assert model.precision == "int8"
        assert model.alignment_heads == ((0, 0),)  # all heads of the upper half


BAD: dict[str, tuple[Change, type[EdgeError], str]] = {
    "another architecture": (
        put("general.architecture", "llama"),
        UnsupportedModelError,
        "architecture 'llama'",
    ),
    "a format of the future": (put("edgewise.format_version", 2), UnsupportedModelError, "update edgewise"),
    "a size missing": (put("stt.whisper.encoder.d_model", None), FormatError, "d_model is missing"),
    "a size in text": (put("stt.whisper.encoder.d_model", "64"), FormatError, "expected int"),
    "no layers": (put("stt.whisper.decoder.n_layers", 0), FormatError, "expected 1 to 128, found 0"),
    "a million layers": (put("stt.whisper.decoder.n_layers", 10**6), FormatError, "expected 1 to 128"),
    "heads of another width": (put("stt.whisper.encoder.n_heads", 2), FormatError, "heads 64 wide"),
    "more layers than tensors": (
        put("stt.whisper.encoder.n_layers", 2),
        FormatError,
        "enc.blocks.1.*missing",
    ),
    "a larger vocabulary than embedding": (
        put("stt.whisper.decoder.vocab_size", 1613),
        FormatError,
        "token_embd",
    ),
    "tokens missing": (put("tokenizer.ggml.tokens", None), FormatError, "tokens is missing"),
    "too few tokens": (put("tokenizer.ggml.tokens", ["a"]), FormatError, "expected 1612 tokens, found 1"),
    "no end of text": (put("tokenizer.ggml.tokens", ["a"] * 1612), FormatError, "endoftext"),
    "tokens that are numbers": (
        put("tokenizer.ggml.tokens", np.zeros(1612, np.int32)),
        FormatError,
        "expected strings",
    ),
    "a suppressed token out of range": (
        put("stt.whisper.suppress_tokens", np.array([1612], np.int32)),
        FormatError,
        "below 1612, found 1612",
    ),
    "a negative token": (
        put("stt.whisper.begin_suppress_tokens", np.array([-1], np.int32)),
        FormatError,
        "found -1",
    ),
    "an alignment head out of range": (
        put("edgewise.alignment_heads", np.array([0, 1], np.int32)),
        FormatError,
        "no head 1 in layer 0",
    ),
    "half an alignment head": (
        put("edgewise.alignment_heads", np.array([0], np.int32)),
        FormatError,
        "pairs",
    ),
    "a tensor missing": (without("enc.final_norm.bias"), FormatError, "enc.final_norm.bias is missing"),
    "filters missing": (without("frontend.mel_filterbank"), FormatError, "found nothing"),
    "scales missing": (without("dec.token_embd.weight_scale"), FormatError, "1612 float32 scales"),
    "a tensor misshapen": (
        replace("enc.final_norm.bias", TensorType.F32, np.zeros(65, np.float32)),
        FormatError,
        r"expected shape \(64,\), found \(65,\)",
    ),
    "a bias of integers": (
        replace("enc.final_norm.bias", TensorType.I8, np.zeros(64, np.int8)),
        UnsupportedModelError,
        "expected one of F32, F16, found I8",
    ),
    "a matrix of a type not run": (
        replace("enc.blocks.0.ffn.fc1.weight", TensorType.Q5_0, np.zeros((256, 44), np.uint8), (256, 64)),
        UnsupportedModelError,
        "found Q5_0",
    ),
    "a NaN in a norm": (
        replace("dec.final_norm.weight", TensorType.F32, np.full(64, np.nan, np.float32)),
        FormatError,
        "found NaN",
    ),
    "an infinite scale": (
        replace("dec.token_embd.weight_scale", TensorType.F32, np.full(1612, np.inf, np.float32)),
        FormatError,
        "found NaN or infinity",
    ),
    "a negative scale": (
        replace("dec.token_embd.weight_scale", TensorType.F32, np.full(1612, -1, np.float32)),
        FormatError,
        "scales of 0 or more",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_contradictions_are_refused(name: str, write_model: WriteModel) -> None:
    change, error, message = BAD[name]
    path = write_model(change)
    with pytest.raises(error, match=message) as caught:
        open_model(path)
    assert str(path) in str(caught.value)


def test_describe_tells_what_is_in_it(write_model: WriteModel) -> None:
    text = describe(write_model(), tensors=True)
    assert "Whisper small-test, int8: edgewise runs it" in text
    assert "stt.whisper.decoder.vocab_size = 1612" in text
    assert "enc.blocks.0.attn.q.weight" in text
    assert len(text) < 20_000


def test_describe_takes_a_file_of_another_kind(write_model: WriteModel) -> None:
    assert "does not run it" in describe(write_model(put("general.architecture", "llama")))
