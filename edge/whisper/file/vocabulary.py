"""Reads the tokens of a model file: turns GPT-2's spelling into bytes, and checks where the special tokens are.

GGUF holds text tokens in GPT-2's spelling, in which every byte is a printable character (Radford et al. 2019,
`bytes_to_unicode`): the 188 bytes that are printable stand for themselves, the rest follow from U+0100 on.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...gguf.file import GgufFile
from ...gguf.keys import read
from ...gguf.strings import ByteStrings
from ..tokens import Tokenizer, Vocabulary
from .dims import WhisperDims

_KEY = "tokenizer.ggml.tokens"
_END_OF_TEXT = b"<|endoftext|>"
_MOST_TOKEN_BYTES = 1 << 16

_NO_BYTE = 0x100


def byte_characters() -> tuple[str, ...]:
    """Give the character that stands for each byte."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    substitutes = itertools.count(0x100)
    return tuple(chr(byte if byte in printable else next(substitutes)) for byte in range(256))


def read_vocabulary(file: GgufFile, dims: WhisperDims) -> Vocabulary:
    """Read the bytes of every token.

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
    if n_tokens != dims.n_vocab:  # before they are read
        raise FormatError(f"{where}: expected {dims.n_vocab} tokens, found {n_tokens}")
    stored = file.metadata.raw_strings(_KEY)
    if int((stored.ends - stored.starts).max()) > _MOST_TOKEN_BYTES:
        raise FormatError(f"{where}: expected tokens of at most {_MOST_TOKEN_BYTES} bytes, found a longer one")
    n_text = stored.find(_END_OF_TEXT)
    if n_text is None:
        raise FormatError(f"{where}: expected {_END_OF_TEXT.decode()} among the tokens")
    n_bytes = int(stored.starts[n_text])
    try:
        text, ends = _to_bytes(stored.data[:n_bytes], stored.ends[:n_text])
        ends = np.concatenate([ends, stored.ends[n_text:] + np.int32(len(text) - n_bytes)])
        return Vocabulary(ByteStrings(text + stored.data[n_bytes:], ends.tobytes()), n_text)
    except ValueError as error:
        raise FormatError(f"{where}: {error}") from error


def _spelling() -> NDArray[np.uint16]:
    """Give the byte that each character stands for, by code unit."""
    table = np.full(1 << 16, _NO_BYTE, np.uint16)
    table[[ord(character) for character in byte_characters()]] = range(256)
    return table


def _to_bytes(spelled: bytes, ends: NDArray[np.int32]) -> tuple[bytes, NDArray[np.int32]]:
    """Turn tokens in GPT-2's spelling, one after the other, into bytes; gives these and where each token ends.

    They are turned all at once: a loop over their characters would take longer than all the rest of opening a file.
    """
    is_first = (np.frombuffer(spelled, np.uint8) & 0xC0) != 0x80  # UTF-8's other bytes continue a character
    cut = np.flatnonzero(~is_first[ends[ends < len(spelled)]])
    if len(cut):
        raise ValueError(f"token {cut[0]} ends inside a character")
    # A character stands for one byte: as many bytes of the result precede it as characters do.
    n_before = np.concatenate([np.zeros(1, np.int32), np.cumsum(is_first, dtype=np.int32)])
    ends = n_before[ends]
    text = spelled.decode()
    codes = _spelling()[np.frombuffer(text.encode("utf-16-le"), "<u2")]
    wrong = np.flatnonzero(codes == _NO_BYTE)
    if len(wrong):
        at = int(np.searchsorted(ends, wrong[0], side="right"))
        token = text[ends[at - 1] if at else 0 : ends[at]]
        raise ValueError(f"token {at} is not in GPT-2's spelling of bytes: {token!r:.60}")
    return codes.astype(np.uint8).tobytes(), ends


def _check_special_tokens(file: GgufFile, vocabulary: Vocabulary) -> None:
    """Check that the list and the keys have the special tokens where `<|endoftext|>` implies them."""
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
        # transcribe.cpp's converter writes 0 where the source leaves it open.
        "stt.whisper.prev_sot_token_id": (tokenizer.sot_prev, 0),
        "tokenizer.ggml.eos_token_id": (tokenizer.eot,),
        "tokenizer.ggml.bos_token_id": range(tokenizer.n_vocab),
        "tokenizer.ggml.padding_token_id": range(tokenizer.n_vocab),
    }
    for key, allowed in ids.items():
        if key in file.metadata and (id_ := read(file, key, int)) not in allowed:
            wanted = f"below {len(allowed)}" if isinstance(allowed, range) else f"{allowed[0]}"
            raise FormatError(f"{file.path}: {key}: expected a token id of {wanted}, found {id_}")
