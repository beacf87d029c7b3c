"""A vocabulary of Whisper's size and layout, made up: real ones come with models, which tests do without."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge.whisper.file.dims import WhisperDims
from edge.whisper.tokens import Tokenizer, Vocabulary, special_tokens

_TEXT = """
and so my fellow americans ask not what your country can do for you the of a to in is it that was he on are
as with his they at be this have from or one had by word but all were we when there use an each which she
 'll 't -- ( [ " # << >> -( [[ ]] 世界 ünï 1234567890 ♪♪ ♪♪♪
"""


@pytest.fixture(scope="session")
def dims_of() -> Callable[[int], WhisperDims]:
    """Dimensions of a small Whisper with a vocabulary of the given size: 51864, 51865 or 51866 tokens."""

    def make(n_vocab: int) -> WhisperDims:
        return WhisperDims(80, n_vocab, 1500, 64, 1, 1, 448, 64, 1, 1)

    return make


@pytest.fixture(scope="session")
def tokenizer_of(dims_of: Callable[[int], WhisperDims]) -> Callable[[int], Tokenizer]:
    """A tokenizer with a vocabulary of the given size: bytes, prefixes of words, then unreachable filler."""

    def make(n_vocab: int) -> Tokenizer:
        special = special_tokens(dims_of(n_vocab))
        n_text = n_vocab - len(special)
        text = {bytes([byte]): None for byte in range(256)}
        for word in (" " + word for word in _TEXT.split()):
            data = word.encode()
            text |= dict.fromkeys(data[:end] for end in range(2, len(data) + 1))
            text |= dict.fromkeys(data[1:end] for end in range(3, len(data) + 1))
        filler = (b"\xff\xfe%d" % number for number in range(n_text - len(text)))
        return Tokenizer(Vocabulary.of((*text, *filler, *special), n_text))

    return make


@pytest.fixture(scope="session")
def english(tokenizer_of: Callable[[int], Tokenizer]) -> Tokenizer:
    """Laid out as the tokenizer of tiny.en."""
    return tokenizer_of(51864)


@pytest.fixture(scope="session")
def multilingual(tokenizer_of: Callable[[int], Tokenizer]) -> Tokenizer:
    """Laid out as the tokenizer of tiny."""
    return tokenizer_of(51865)
