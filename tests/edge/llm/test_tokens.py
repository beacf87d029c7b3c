"""Byte-level BPE beside the tokenizers library's own results."""

from __future__ import annotations

from edge.gguf.file import open_gguf
from edge.llm.file import check_file

from .conftest import Write


def test_merges_join_the_first_ones_first_and_digits_stand_alone(write: Write) -> None:
    tokenizer = check_file(open_gguf(write())).tokenizer
    ids = tokenizer.encode("the cat 12")
    assert [tokenizer.decode([token]) for token in ids] == ["the", " cat", " ", "1", "2"]


def test_every_text_comes_back(write: Write) -> None:
    tokenizer = check_file(open_gguf(write())).tokenizer
    for text in ("", "naïve 日本語 🎈", "  two\n\tthree ", "<|endoftext|>"):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_names_of_special_tokens_count_only_where_asked_for(write: Write) -> None:
    tokenizer = check_file(open_gguf(write())).tokenizer
    assert tokenizer.encode("a<|endoftext|>", special=True)[1:] == [0]
    assert 0 not in tokenizer.encode("a<|endoftext|>")
