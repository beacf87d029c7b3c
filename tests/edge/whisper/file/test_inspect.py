"""A model file in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.errors import FormatError
from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.gguf.writer import write_gguf
from edge.whisper.file.dims import LayerShape, WhisperDims
from edge.whisper.file.inspect import describe
from edge.whisper.file.layers import layers_metadata
from edge.whisper.file.model import open_model

DIMS = WhisperDims(2, 1612, 4, 64, 1, 1, 6, 64, 1, 1)


def test_it_tells_what_is_in_a_model(write_model: Callable[..., Path]) -> None:
    text = describe(write_model(), tensors=True)
    assert "Whisper small-test, int8: edgewise runs it" in text
    assert "1612 tokens, English only; 3 suppressed" in text
    assert "stt.whisper.decoder.vocab_size = 1612" in text
    assert "tokenizer.ggml.tokens = ['Ġa', 't0', 't1', 't2', '<|endoftext|>', " in text
    assert "… (1,612 in all)]" in text
    assert "enc.blocks.0.attn.q.weight" in text
    assert len(text) < 20_000


def test_without_the_table_it_is_short(write_model: Callable[..., Path]) -> None:
    assert "enc.blocks.0.attn.q.weight" not in describe(write_model())


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    path = tmp_path / "foreign.gguf"
    tensors = [
        StoredTensor("blk.0.attn_q.weight", TensorType.Q4_K, (2, 256), np.zeros((2, 144), np.uint8)),
        StoredTensor("scalar", TensorType.F32, (), np.zeros(1, np.float32)),
        StoredTensor("evil\x1b[31m", TensorType.BF16, (3,), np.zeros(6, np.uint8)),
    ]
    write_gguf(path, {"general.architecture": "llama", "a\rkey": "x\x1b]0;y\x07" * 999, "none": []}, tensors)
    return path


def test_it_takes_a_file_of_another_kind(foreign: Path) -> None:
    text = describe(foreign, tensors=True)
    assert "edgewise does not run it" in text
    assert "architecture 'llama'" in text
    assert "none = []" in text
    assert "Q4_K" in text
    assert "2 x 256" in text
    assert "scalar" in text


def test_nothing_in_the_file_reaches_the_terminal_as_a_command(foreign: Path) -> None:
    text = describe(foreign, tensors=True)
    assert all(line.isprintable() for line in text.split("\n"))
    assert max(map(len, text.split("\n"))) < 300


def test_text_that_is_not_utf8_is_shown_all_the_same(foreign: Path, tmp_path: Path) -> None:
    path = tmp_path / "latin.gguf"
    path.write_bytes(foreign.read_bytes().replace(b"llama", b"ll\xe4ma"))
    with pytest.raises(FormatError, match=r"general\.architecture: expected UTF-8"):
        open_model(path)
    assert "general.architecture = 'll\ufffdma'" in describe(path)


@pytest.mark.parametrize(
    "report", ["", "[]", "{}", "[" * 5000, '{"scores": [{}], "float32": [{}], "recipe": 1}', "\x1b"]
)
def test_a_report_that_is_none_is_said_to_be_none(write_model: Callable[..., Path], report: str) -> None:
    path = write_model(lambda metadata, tensors: metadata.update({"edgewise.report": report}))
    assert "Report: edgewise.report holds a report that cannot be read" in describe(path)


def test_compressed_layers_are_shown(write_model: Callable[..., Path]) -> None:
    layers = layers_metadata(dataclasses.replace(DIMS, layers=(LayerShape(64, 256),)))
    path = write_model(lambda metadata, tensors: metadata.update(layers))
    assert "               0: 64, 256, 0, 0, 0" in describe(path)


@pytest.mark.parametrize(
    ("key", "values", "message"),
    [
        ("key_width", [24], "layer 0 cannot have the shape"),
        ("ffn_width", [512], "layer 0 cannot have the shape"),
        ("fc1_rank", [-32], "layer 0 cannot have the shape"),
        ("out_rank", [96], "layer 0 cannot have the shape"),
        ("fc2_rank", [0, 0], "expected at most 1 integers"),
        ("fc2_rank", [], "expected 1 numbers, found 0"),
        ("key_width", [32], r"attn\.q\.weight: expected shape \(32, 64\), found \(64, 64\)"),
    ],
)
def test_layers_that_no_encoder_has_are_refused(
    write_model: Callable[..., Path], key: str, values: list[int], message: str
) -> None:
    layers = layers_metadata(dataclasses.replace(DIMS, layers=(LayerShape(64, 256),)))
    layers[f"edgewise.layers.{key}"] = np.array(values, np.int32)
    path = write_model(lambda metadata, tensors: metadata.update(layers))
    with pytest.raises(FormatError, match=message):
        open_model(path)


def test_layers_are_told_of_whole(write_model: Callable[..., Path]) -> None:
    path = write_model(
        lambda metadata, tensors: metadata.update({"edgewise.layers.key_width": np.array([64], np.int32)})
    )
    with pytest.raises(FormatError, match=r"edgewise\.layers\.ffn_width is missing"):
        open_model(path)
