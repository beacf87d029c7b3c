"""Names, sizes and alignment heads of the published models."""

from __future__ import annotations

import dataclasses

import pytest

from edge.whisper.file.published import PUBLISHED
from export.checkpoint.published import alignment_heads, canonical_name, guess_name


@pytest.mark.parametrize("name", PUBLISHED)
def test_alignment_heads_exist_and_are_ordered(name: str) -> None:
    dims = PUBLISHED[name]
    heads = alignment_heads(name, dims)
    assert heads == tuple(sorted(set(heads)))
    assert heads
    assert all(layer < dims.n_text_layer and head < dims.n_text_head for layer, head in heads)


def test_number_of_alignment_heads() -> None:
    counts = {name: len(alignment_heads(name, dims)) for name, dims in PUBLISHED.items()}
    assert counts == {
        "tiny.en": 8,
        "tiny": 6,
        "base.en": 5,
        "base": 8,
        "small.en": 19,
        "small": 10,
        "medium.en": 18,
        "medium": 6,
        "large-v1": 9,
        "large-v2": 23,
        "large-v3": 10,
        "large-v3-turbo": 6,
    }


def test_unpublished_model_uses_the_upper_half() -> None:
    dims = dataclasses.replace(PUBLISHED["tiny"], n_text_layer=3, n_text_head=2)
    assert alignment_heads("mine", dims) == ((1, 0), (1, 1), (2, 0), (2, 1))


@pytest.mark.parametrize(
    ("hint", "name"),
    [
        ("openai/whisper-tiny.en", "tiny.en"),
        ("ggml-tiny.en", "tiny.en"),
        ("Systran/faster-whisper-base", "base"),
        ("large", "large-v3"),
        ("whisper-large-v3-turbo/", "large-v3-turbo"),
        ("turbo", "large-v3-turbo"),
    ],
)
def test_canonical_name(hint: str, name: str) -> None:
    assert canonical_name(hint) == name


def test_name_is_guessed_from_sizes() -> None:
    assert guess_name(PUBLISHED["base"], "some-folder") == "base"
    assert guess_name(PUBLISHED["large-v1"], "snapshot") == "large-v2"
    assert guess_name(PUBLISHED["large-v1"], "large-v1") == "large-v1"
    assert guess_name(PUBLISHED["base"], "tiny") == "base"


def test_unknown_sizes_keep_the_hint() -> None:
    dims = dataclasses.replace(PUBLISHED["base"], n_text_layer=2)
    assert guess_name(dims, "me/whisper-distilled") == "distilled"
    assert guess_name(dims) == "whisper"
