"""Encodes and decodes Whisper's tokens: byte-level BPE, special tokens, and the start of a transcript.

The text part is GPT-2's: a token's id is its rank, so the merges follow from the ranks alone and need no table of their
own. The special tokens follow the text tokens in one fixed order (`special_tokens`), so their ids follow from where
they begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING

from ..cuts import split_words
from ..errors import OptionError
from ..gguf.strings import ByteStrings
from ..languages import LANGUAGES
from ..options import Task

if TYPE_CHECKING:  # the model file imports this module
    from .file.dims import WhisperDims

N_TIMESTAMPS = 1501
"""Number of timestamp tokens: 0.00 to 30.00 s."""

SECONDS_PER_TIMESTAMP = 0.02

N_AFTER_LANGUAGES = 6
"""Number of tokens between the languages and the timestamps: translate, transcribe, startoflm, startofprev, nospeech,
notimestamps."""


def special_tokens(dims: WhisperDims) -> list[bytes]:
    """List the special tokens of a model of these sizes in the order of their ids, `<|endoftext|>` first."""
    languages = list(LANGUAGES)
    if not 0 <= dims.n_languages <= len(languages):
        raise ValueError(
            f"a vocabulary of {dims.n_vocab} tokens would have {dims.n_languages} languages; "
            f"Whisper models have at most {len(languages)}"
        )
    names = [
        "endoftext",
        "startoftranscript",
        *languages[: dims.n_languages],
        "translate",
        "transcribe",
        "startoflm",
        "startofprev",
        "nospeech",
        "notimestamps",
        *(f"{index * SECONDS_PER_TIMESTAMP:.2f}" for index in range(N_TIMESTAMPS)),
    ]
    return [f"<|{name}|>".encode() for name in names]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Bytes or text of every token, by id."""

    tokens: ByteStrings
    """Raw bytes of each text token, by id; special tokens as their text, such as `<|en|>`."""
    n_special_from: int
    """Id of the first special token, `<|endoftext|>`; every id below it is text and equals its BPE rank."""

    @classmethod
    def of(cls, tokens: Iterable[bytes], n_special_from: int) -> Vocabulary:
        """Make the vocabulary of these tokens."""
        return cls(ByteStrings.of(tokens), n_special_from)

    def __post_init__(self) -> None:
        n_languages = self.n_languages
        if not 0 <= self.n_special_from <= len(self.tokens) or not 0 <= n_languages <= len(LANGUAGES):
            raise ValueError(
                f"a vocabulary of {len(self.tokens)} tokens with special tokens from {self.n_special_from} "
                f"would have {n_languages} languages; expected 0 to {len(LANGUAGES)}"
            )

    @property
    def n_languages(self) -> int:
        """Number of language tokens between `<|startoftranscript|>` and `<|translate|>`."""
        return len(self.tokens) - self.n_special_from - 2 - N_AFTER_LANGUAGES - N_TIMESTAMPS


