"""What every checkpoint must satisfy, wherever it came from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import FormatError, UnsupportedModelError
from edge.whisper.file.dims import LARGEST
from edge.whisper.file.published import PUBLISHED
from edge.whisper.tokens import Tokenizer, default_suppress_begin, default_suppress_tokens
from export.checkpoint.mel import mel_filters
from export.checkpoint.types import Checkpoint, Hints, as_float, build_checkpoint, check_dims

MadeCheckpoint = Callable[..., Checkpoint]
PATH = Path("model.bin")


def _build(checkpoint: Checkpoint, changed: dict[str, Any] | None = None, **hints: Any) -> Checkpoint:
    tensors = {**checkpoint.tensors, **(changed or {})}
    return build_checkpoint(PATH, checkpoint.dims, tensors, checkpoint.vocabulary, Hints(**hints))


def test_what_a_source_leaves_out_is_filled_in(make_checkpoint: MadeCheckpoint) -> None:
    made = make_checkpoint("base")
    built = _build(made, name="me/whisper-mine")
    tokenizer = Tokenizer(made.vocabulary)
    assert built.name == "mine"
    assert built.alignment_heads == tuple((1, head) for head in range(made.dims.n_text_head))
    assert built.suppress_tokens == default_suppress_tokens(tokenizer)
    assert built.suppress_begin == default_suppress_begin(tokenizer)
    np.testing.assert_array_equal(built.mel_filters, mel_filters(80))


def test_tensors_come_in_the_files_order(make_checkpoint: MadeCheckpoint) -> None:
    made = make_checkpoint("base")
    shuffled = dict(sorted(made.tensors.items(), reverse=True))
    built = build_checkpoint(PATH, made.dims, shuffled, made.vocabulary, Hints())
    assert list(built.tensors) == list(made.tensors)


def test_missing_and_unknown_tensors(make_checkpoint: MadeCheckpoint) -> None:
    made = make_checkpoint("tiny")
    tensors = dict(made.tensors)
    del tensors["dec.final_norm.bias"]
    with pytest.raises(FormatError, match=r"model\.bin: tensor dec\.final_norm\.bias is missing"):
        build_checkpoint(PATH, made.dims, tensors, made.vocabulary, Hints())
    with pytest.raises(FormatError, match=r"tensor extra is no part"):
        _build(made, {"extra": np.zeros(1, np.float32)})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["float16", "float32"])
def test_damaged_weights(make_checkpoint: MadeCheckpoint, value: float, kind: str) -> None:
    made = make_checkpoint("tiny", kind)
    damaged = np.array(made.tensors["dec.token_embd.weight"])
    damaged[-1, -1] = value
    with pytest.raises(FormatError, match=r"dec\.token_embd\.weight holds NaN or infinity"):
        _build(made, {"dec.token_embd.weight": damaged})


def test_wrong_shape_and_type(make_checkpoint: MadeCheckpoint) -> None:
    made = make_checkpoint("tiny")
    bias = made.tensors["enc.conv.0.bias"]
    with pytest.raises(FormatError, match=r"enc\.conv\.0\.bias has shape \(64, 1\), expected \(64,\)"):
        _build(made, {"enc.conv.0.bias": bias[:, None]})
    with pytest.raises(FormatError, match=r"enc\.conv\.0\.bias is float64"):
        _build(made, {"enc.conv.0.bias": bias.astype(np.float64)})


@pytest.mark.parametrize(
    ("hints", "message"),
    [
        ({"alignment_heads": [[9, 0]]}, r"alignment head \(9, 0\) does not exist"),
        ({"alignment_heads": [[0, -1]]}, r"alignment head \(0, -1\) does not exist"),
        ({"alignment_heads": [[0]]}, "expected integers"),
        ({"alignment_heads": [["a", "b"]]}, "expected integers"),
        ({"alignment_heads": [1]}, "expected integers"),
        ({"alignment_heads": 5}, "alignment heads: expected a list"),
        ({"suppress_tokens": [51865]}, "suppressed token out of range"),
        ({"suppress_tokens": [1.5]}, "expected integers"),
        ({"suppress_tokens": 7}, "expected integers"),
        ({"suppress_begin": [-1]}, "suppressed first token out of range"),
        ({"mel_filters": np.zeros((80, 200), np.float32)}, "mel filters have shape"),
        ({"mel_filters": np.full((80, 201), np.nan, np.float32)}, "mel filters hold NaN"),
    ],
)
def test_hostile_hints(make_checkpoint: MadeCheckpoint, hints: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        _build(make_checkpoint("tiny"), **hints)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_vocab": 0}, "n_vocab is 0"),
        ({"n_audio_layer": -1}, "n_audio_layer is -1"),
        ({"n_text_ctx": 1 << 40}, "n_text_ctx is 1099511627776"),
        ({"n_text_ctx": LARGEST.n_text_ctx + 1}, f"expected 1 to {LARGEST.n_text_ctx}"),
        ({"n_audio_head": 5}, "n_audio_state is 384 with 5 heads"),
        ({"n_text_state": 448, "n_text_head": 7}, "the encoder is 384 wide and the decoder 448"),
    ],
)
def test_senseless_sizes(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        check_dims(PATH, dataclasses.replace(PUBLISHED["tiny"], **changes))


def test_vocabulary_of_another_size(make_checkpoint: MadeCheckpoint) -> None:
    made, other = make_checkpoint("tiny"), make_checkpoint("tiny.en")
    with pytest.raises(FormatError, match="51864 tokens, the model 51865"):
        build_checkpoint(PATH, made.dims, made.tensors, other.vocabulary, Hints())


def test_float16_has_a_range() -> None:
    assert as_float("x", np.array([65504.0], np.float32), "f16").dtype == np.float16
    with pytest.raises(UnsupportedModelError, match="tensor x is out of float16's range"):
        as_float("x", np.array([-70000.0], np.float32), "f16")
