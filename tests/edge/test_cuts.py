from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cuts import split_words, split_words_of_llama

GPT2_PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""

LLAMA_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, world!", ["Hello", ",", " world", "!"]),
        ("I'll've it's 'S", ["I", "'ll", "'ve", " it", "'s", " '", "S"]),
        ("a  b\n\n c ", ["a", " ", " b", "\n\n", " c", " "]),
        ("x²1 ½é\u0301", ["x", "²1", " ½", "é", "\u0301"]),
        ("a\x1fb\u2003\u3000c", ["a", "\x1f", "b", "\u2003", "\u3000", "c"]),
        ("...''' ' 's", ["...'''", " '", " '", "s"]),
        ("", []),
    ],
)
def test_text_is_split_as_gpt2_splits_it(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@given(st.text(alphabet=st.sampled_from(" 'streLNé²9_\n\t\u2003\x1f世🙂"), max_size=30))
def test_split_equals_the_original_pattern(text: str) -> None:
    regex = pytest.importorskip("regex")
    assert split_words(text) == regex.findall(GPT2_PATTERN, text)


@given(st.text(alphabet=st.sampled_from(" 'sStrREvLlNé²19_!\n\r\t\u2003\x1f世🙂"), max_size=30))
def test_a_split_of_llama_equals_its_pattern(text: str) -> None:
    regex = pytest.importorskip("regex")
    assert split_words_of_llama(text) == regex.findall(LLAMA_PATTERN, text)