class Tokenizer:
    """An encoder and decoder of text that knows the ids of the special tokens."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.eot = vocabulary.n_special_from
        self.sot = self.eot + 1
        self.languages = tuple(LANGUAGES)[: vocabulary.n_languages]
        self.first_language = self.sot + 1
        after = self.first_language + vocabulary.n_languages
        self.translate = after
        self.transcribe = after + 1
        self.sot_lm = after + 2
        self.sot_prev = after + 3
        self.no_speech = after + 4
        self.no_timestamps = after + 5
        self.timestamp_begin = after + N_AFTER_LANGUAGES
        self.n_vocab = len(vocabulary.tokens)
        # English-only models carry language tokens too, but their text part is one token shorter.
        self.is_multilingual = self.n_vocab >= 51865

    @cached_property
    def _rank_of(self) -> dict[bytes, int]:
        text = islice(self.vocabulary.tokens, self.vocabulary.n_special_from)
        # The multilingual vocabulary ends in an empty token that no text can reach.
        return {token: rank for rank, token in enumerate(text) if token}

    def encode(self, text: str) -> list[int]:
        """Encode a text as token ids. Text that looks like a special token is encoded as ordinary text."""
        return [token for piece in split_words(text) for token in merge_ranks(piece.encode(), self._rank_of)]

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """Join the bytes of the text tokens among `tokens`; a single token may hold part of a character."""
        table, end = self.vocabulary.tokens, self.vocabulary.n_special_from
        return b"".join(table[token] for token in tokens if token < end)

    def decode(self, tokens: Iterable[int]) -> str:
        """Join the text of the text tokens among `tokens`; bytes that are not UTF-8 become U+FFFD."""
        return self.decode_bytes(tokens).decode("utf-8", errors="replace")

    def language_token(self, language: str) -> int:
        """Give the token id of a language code such as "de"."""
        if language not in self.languages:
            raise OptionError(
                f"this model has no token for language {language!r}; it knows {', '.join(self.languages)}"
            )
        return self.first_language + self.languages.index(language)

    def sot_sequence(self, language: str | None = None, task: Task = "transcribe") -> tuple[int, ...]:
        """Give the tokens that open a transcript: for English-only models only `<|startoftranscript|>`."""
        if not self.is_multilingual:
            return (self.sot,)
        task_token = self.transcribe if task == "transcribe" else self.translate
        return (self.sot, self.language_token(language or "en"), task_token)

    def timestamp_token(self, seconds: float) -> int:
        """Give the timestamp token nearest to a time within the window."""
        return self.timestamp_begin + round(seconds / SECONDS_PER_TIMESTAMP)

    def timestamp_seconds(self, token: int) -> float:
        """Give the time within the window, in seconds, that a timestamp token stands for."""
        return (token - self.timestamp_begin) * SECONDS_PER_TIMESTAMP


def merge_ranks(piece: bytes, rank_of: Mapping[bytes, int]) -> list[int]:
    """Encode a word by byte pairs: join the neighbors whose union has the lowest rank until no union has one."""
    if piece in rank_of:
        return [rank_of[piece]]
    try:
        return [rank_of[part] for part in join_pairs(piece, rank_of)]
    except KeyError as missing:
        raise ValueError(f"this vocabulary has no token for the byte {missing}, so it cannot encode text") from None


def join_pairs(piece: bytes, rank_of: Mapping[bytes, int], below: int | None = None) -> list[bytes]:
    """Join neighboring parts of a word, those whose union has the lowest rank first; gives the parts that remain.

    With `below`, only unions of a lower rank are known. Time grows as n log n with the word.
    """
    limit = len(rank_of) if below is None else below
    n_bytes = len(piece)
    end_of = list(range(1, n_bytes + 1))  # of the part that begins here
    begin_of = list(range(-1, n_bytes))  # of the part before the one that begins here
    rank_at = [limit] * n_bytes  # of the union of the part that begins here with the next one
    waiting: list[int] = []  # rank and place of each union, as one number that sorts as the pair does

    def look(at: int) -> None:
        middle = end_of[at]
        rank = limit if middle == n_bytes else rank_of.get(piece[at : end_of[middle]], limit)
        rank_at[at] = rank
        if rank < limit:
            heappush(waiting, rank * n_bytes + at)

    for at in range(n_bytes):
        look(at)
    while waiting:
        rank, at = divmod(heappop(waiting), n_bytes)
        if rank_at[at] != rank:
            continue  # one of the two has been joined to another part since
        middle = end_of[at]
        end_of[at] = end_of[middle]
        rank_at[middle] = limit
        if end_of[at] < n_bytes:
            begin_of[end_of[at]] = at
        look(at)
        if at:
            look(begin_of[at])
    parts, at = [], 0
    while at < n_bytes:
        parts.append(piece[at : end_of[at]])
        at = end_of[at]
    return parts


# Annotations such as "(laughs)", "[DAVID]" or "♪" are not speech; Whisper never writes them by default.
_ANNOTATIONS = (
    *'"#()*+/:;<=>@[\\]^_`{|}~「」『』',
    *("<<", ">>", "<<<", ">>>", "--", "---", "-(", "-[", "('", '("'),
    *("((", "))", "(((", ")))", "[[", "]]", "{{", "}}", "♪♪", "♪♪♪"),
)
_MUSIC = "♩♪♫♬♭♮♯"


def default_suppress_tokens(tokenizer: Tokenizer) -> tuple[int, ...]:
    """List the tokens that openai-whisper never samples: annotations that are not speech, and task tokens."""
    special = {
        tokenizer.sot,
        tokenizer.translate,
        tokenizer.transcribe,
        tokenizer.sot_lm,
        tokenizer.sot_prev,
        tokenizer.no_speech,
    }
    # Hyphens and quotes may stand inside a word, not begin one.
    found = {tokenizer.encode(" -")[0], tokenizer.encode(" '")[0]}
    for symbol in (*_ANNOTATIONS, *_MUSIC):
        for tokens in (tokenizer.encode(symbol), tokenizer.encode(" " + symbol)):
            # Music signs of several tokens share their first one, which nothing in speech needs.
            if len(tokens) == 1 or symbol in _MUSIC:
                found.add(tokens[0])
    return tuple(sorted(special | found))


def default_suppress_begin(tokenizer: Tokenizer) -> tuple[int, ...]:
    """List the tokens that cannot come first: the blank and `<|endoftext|>`."""
    return (tokenizer.encode(" ")[0], tokenizer.eot)
