"""The tokens of a model file: GPT-2's byte-level text to bytes, and the special ones where Whisper has them.

GGUF holds text tokens in GPT-2's spelling, in which every byte is a printable character (Radford et al. 2019,
`bytes_to_unicode`): the 188 bytes that are printable stand for themselves, the rest follow from U+0100 on.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..tokens import Tokenizer, Vocabulary
from .gguf import GgufFile
from .keys import read
from .whisper import WhisperDims

_KEY = "tokenizer.ggml.tokens"
_END_OF_TEXT = b"<|endoftext|>"
_MOST_TOKEN_BYTES = 1 << 16

_SEPARATOR = "\n"  # its byte is spelled U+010A, so it occurs in no token
_NO_BYTE, _BETWEEN = 0x100, 0x101


def byte_characters() -> tuple[str, ...]:
    """The character that stands for each byte."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    substitutes = itertools.count(0x100)
    return tuple(chr(byte if byte in printable else next(substitutes)) for byte in range(256))


def read_vocabulary(file: GgufFile, dims: WhisperDims) -> Vocabulary:
    """The bytes of every token.

    Raises:
        FormatError: the list is missing, too long or short, not in GPT-2's spelling, or without Whisper's special
            tokens; or a key gives one of those another id.
    """
    vocabulary = _read_tokens(file, dims)
    _check_special_tokens(file, vocabulary)
    return vocabulary


def _read_tokens(file: GgufFile, dims: WhisperDims) -> Vocabulary:
    where = f"{file.path}: {_KEY}"
    if _KEY not in file.metadata:
        raise FormatError(f"{file.path}: the key {_KEY} is missing")
    n_tokens = file.metadata.count(_KEY)
    if n_tokens != dims.n_vocab:  # before anything is made of them
        raise FormatError(f"{where}: expected {dims.n_vocab} tokens, found {n_tokens}")
    stored = file.metadata.raw_strings(_KEY)
    if max(map(len, stored)) > _MOST_TOKEN_BYTES:
        raise FormatError(f"{where}: expected tokens of at most {_MOST_TOKEN_BYTES} bytes, found a longer one")
    try:
        n_text = stored.index(_END_OF_TEXT)
    except ValueError as error:
        raise FormatError(f"{where}: expected {_END_OF_TEXT.decode()} among the tokens") from error
    try:
        return Vocabulary((*_to_bytes(stored[:n_text]), *stored[n_text:]), n_text)
    except ValueError as error:
        raise FormatError(f"{where}: {error}") from error


def _spelling() -> NDArray[np.uint16]:
    """The byte that each character stands for, by code unit."""
    table = np.full(1 << 16, _NO_BYTE, np.uint16)
    table[[ord(character) for character in byte_characters()]] = range(256)
    table[ord(_SEPARATOR)] = _BETWEEN
    return table


def _to_bytes(spelled: list[bytes]) -> list[bytes]:
    """All tokens in one go: a loop over their characters would take longer than all the rest of opening a file."""
    text = _SEPARATOR.encode().join([*spelled, b""]).decode()
    codes = _spelling()[np.frombuffer(text.encode("utf-16-le"), "<u2")]
    ends = np.flatnonzero(codes == _BETWEEN)
    wrong = np.flatnonzero(codes == _NO_BYTE)
    if len(wrong):
        at = int(np.searchsorted(ends, wrong[0]))
        raise ValueError(f"token {at} is not in GPT-2's spelling of bytes: {spelled[at].decode()!r:.60}")
    if len(ends) != len(spelled):
        raise ValueError("a token holds a line break, which GPT-2's spelling has no place for")
    data = codes.astype(np.uint8).tobytes()
    return [data[before + 1 : end] for before, end in itertools.pairwise([-1, *ends.tolist()])]


def _check_special_tokens(file: GgufFile, vocabulary: Vocabulary) -> None:
    """The ids follow from where `<|endoftext|>` stands; the list and the keys must say the same."""
    tokenizer = Tokenizer(vocabulary)
    expected = {
        tokenizer.sot: b"<|startoftranscript|>",
        tokenizer.translate: b"<|translate|>",
        tokenizer.transcribe: b"<|transcribe|>",
        tokenizer.sot_prev: b"<|startofprev|>",
        tokenizer.no_timestamps: b"<|notimestamps|>",
    }
    for id_, text in expected.items():
        found = vocabulary.tokens[id_]
        if found != text:
            raise FormatError(f"{file.path}: {_KEY}: expected {text.decode()} as token {id_}, found {found[:40]!r}")
    ids = {
        "stt.whisper.decoder_start_token_id": (tokenizer.sot,),
        "stt.whisper.sot_token_id": (tokenizer.sot,),
        "stt.whisper.translate_token_id": (tokenizer.translate,),
        "stt.whisper.transcribe_token_id": (tokenizer.transcribe,),
        "stt.whisper.no_timestamps_token_id": (tokenizer.no_timestamps,),
        # transcribe.cpp's converter writes 0 where the source does not say.
        "stt.whisper.prev_sot_token_id": (tokenizer.sot_prev, 0),
        "tokenizer.ggml.eos_token_id": (tokenizer.eot,),
        "tokenizer.ggml.bos_token_id": range(tokenizer.n_vocab),
        "tokenizer.ggml.padding_token_id": range(tokenizer.n_vocab),
    }
    for key, allowed in ids.items():
        if key in file.metadata and (id_ := read(file, key, int)) not in allowed:
            wanted = f"below {len(allowed)}" if isinstance(allowed, range) else f"{allowed[0]}"
            raise FormatError(f"{file.path}: {key}: expected a token id of {wanted}, found {id_}")
