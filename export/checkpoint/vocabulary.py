"""Vocabularies out of the files that models come with, and the merges that follow from them.

All hold the same thing, GPT-2's byte-level tokens in the order of their ranks: `tokenizer.json` and
`vocab.json` of Hugging Face, `vocabulary.json` and `vocabulary.txt` of CTranslate2, and the `.tiktoken`
files of openai-whisper. Only the text tokens are taken from them; the special tokens are Whisper's own and
follow from the model's sizes, and a file that numbers them otherwise is refused.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from edge.errors import FormatError, ModelNotFoundError
from edge.whisper.file.dims import WhisperDims
from edge.whisper.file.vocabulary import byte_characters
from edge.whisper.tokens import Vocabulary, join_pairs, special_tokens

from ..tools.files import read_json_list, read_json_object, read_limited

MAX_VOCABULARY_BYTES = 16 << 20
MAX_TOKEN_BYTES = 64 << 10

# Ids of these are checked where a file names them. The others have had several names over the years
# ("<|nocaptions|>") or are left out by some converters (the timestamps).
_CHECKED_SPECIALS = ("<|endoftext|>", "<|startoftranscript|>", "<|transcribe|>", "<|notimestamps|>")


Assets = Callable[[], Path]
"""Function that gives a folder with openai-whisper's rank files; called only for a model without a vocabulary."""


def read_vocabulary(folder: Path, dims: WhisperDims, assets: Assets | None = None) -> Vocabulary:
    """Read the vocabulary beside a model's weights, or Whisper's own from the rank files in `assets`."""
    for file_name, reader in _READERS.items():
        path = folder / file_name
        if path.is_file():
            return reader(path, dims)
    ranks_name = "multilingual.tiktoken" if dims.is_multilingual else "gpt2.tiktoken"
    if (folder / ranks_name).is_file():
        return _from_ranks(folder / ranks_name, dims)
    if assets is not None:
        return _from_ranks(assets() / ranks_name, dims)
    raise ModelNotFoundError(
        f"{folder}: no vocabulary beside the weights (looked for {', '.join(_READERS)} and {ranks_name}); put one there"
    )


def vocabulary_from_text(path: Path, dims: WhisperDims, text_tokens: Sequence[bytes]) -> Vocabulary:
    """Add Whisper's special tokens to the text tokens of a model; there must be as many as it needs."""
    n_text = n_text_tokens(path, dims)
    if len(text_tokens) != n_text:
        raise FormatError(f"{path}: {len(text_tokens)} text tokens, expected {n_text}")
    return Vocabulary.of((*text_tokens, *special_tokens(dims)), n_text)


def n_text_tokens(path: Path, dims: WhisperDims) -> int:
    """Count a model's tokens that are text; the rest are Whisper's special tokens."""
    try:
        n_special = len(special_tokens(dims))
    except ValueError as error:
        raise FormatError(f"{path}: {error}") from None
    if n_special >= dims.n_vocab:
        raise FormatError(f"{path}: {dims.n_vocab} tokens leave no room for text beside {n_special} special ones")
    return dims.n_vocab - n_special


def to_characters(token: bytes) -> str:
    """Write a token as GPT-2's files do: b" the" is "Ġthe"."""
    return token.decode("latin-1").translate(_character_of())


@lru_cache(maxsize=1)
def _character_of() -> Mapping[int, str]:
    return dict(enumerate(byte_characters()))


@lru_cache(maxsize=1)
def _byte_of() -> Mapping[str, int]:
    return {character: byte for byte, character in enumerate(byte_characters())}


def from_characters(path: Path, token: str) -> bytes:
    """Undo `to_characters`."""
    if len(token) > MAX_TOKEN_BYTES:
        raise FormatError(f"{path}: a token of {len(token)} characters; at most {MAX_TOKEN_BYTES} are accepted")
    try:
        return bytes(map(_byte_of().__getitem__, token))
    except KeyError as error:
        raise FormatError(
            f"{path}: token {token[:40]!r} holds {error.args[0]!r}, which stands for no byte; "
            "expected a byte-level vocabulary"
        ) from None


