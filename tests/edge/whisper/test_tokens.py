from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import OptionError
from edge.whisper.file.dims import WhisperDims
from edge.whisper.tokens import (
    Tokenizer,
    Vocabulary,
    default_suppress_begin,
    default_suppress_tokens,
    join_pairs,
    merge_ranks,
    special_tokens,
)
from tests.edge.test_cuts import GPT2_PATTERN


@pytest.mark.parametrize(
    ("n_vocab", "n_text", "n_languages"), [(51864, 50256, 99), (51865, 50257, 99), (51866, 50257, 100)]
)
def test_special_tokens_fill_the_vocabulary(
    dims_of: Callable[[int], WhisperDims], n_vocab: int, n_text: int, n_languages: int
) -> None:
    special = special_tokens(dims_of(n_vocab))
    assert len(special) == n_vocab - n_text
    assert special[:3] == [b"<|endoftext|>", b"<|startoftranscript|>", b"<|en|>"]
    assert special[2 + n_languages] == b"<|translate|>"
    assert special[-1501] == b"<|0.00|>"
    assert special[-1] == b"<|30.00|>"


def test_ids_are_those_of_the_published_models(english: Tokenizer, tokenizer_of: Callable[..., Any]) -> None:
    assert (english.eot, english.sot, english.no_speech) == (50256, 50257, 50361)
    assert (english.no_timestamps, english.timestamp_begin) == (50362, 50363)
    large_v3 = tokenizer_of(51866)
    assert (large_v3.translate, large_v3.transcribe, large_v3.timestamp_begin) == (50359, 50360, 50365)
    assert large_v3.languages[-1] == "yue"


@pytest.mark.parametrize("name", ["sot", "translate", "transcribe", "sot_prev", "no_speech", "no_timestamps"])
def test_every_id_stands_where_its_text_is(multilingual: Tokenizer, name: str) -> None:
    text = {"sot": "startoftranscript", "sot_prev": "startofprev"}.get(name, name.replace("_", ""))
    assert multilingual.vocabulary.tokens[getattr(multilingual, name)] == f"<|{text}|>".encode()


def test_a_vocabulary_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(ValueError, match="would have -1499 languages"):
        Vocabulary.of((b"a",) * 10, 0)


def test_sequence_that_starts_a_transcript(english: Tokenizer, multilingual: Tokenizer) -> None:
    assert english.sot_sequence("en") == (english.sot,)
    german = multilingual.sot + 3
    assert multilingual.sot_sequence("de") == (multilingual.sot, german, multilingual.transcribe)
    assert multilingual.sot_sequence("de", "translate")[-1] == multilingual.translate
    with pytest.raises(OptionError, match="no token for language 'yue'"):
        multilingual.sot_sequence("yue")


def test_timestamps_count_from_the_window(english: Tokenizer) -> None:
    token = english.timestamp_token(1.36)
    assert english.vocabulary.tokens[token] == b"<|1.36|>"
    assert english.timestamp_seconds(token) == pytest.approx(1.36)


