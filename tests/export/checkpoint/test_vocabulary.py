"""Vocabularies from every kind of file, and the merges that follow from ranks."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.errors import FormatError, ModelNotFoundError
from edge.store import Store
from edge.whisper.file.published import PUBLISHED
from edge.whisper.file.vocabulary import byte_characters
from edge.whisper.tokens import Vocabulary
from export.checkpoint.types import Checkpoint
from export.checkpoint.vocabulary import (
    from_characters,
    merge_lines,
    merges_of,
    read_vocabulary,
    to_characters,
    token_texts,
)
from export.writers.huggingface import tokenizer_json

MadeCheckpoint = Callable[..., Checkpoint]


def _write_tokenizer_json(folder: Path, checkpoint: Checkpoint) -> None:
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(checkpoint)))


def _write_vocab_json(folder: Path, checkpoint: Checkpoint) -> None:
    texts = list(token_texts(checkpoint.vocabulary))
    n_text = checkpoint.vocabulary.n_special_from
    (folder / "vocab.json").write_text(json.dumps({token: at for at, token in enumerate(texts[:n_text])}))
    added = {token: at for at, token in enumerate(texts) if at >= n_text}
    (folder / "added_tokens.json").write_text(json.dumps(added))


def _write_list_json(folder: Path, checkpoint: Checkpoint) -> None:
    (folder / "vocabulary.json").write_text(json.dumps(token_texts(checkpoint.vocabulary)))


def _write_lines(folder: Path, checkpoint: Checkpoint) -> None:
    text = "".join(token + "\n" for token in token_texts(checkpoint.vocabulary))
    (folder / "vocabulary.txt").write_text(text, encoding="utf-8")


def _write_ranks(folder: Path, checkpoint: Checkpoint) -> None:
    vocabulary = checkpoint.vocabulary
    lines = [
        (base64.b64encode(token) or b"=") + b" %d\n" % rank
        for rank, token in enumerate(vocabulary.tokens[: vocabulary.n_special_from])
    ]
    name = "multilingual.tiktoken" if checkpoint.dims.is_multilingual else "gpt2.tiktoken"
    (folder / name).write_bytes(b"".join(lines))


_WRITERS = (_write_tokenizer_json, _write_vocab_json, _write_list_json, _write_lines, _write_ranks)


@pytest.mark.parametrize("write", _WRITERS)
@pytest.mark.parametrize("name", ["tiny.en", "tiny", "large-v3"])
def test_every_file_gives_the_vocabulary(
    tmp_path: Path,
    make_checkpoint: MadeCheckpoint,
    write: Callable[[Path, Checkpoint], None],
    name: str,
) -> None:
    checkpoint = make_checkpoint(name)
    write(tmp_path, checkpoint)
    assert read_vocabulary(tmp_path, checkpoint.dims) == checkpoint.vocabulary


def test_ranks_come_from_the_assets_last(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> None:
    checkpoint = make_checkpoint("tiny.en")
    assets, empty, full = tmp_path / "assets", tmp_path / "empty", tmp_path / "full"
    for folder in (assets, empty, full):
        folder.mkdir()
    _write_ranks(assets, checkpoint)
    _write_lines(full, checkpoint)
    assert read_vocabulary(empty, checkpoint.dims, lambda: assets) == checkpoint.vocabulary

    def unwanted() -> Path:
        raise AssertionError("asked for assets beside a vocabulary")

    assert read_vocabulary(full, checkpoint.dims, unwanted) == checkpoint.vocabulary


def test_missing_vocabulary_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"tokenizer\.json.*gpt2\.tiktoken.*put one there"):
        read_vocabulary(tmp_path, PUBLISHED["tiny.en"])


def _tokenizer(**changes: Any) -> dict[str, Any]:
    return {"model": {"type": "BPE", "vocab": {"!": 0}}, "added_tokens": []} | changes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, r"no model\.vocab"),
        (_tokenizer(model={"vocab": []}), r"no model\.vocab"),
        (_tokenizer(), "no token has id 1"),
        (_tokenizer(added_tokens="x"), "added_tokens"),
        (_tokenizer(added_tokens=[1]), "added_tokens"),
        (_tokenizer(model={"vocab": {"!": -1}}), "id -1"),
        (_tokenizer(model={"vocab": {"!": 10**30}}), "id 1000"),
        (_tokenizer(model={"vocab": {"!": True}}), "id True"),
        (_tokenizer(model={"vocab": {"!": 0, '"': 0}}), "two tokens have id 0"),
        (_tokenizer(model={"vocab": {"日本": 0}}), "byte-level"),
        (_tokenizer(model={"vocab": {"!" * 70000: 0}}), "at most 65536"),
        (
            _tokenizer(added_tokens=[{"id": 50257, "content": "<|endoftext|>"}]),
            r"<\|endoftext\|> has id 50257, expected 50256",
        ),
    ],
)
def test_hostile_tokenizer_json(tmp_path: Path, content: dict[str, Any], message: str) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(FormatError, match=message):
        read_vocabulary(tmp_path, PUBLISHED["tiny.en"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gpt2.tiktoken", b"IQ== 0\nIg== 5\n", "line 2: expected a token in base64 and its rank 1"),
        ("gpt2.tiktoken", b"IQ= 0\n", "line 1"),
        ("gpt2.tiktoken", b"IQ==\n", "line 1"),
        ("gpt2.tiktoken", b"IQ== 0\n", "1 text tokens, expected 50256"),
        ("vocabulary.txt", b"\xff\n", "not UTF-8 at byte 0"),
        ("vocabulary.txt", b"a\nb\n", "2 tokens, expected 51864"),
        ("vocabulary.json", b"[1, 2]", "2 tokens, expected 51864"),
        ("vocabulary.json", b"{}", "expected a JSON list"),
    ],
)
def test_hostile_lists(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=message):
        read_vocabulary(tmp_path, PUBLISHED["tiny.en"])


def test_vocabulary_of_another_model_is_refused(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> None:
    _write_tokenizer_json(tmp_path, make_checkpoint("tiny.en"))
    with pytest.raises(FormatError, match=r"<\|endoftext\|> has id 50256, expected 50257"):
        read_vocabulary(tmp_path, PUBLISHED["tiny"])


def test_characters_stand_for_bytes() -> None:
    assert len(set(byte_characters())) == 256
    assert to_characters(b" the\n") == "ĠtheĊ"
    every = bytes(range(256))
    assert from_characters(Path("file"), to_characters(every)) == every


def test_merges_of_made_pairs(make_checkpoint: MadeCheckpoint) -> None:
    vocabulary = make_checkpoint("tiny").vocabulary
    expected = [(token[:1], token[1:]) for token in vocabulary.tokens[256 : vocabulary.n_special_from - 1]]
    assert merges_of(vocabulary) == tuple(expected)


def test_merges_of_longer_tokens() -> None:
    text = (*(bytes([byte]) for byte in range(256)), b"ab", b"cd", b"abcd", b"abc", b"bcd", b"zabcd")
    vocabulary = Vocabulary.of((*text, *(b"special",) * 1509), len(text))
    pairs = ((b"a", b"b"), (b"c", b"d"), (b"ab", b"cd"), (b"ab", b"c"), (b"b", b"cd"), (b"z", b"abcd"))
    assert merges_of(vocabulary) == pairs


def test_merges_equal_those_that_were_published() -> None:
    folder = Store().place("tiny.en")
    if not folder.is_dir():
        pytest.skip("tiny.en is not in the cache: edgewise models pull tiny.en")
    published = json.loads((folder / "tokenizer.json").read_text())["model"]["merges"]
    assert list(merge_lines(read_vocabulary(folder, PUBLISHED["tiny.en"]))) == published