@lru_cache(maxsize=2)
def token_texts(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Write every token as files do: text in GPT-2's characters, special tokens as they are."""
    text = vocabulary.tokens[: vocabulary.n_special_from]
    special = vocabulary.tokens[vocabulary.n_special_from :]
    return (*map(to_characters, text), *(token.decode() for token in special))


@lru_cache(maxsize=2)
def merge_lines(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Write the merges as files do, two tokens with a blank between them."""
    return tuple(f"{to_characters(left)} {to_characters(right)}" for left, right in merges_of(vocabulary))


def merges_of(vocabulary: Vocabulary) -> tuple[tuple[bytes, bytes], ...]:
    """Find the pairs that byte-pair encoding joins, in order: the last join of each token.

    A token's last join is found by encoding its bytes with the tokens of lower rank alone.
    Single bytes and the empty token, which the multilingual vocabulary ends in, come from no join.
    """
    rank_of = {token: rank for rank, token in enumerate(vocabulary.tokens[: vocabulary.n_special_from]) if token}
    pairs = []
    for rank, token in enumerate(vocabulary.tokens[: vocabulary.n_special_from]):
        if len(token) > 1 and rank_of[token] == rank:
            parts = join_pairs(token, rank_of, rank)
            if len(parts) == 2:
                pairs.append((parts[0], parts[1]))
    return tuple(pairs)


def _from_ids(path: Path, dims: WhisperDims, id_of: Mapping[str, Any], added: Mapping[str, Any]) -> Vocabulary:
    n_text = n_text_tokens(path, dims)
    text: list[bytes | None] = [None] * n_text
    specials = dict(added)
    for token, token_id in id_of.items():
        if type(token_id) is not int or not 0 <= token_id < dims.n_vocab:
            raise FormatError(f"{path}: token {token[:40]!r} has id {token_id!r:.80}, expected 0 to {dims.n_vocab - 1}")
        if token_id >= n_text:
            specials[token] = token_id
            continue
        if text[token_id] is not None:
            raise FormatError(f"{path}: two tokens have id {token_id}")
        text[token_id] = from_characters(path, token)
    _check_specials(path, dims, specials)
    present = [token for token in text if token is not None]
    if len(present) != n_text:
        raise FormatError(f"{path}: no token has id {text.index(None)}")
    return vocabulary_from_text(path, dims, present)


def _check_specials(path: Path, dims: WhisperDims, id_of: Mapping[str, Any]) -> None:
    first = n_text_tokens(path, dims)
    expected = {token.decode(): first + at for at, token in enumerate(special_tokens(dims))}
    for name in _CHECKED_SPECIALS:
        found = id_of.get(name, expected[name])
        if found != expected[name]:
            raise FormatError(
                f"{path}: {name} has id {found!r:.80}, expected {expected[name]} for a Whisper of these sizes"
            )


def _from_tokenizer_json(path: Path, dims: WhisperDims) -> Vocabulary:
    content = read_json_object(path, MAX_VOCABULARY_BYTES)
    model = content.get("model")
    if not isinstance(model, dict) or not isinstance(model.get("vocab"), dict):
        raise FormatError(f"{path}: no model.vocab; expected a byte-level BPE tokenizer of Hugging Face")
    added = content.get("added_tokens") or []
    if not isinstance(added, list) or not all(isinstance(entry, dict) for entry in added):
        raise FormatError(f"{path}: added_tokens is no list of objects")
    return _from_ids(path, dims, model["vocab"], {str(entry.get("content")): entry.get("id") for entry in added})


def _from_vocab_json(path: Path, dims: WhisperDims) -> Vocabulary:
    added_path = path.with_name("added_tokens.json")
    added = read_json_object(added_path, MAX_VOCABULARY_BYTES) if added_path.is_file() else {}
    return _from_ids(path, dims, read_json_object(path, MAX_VOCABULARY_BYTES), added)


def _from_lines(path: Path, dims: WhisperDims) -> Vocabulary:
    data = read_limited(path, MAX_VOCABULARY_BYTES)
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not UTF-8 at byte {error.start}") from None
    return _from_sequence(path, dims, lines[:-1] if lines[-1] == "" else lines)


def _from_list_json(path: Path, dims: WhisperDims) -> Vocabulary:
    return _from_sequence(path, dims, read_json_list(path, MAX_VOCABULARY_BYTES))


def _from_sequence(path: Path, dims: WhisperDims, tokens: Sequence[Any]) -> Vocabulary:
    n_text = n_text_tokens(path, dims)
    if len(tokens) < n_text or not all(isinstance(token, str) for token in tokens):
        raise FormatError(f"{path}: {len(tokens)} tokens, expected {dims.n_vocab} strings")
    _check_specials(path, dims, {token: n_text + at for at, token in enumerate(tokens[n_text:])})
    return vocabulary_from_text(path, dims, [from_characters(path, token) for token in tokens[:n_text]])


def _from_ranks(path: Path, dims: WhisperDims) -> Vocabulary:
    tokens = []
    for number, line in enumerate(read_limited(path, MAX_VOCABULARY_BYTES).splitlines()):
        fields = line.split()
        if len(fields) != 2 or fields[1] != str(number).encode():
            raise FormatError(f"{path}: line {number + 1}: expected a token in base64 and its rank {number}")
        try:
            # The multilingual file writes its one empty token as "=".
            tokens.append(b"" if fields[0] == b"=" else base64.b64decode(fields[0], validate=True))
        except binascii.Error as error:
            raise FormatError(f"{path}: line {number + 1}: {error}") from None
    return vocabulary_from_text(path, dims, tokens)


_READERS: Mapping[str, Callable[[Path, WhisperDims], Vocabulary]] = {
    "tokenizer.json": _from_tokenizer_json,
    "vocab.json": _from_vocab_json,
    "vocabulary.json": _from_list_json,
    "vocabulary.txt": _from_lines,
}
