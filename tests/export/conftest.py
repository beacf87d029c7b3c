"""Small random checkpoints in the structure of every published model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from edge.whisper.file.dims import HEAD_DIM, WhisperDims, tensor_shapes
from edge.whisper.file.published import PUBLISHED
from edge.whisper.file.vocabulary import byte_characters
from edge.whisper.tokens import Vocabulary
from export.checkpoint.types import Checkpoint, Hints, build_checkpoint
from export.checkpoint.vocabulary import n_text_tokens, vocabulary_from_text
from export.writers.ctranslate2 import write_ctranslate2

MadeCheckpoint = Callable[..., Checkpoint]
SameCheckpoint = Callable[[Checkpoint, Checkpoint], None]


def shrunk(name: str) -> WhisperDims:
    """A published model's sizes with few layers and heads and a short window; unequal depths stay unequal."""
    dims = PUBLISHED[name]
    heads = 1 if dims.n_text_head < 16 else 2
    return dataclasses.replace(
        dims,
        n_audio_ctx=20,
        n_audio_state=heads * HEAD_DIM,
        n_audio_head=heads,
        n_audio_layer=2 + (dims.n_audio_layer > dims.n_text_layer),
        n_text_ctx=12,
        n_text_state=heads * HEAD_DIM,
        n_text_head=heads,
        n_text_layer=2,
    )


@lru_cache(maxsize=4)
def made_vocabulary(n_vocab: int) -> Vocabulary:
    """Single bytes in GPT-2's order, then pairs of bytes, as byte-pair encoding could have made them."""
    dims = dataclasses.replace(PUBLISHED["tiny"], n_vocab=n_vocab)
    characters = byte_characters()
    order = sorted(range(256), key=lambda byte: (characters[byte] != chr(byte), byte))
    tokens = [bytes([byte]) for byte in order]
    n_text = n_text_tokens(Path("made"), dims)
    pairs = (bytes([first, second]) for first in order for second in order)
    tokens += [next(pairs) for _ in range(n_text - len(tokens))]
    if dims.is_multilingual:
        tokens[-1] = b""  # as in the real one
    return vocabulary_from_text(Path("made"), dims, tokens)


@lru_cache(maxsize=16)
def _made(name: str, kind: str) -> Checkpoint:
    dims = shrunk(name)
    generator = np.random.default_rng(sum(name.encode()))
    tensors = {
        tensor: generator.standard_normal(shape, np.float32).astype(kind) * np.dtype(kind).type(0.05)
        for tensor, shape in tensor_shapes(dims).items()
    }
    hints = Hints(name=name, alignment_heads=((0, 0), (1, dims.n_text_head - 1)))
    return build_checkpoint(Path("made"), dims, tensors, made_vocabulary(dims.n_vocab), hints)


@pytest.fixture(scope="session")
def make_checkpoint() -> MadeCheckpoint:
    """Make a random checkpoint in a published model's structure: `make_checkpoint("base", "float16")`."""

    def make(name: str = "tiny.en", kind: str = "float16") -> Checkpoint:
        return _made(name, kind)

    return make


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory, make_checkpoint: MadeCheckpoint) -> Path:
    """The folder of a random checkpoint in base's structure."""
    folder = tmp_path_factory.mktemp("source") / "whisper-small"
    write_ctranslate2(make_checkpoint("base"), folder, "f16")
    return folder


@pytest.fixture(scope="session")
def assert_same() -> SameCheckpoint:
    """Assert that two checkpoints hold the same model, whatever files they came from."""

    def check(found: Checkpoint, expected: Checkpoint) -> None:
        assert found.dims == expected.dims
        assert found.vocabulary == expected.vocabulary
        assert found.suppress_tokens == expected.suppress_tokens
        assert found.suppress_begin == expected.suppress_begin
        np.testing.assert_array_equal(found.mel_filters, expected.mel_filters)
        assert list(found.tensors) == list(expected.tensors)
        for name, tensor in expected.tensors.items():
            np.testing.assert_array_equal(found.tensors[name], tensor, err_msg=name)

    return check
