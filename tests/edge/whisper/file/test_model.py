"""A Whisper model file: what it says is checked before anybody runs it."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import EdgeError, FormatError, UnsupportedModelError
from edge.gguf.file import StoredTensor
from edge.gguf.types import BLOCKS, TensorType
from edge.whisper.engines.native import WhisperEngine
from edge.whisper.file.model import open_model

Change = Callable[[dict[str, Any], dict[str, StoredTensor]], None]
WriteModel = Callable[..., Path]


def put(key: str, value: Any) -> Change:
    def change(metadata: dict[str, Any], tensors: dict[str, StoredTensor]) -> None:
        if value is None:
            del metadata[key]
        else:
            metadata[key] = value

    return change


def replace(name: str, type_: TensorType, data: np.ndarray[Any, Any], shape: tuple[int, ...] | None = None) -> Change:
    def change(metadata: dict[str, Any], tensors: dict[str, StoredTensor]) -> None:
        tensors[name] = StoredTensor(name, type_, shape or data.shape, data)

    return change


def without(name: str) -> Change:
    def change(metadata: dict[str, Any], tensors: dict[str, StoredTensor]) -> None:
        del tensors[name]

    return change


def fill(name: str, value: Any) -> Change:
    """A stored array with its first number replaced."""

    def change(metadata: dict[str, Any], tensors: dict[str, StoredTensor]) -> None:
        tensor = tensors[name]
        data = tensor.data.copy()
        data.reshape(-1)[0] = value
        tensors[name] = StoredTensor(name, tensor.type, tensor.shape, data)

    return change


def swap_tokens(one: str, other: str) -> Change:
    def change(metadata: dict[str, Any], tensors: dict[str, StoredTensor]) -> None:
        tokens = metadata["tokenizer.ggml.tokens"]
        i, j = tokens.index(one), tokens.index(other)
        tokens[i], tokens[j] = other, one

    return change


def rename_token(old: str, new: str) -> Change:
    def change(metadata: dict[str, Any], tensors: dict[str, StoredTensor]) -> None:
        tokens = metadata["tokenizer.ggml.tokens"]
        tokens[tokens.index(old)] = new

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
    def foreign(metadata: dict[str, Any], tensors: dict[str, StoredTensor]) -> None:
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
    "a format of the future": (put("edgewise.format_version", 5), UnsupportedModelError, "update edgewise"),
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
    "more alignment heads than heads": (
        put("edgewise.alignment_heads", np.zeros(4, np.int32)),
        FormatError,
        "at most 2 integers",
    ),
    "alignment heads in words": (put("edgewise.alignment_heads", ["a"]), FormatError, "array of integers"),
    "suppressed tokens that are fractions": (
        put("stt.whisper.suppress_tokens", np.zeros(1, np.float32)),
        FormatError,
        "array of integers",
    ),
    "a name that clears the screen": (put("general.name", "x\x1b[2J"), FormatError, "short line of text"),
    "a name without end": (put("general.name", "x" * 1000), FormatError, "short line of text"),
    "an array for a size": (
        put("stt.whisper.encoder.d_model", np.array([64], np.uint32)),
        FormatError,
        "expected int, found an array",
    ),
    "a precision that is none": (put("edgewise.precision", "int3"), FormatError, "found 'int3'"),
    "another sample rate": (put("stt.frontend.sample_rate", 8000), UnsupportedModelError, "16000, found 8000"),
    "other features": (put("stt.frontend.type", "raw"), UnsupportedModelError, "'mel', found 'raw'"),
    "another number of bands": (put("stt.frontend.num_mels", 3), UnsupportedModelError, "expected 2, found 3"),
    "another activation": (put("stt.whisper.decoder.activation", "relu"), UnsupportedModelError, "found 'relu'"),
    "scaled embeddings": (put("stt.whisper.decoder.scale_embedding", True), UnsupportedModelError, "found True"),
    "another start of transcript": (
        put("stt.whisper.sot_token_id", 7),
        FormatError,
        "sot_token_id: expected a token id of 5, found 7",
    ),
    "an end beyond the vocabulary": (
        put("tokenizer.ggml.bos_token_id", 1612),
        FormatError,
        "below 1612, found 1612",
    ),
    "special tokens out of place": (
        swap_tokens("<|translate|>", "<|transcribe|>"),
        FormatError,
        r"expected <\|translate\|> as token",
    ),
    "a token in another spelling": (
        rename_token("t1", "€"),
        FormatError,
        "token 2 is not in GPT-2's spelling of bytes: '€'",
    ),
    "a token in another spelling after empty ones": (
        put("tokenizer.ggml.tokens", ["", "", "a", "", "ab\n", "<|endoftext|>", *["x"] * 1606]),
        FormatError,
        r"token 4 is not in GPT-2's spelling of bytes: 'ab\\n'",
    ),
    "a token beyond the characters of two bytes": (rename_token("t1", "a𐍈"), FormatError, "token 2 is not .*: 'a𐍈'"),
    "a token that only seems special": (
        put("tokenizer.ggml.tokens", ["<|endoftext|>x", *["<|endoftext|"] * 1611]),
        FormatError,
        "endoftext.* among the tokens",
    ),
    "a token of a megabyte": (rename_token("t1", "a" * (1 << 20)), FormatError, "at most 65536 bytes"),
    "a NaN in the filters": (
        fill("frontend.mel_filterbank", np.nan),
        FormatError,
        "mel_filterbank: expected finite",
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


def blocks(type_: TensorType, scale: float) -> Change:
    """A matrix of blocks, of which the last has this scale."""
    n_bytes = 2 * BLOCKS[type_][1]
    data = np.zeros((64, n_bytes), np.uint8)
    data[-1, -n_bytes // 2 :][:2] = np.frombuffer(np.float16(scale).tobytes(), np.uint8)
    return replace("enc.blocks.0.attn.q.weight", type_, data, (64, 64))


BAD_WEIGHTS = {
    "a code of -128": (fill("dec.token_embd.weight", -128), r"token_embd.weight: expected codes .* found -128"),
    "a NaN in a convolution": (fill("enc.conv.1.weight", np.nan), "conv.1.weight: expected finite numbers"),
    "an infinite Q8_0 scale": (blocks(TensorType.Q8_0, np.inf), "attn.q.weight: expected finite scales"),
    "a NaN as Q4_0 scale": (blocks(TensorType.Q4_0, np.nan), "attn.q.weight: expected finite scales"),
}


@pytest.mark.parametrize("name", BAD_WEIGHTS)
def test_the_engine_refuses_weights_that_mean_nothing(name: str, write_model: WriteModel) -> None:
    change, message = BAD_WEIGHTS[name]
    with open_model(write_model(change)) as model, pytest.raises(FormatError, match=message):
        WhisperEngine(model, threads=1)


def test_every_byte_has_its_spelling(write_model: WriteModel) -> None:
    """`bytes_to_unicode` of GPT-2, the printable bytes first."""

    def spell(metadata: dict[str, Any], tensors: dict[str, StoredTensor]) -> None:
        metadata["tokenizer.ggml.tokens"][:4] = ["Ġa!~", "ĀĠ¡¬", "®ÿĀġ", ""]

    with open_model(write_model(spell)) as model:
        assert model.vocabulary.tokens[:4] == (b" a!~", b"\x00 \xa1\xac", b"\xae\xff\x00\x7f", b"")


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [(b"a\xc4", b"\xa0b", "token 1 ends inside a character"), (b"a\xff", b"bc", "can't decode byte 0xff")],
)
def test_each_token_is_text_of_its_own(write_model: WriteModel, first: bytes, second: bytes, problem: str) -> None:
    path = write_model()
    data = path.read_bytes()
    one, other = (b"\x02" + bytes(7) + text for text in (b"t0", b"t1"))
    assert one + other in data
    path.write_bytes(data.replace(one + other, one[:-2] + first + other[:-2] + second))
    with pytest.raises(FormatError, match=f"tokenizer.ggml.tokens: .*{problem}"):
        open_model(path)


def test_opening_a_file_makes_no_object_of_each_token(write_model: WriteModel) -> None:
    path = write_model()
    open_model(path).close()
    before = sys.getallocatedblocks()
    with open_model(path) as model:
        assert sys.getallocatedblocks() - before < model.dims.n_vocab


def test_alignment_heads_of_a_foreign_file_are_those_of_the_upper_half(write_model: WriteModel) -> None:
    with open_model(write_model(put("edgewise.alignment_heads", None))) as model:
        assert model.alignment_heads == ((0, 0),)


@pytest.mark.parametrize(
    ("type_", "precision"), [(TensorType.F16, "f16"), (TensorType.Q8_0, "q8_0"), (TensorType.Q4_0, "int4")]
)
def test_precision_of_a_foreign_file_is_its_weights_type(
    type_: TensorType, precision: str, write_model: WriteModel
) -> None:
    def foreign(metadata: dict[str, Any], tensors: dict[str, StoredTensor]) -> None:
        del metadata["edgewise.precision"]
        weights, n_bytes = BLOCKS[type_]
        data = np.zeros((256, 64 // weights * n_bytes), np.uint8)
        replace("enc.blocks.0.ffn.fc1.weight", type_, data, (256, 64))(metadata, tensors)

    with open_model(write_model(foreign)) as model:
        assert model.precision == precision


def test_a_list_longer_than_it_can_be_is_not_made(write_model: WriteModel) -> None:
    """Four million integers would take 128 MiB as a tuple."""
    path = write_model(put("stt.whisper.suppress_tokens", np.zeros(4 << 20, np.int32)))
    tracemalloc.start()
    with pytest.raises(FormatError, match="expected at most 1612 integers, found 4194304"):
        open_model(path)
    assert tracemalloc.get_traced_memory()[1] < 2 << 20
    tracemalloc.stop()