@given(st.text(max_size=30))
@settings(deadline=None)
def test_any_text_survives_encoding(multilingual: Tokenizer, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return  # a lone surrogate is no text
    tokens = multilingual.encode(text)
    assert multilingual.decode(tokens) == text
    assert all(token < multilingual.eot for token in tokens)


@pytest.fixture(scope="module")
def tiktoken_of_english(english: Tokenizer) -> Any:
    tiktoken = pytest.importorskip("tiktoken")
    ranks = {token: rank for rank, token in enumerate(english.vocabulary.tokens[: english.eot])}
    return tiktoken.Encoding("made-up", pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens={})


@given(st.text(alphabet=st.sampled_from("andoskwhtyurc 'lüñ世界♪12\n"), max_size=40))
@settings(deadline=None)
def test_encoding_equals_tiktoken(english: Tokenizer, tiktoken_of_english: Any, text: str) -> None:
    assert english.encode(text) == tiktoken_of_english.encode(text)


def test_neighbours_of_the_lowest_rank_join_first() -> None:
    rank_of = {b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"ab": 4}
    assert merge_ranks(b"abc", rank_of) == [0, 3]
    assert merge_ranks(b"abab", rank_of) == [4, 4]
    with pytest.raises(ValueError, match="no token for the byte b'x'"):
        merge_ranks(b"ax", rank_of)


def _joined_one_by_one(piece: bytes, rank_of: Mapping[bytes, int], below: int) -> list[bytes]:
    """Byte-pair encoding as it is defined: look at all neighbours, join the first of the lowest rank, begin again."""
    parts = [piece[at : at + 1] for at in range(len(piece))]
    while True:
        ranks = [rank_of.get(left + right, below) for left, right in pairwise(parts)]
        if min(ranks, default=below) >= below:
            return parts
        at = ranks.index(min(ranks))
        parts[at : at + 2] = [parts[at] + parts[at + 1]]


@given(
    st.lists(st.text("ab", min_size=2, max_size=5), max_size=20, unique=True),
    st.text("ab", max_size=40),
    st.integers(0, 25),
)
@settings(deadline=None)
def test_joining_is_that_of_the_definition(unions: list[str], word: str, below: int) -> None:
    rank_of = {token.encode(): rank for rank, token in enumerate(["a", "b", *unions])}
    assert join_pairs(word.encode(), rank_of) == _joined_one_by_one(word.encode(), rank_of, len(rank_of))
    assert join_pairs(word.encode(), rank_of, below) == _joined_one_by_one(word.encode(), rank_of, below)


def test_a_long_word_takes_time_as_it_is_long() -> None:
    """Looking at all neighbours again for each union, as the definition does, would take hours."""
    pairs = ["ab", "ba", "abab", "aa", "abababab"]
    rank_of = {token.encode(): rank for rank, token in enumerate(["a", "b", *pairs])}
    word = "".join(Random(1).choices("ab", k=1 << 18))
    began = time.process_time()
    tokens = merge_ranks(word.encode(), rank_of)
    assert time.process_time() - began < 60
    names = ["a", "b", *pairs]
    assert "".join(names[token] for token in tokens) == word


def test_half_a_character_decodes_to_the_replacement_sign(english: Tokenizer) -> None:
    first, second = "é".encode()
    assert english.decode([first]) == "\ufffd"
    assert english.decode([first, second]) == "é"
    assert english.decode_bytes([first]) == b"\xc3"


def test_special_tokens_and_timestamps_leave_no_text(english: Tokenizer) -> None:
    tokens = [english.sot, english.timestamp_begin, *english.encode(" and"), english.eot]
    assert english.decode(tokens) == " and"
    assert english.encode("<|endoftext|>") != [english.eot]


def test_annotations_and_task_tokens_are_suppressed(english: Tokenizer) -> None:
    suppressed = default_suppress_tokens(english)
    for text in (" -", " '", "(", " (", '"', "♪♪", " ♪♪♪", "]]"):
        assert english.encode(text)[0] in suppressed, text
    assert {english.sot, english.transcribe, english.no_speech} <= set(suppressed)
    assert english.eot not in suppressed
    assert english.encode(" and")[0] not in suppressed
    assert default_suppress_begin(english) == (english.encode(" ")[0], english.eot)


@pytest.mark.parametrize("variable", ["EDGEWISE_TEST_HF_TINY_EN", "EDGEWISE_TEST_HF_BASE"])
def test_a_real_vocabulary_equals_the_tokenizers_package(variable: str) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    sources = pytest.importorskip("export.sources")
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"{variable} names no Hugging Face folder")
    ours = Tokenizer(sources.read_checkpoint(Path(folder)).vocabulary)
    theirs = tokenizers.Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    for text in (" And so, my fellow Americans: ask not!", "Grüße, 世界…  12½ \n\n x", "♪ it's we'll"):
        expected = theirs.encode(text, add_special_tokens=False).ids
        assert ours.encode(text) == expected
        assert ours.decode(expected) == text
    config = json.loads((Path(folder) / "generation_config.json").read_text())
    assert list(default_suppress_tokens(ours)) == config["suppress_tokens"]
    assert list(default_suppress_begin(ours)) == config["begin_suppress_tokens"]
