"""The token list of a model file: GPT-2's byte-level text to bytes.

GGUF holds text tokens in GPT-2's spelling, in which every byte is a printable character (Radford et al. 2019,
`bytes_to_unicode`): the 188 bytes that are printable stand for themselves, the rest follow from U+0100 on.
"""

from __future__ import annotations

import itertools

from ..errors import FormatError
from ..tokens import Vocabulary
from .gguf import GgufFile
from .whisper import WhisperDims

_KEY = "tokenizer.ggml.tokens"
_END_OF_TEXT = b"<|endoftext|>"
_SEPARATOR = "\n"  # its byte is spelled U+010A, so it occurs in no token


def byte_characters() -> tuple[str, ...]:
    """The character that stands for each byte."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    substitutes = itertools.count(0x100)
    return tuple(chr(byte if byte in printable else next(substitutes)) for byte in range(256))


def read_vocabulary(file: GgufFile, dims: WhisperDims) -> Vocabulary:
    """The bytes of every token.

    Raises:
        FormatError: the list is missing, too long or short, or not in GPT-2's spelling.
    """
    if _KEY not in file.metadata:
        raise FormatError(f"{file.path}: the key {_KEY} is missing")
    stored = file.metadata.raw_strings(_KEY)
    if len(stored) != dims.n_vocab:
        raise FormatError(f"{file.path}: {_KEY}: expected {dims.n_vocab} tokens, found {len(stored)}")
    try:
        n_text = stored.index(_END_OF_TEXT)
    except ValueError as error:
        raise FormatError(
            f"{file.path}: {_KEY}: expected {_END_OF_TEXT.decode()} among the tokens"
        ) from error
    try:
        return Vocabulary((*_to_bytes(stored[:n_text]), *stored[n_text:]), n_text)
    except ValueError as error:
        raise FormatError(f"{file.path}: {_KEY}: {error}") from error


def _to_bytes(spelled: list[bytes]) -> list[bytes]:
    """All tokens in one go: a loop over 50,000 of them would take longer than mapping the weights."""
    text = _SEPARATOR.encode().join(spelled).decode()
    byte_of = {ord(character): byte for byte, character in enumerate(byte_characters())}
    mapped = text.translate({ord(_SEPARATOR): 0x100} | byte_of)
    tokens = [token.encode("latin-1") for token in mapped.split("\u0100")]
    if spelled and len(tokens) != len(spelled):
        raise ValueError("a token holds a line break, which GPT-2's spelling has no place for")
    return tokens if spelled else []
