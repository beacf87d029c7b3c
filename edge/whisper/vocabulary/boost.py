"""Puts in words of the user's own where the text has something that sounds like them.

Shallow fusion adds a bonus to every step along a prefix tree of the listed words (Le et al. 2021), and with a thousand
words something on the tree is always near. Here the first reading shows where to look: at words in doubt that sound
like listed ones, and whose first token was likely enough there. Those paths of the tree, and only those, are followed
through the decoder, several at once, up to where the text goes on as before. A path is taken where it is likelier than
what was read, or less likely by no more than its bonus: `strength` for each of its tokens, less a discount for a long
list, since each of a thousand words is spoken more seldom than each of ten. A word is put in whole or not at all, a
text that sounds like no listed word stays as it is, and the time depends on the doubts, not on the length of the list.

The constants were chosen on ljspeech, timit_sample, misc_read_en, fleurs_en and spontaneous_en with tiny.en and base.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from ... import ops
from ...arrays import FloatArray
from ...options import VOCABULARY_PATHS
from ..engines.protocol import State
from ..search.greedy import DecodedWindow, Hypothesis, Prompt, rank, summarize
from ..search.rules import IdArray
from ..tokens import Tokenizer
from ..words.pieces import TokenWord, group_words
from .sounds import SoundIndex

_MOST_WORDS = 4
"""Words of the text that one listed word may replace: "my con" for "Makan"."""

_DOUBT = 0.8
"""Probability of a token below which its stretch is in doubt."""

_SHORT_LIST = 50
"""Words of a list whose discount is log 2."""

_LEAST_LIKENESS = 0.75
_MOST_PATHS = 15
"""Paths that are followed in a window, the most alike first."""

_REJOINS = 3
"""Tokens after a stretch that show how well the text goes on after a listed word."""


class _Spelling(NamedTuple):
    """Spelling of a listed word: with a blank in front or not, with a capital or not."""

    blank: bool
    capital: bool


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A run of tokens in a text, from the first sound of a word to the last of one."""

    start: int
    stop: int
    text: str

    @property
    def spellings(self) -> tuple[_Spelling, ...]:
        blank, bare = self.text.startswith(" "), self.text.strip()
        return tuple(_Spelling(blank, capital) for capital in {False, bare[:1].isupper()})


@dataclass(frozen=True, slots=True)
class _Path:
    """A listed word in the place of a stretch."""

    start: int
    stop: int
    tokens: tuple[int, ...]
    first_logprob: float
    """Log-probability of the first token there, as the search saw it."""
    likeness: float


@dataclass(frozen=True, slots=True)
class _Taken:
    """A path that is likely enough."""

    path: _Path
    logprobs: tuple[float, ...]
    gain: float
    """Gain in nats, bonus included."""


class WordList:
    """Listed words, as sounds and as tokens; made once for a list, which takes 0.1 s for a thousand words."""

    def __init__(self, tokenizer: Tokenizer, words: tuple[str, ...]) -> None:
        self.words = words
        self.sounds = SoundIndex(words)
        self.tokens = {
            spelling: [tuple(tokenizer.encode(_spell(word, spelling))) for word in words]
            for spelling in (_Spelling(blank, capital) for blank in (True, False) for capital in (True, False))
        }
        firsts = {spelling: [tokens[0] for tokens in paths] for spelling, paths in self.tokens.items()}
        self.first_tokens: IdArray = np.unique([token for tokens in firsts.values() for token in tokens])
        """Tokens with which any listed word begins, ascending."""
        self.column = {spelling: np.searchsorted(self.first_tokens, tokens) for spelling, tokens in firsts.items()}
        """Index of each word's first token in `first_tokens`, by spelling."""
        self.n_tokens = {
            spelling: np.array([len(tokens) for tokens in paths]) for spelling, paths in self.tokens.items()
        }


class WordBooster:
    """A rewriter that puts listed words into texts that nearly have them. Threads may share it: it holds no state."""

    def __init__(self, tokenizer: Tokenizer, n_text_ctx: int, words: tuple[str, ...], strength: float) -> None:
        """Prepare to put in `words`.

        `strength`, in nats for each token, is how much less likely than what was read a word of a short list may be.
        `n_text_ctx` is the number of the decoder's positions.
        """
        self._tokenizer = tokenizer
        self._n_text_ctx = n_text_ctx
        self._list = _word_list(tokenizer, words)
        self._strength = strength
        self._off = math.log(1 + len(words) / _SHORT_LIST)
        self._bonus = {
            spelling: (strength * n_tokens - self._off).astype(np.float32)
            for spelling, n_tokens in self._list.n_tokens.items()
        }

    @property
    def first_tokens(self) -> IdArray:
        """Tokens that a search has to watch (`Hypothesis.watched`) for its readings to be boosted."""
        return self._list.first_tokens

    def __call__(
        self, state: State, prompt: Prompt, decoded: DecodedWindow, language: str | None, *, is_held: bool = False
    ) -> DecodedWindow:
        """Put listed words into a reading; the state holds the window's encoding, and loses what it decoded.

        Where a word is put in, the reading as it was becomes the first of the others. `is_held` tells that the reading
        is what the state decoded last, in its first sequence: it need not be decoded again.
        """
        n_prompt = len(prompt.tokens)
        room = self._n_text_ctx - n_prompt - _REJOINS
        paths = [path for path in self._paths(decoded, language) if path.start + len(path.tokens) <= room]
        if not paths:
            return decoded
        context = (*prompt.tokens, *decoded.tokens)
        if not is_held:
            state.rewind(0)
            state.decode(np.array([context[: n_prompt + max(path.start for path in paths)]], np.int32))
        found: list[_Taken] = []
        # From the last place to the first: of what the state holds, only the part before a place is needed there.
        for start, here in groupby(sorted(paths, key=attrgetter("start"), reverse=True), key=attrgetter("start")):
            found += self._follow(state, n_prompt + start, list(here), decoded)
        return _rewrite(decoded, _best_apart(found), self._tokenizer)

    def _paths(self, decoded: DecodedWindow, language: str | None) -> list[_Path]:
        """Find the paths worth following, the most alike first: only those likely enough at their first token."""
        found: dict[tuple[int, int, tuple[int, ...]], _Path] = {}
        for stretch in _stretches(decoded, self._tokenizer, language):
            read = sum(decoded.token_logprobs[stretch.start : stretch.stop + _REJOINS])
            seen = decoded.watched[stretch.start]
            for spelling in stretch.spellings:
                firsts = seen[self._list.column[spelling]]
                is_open = firsts + self._bonus[spelling] > read  # what follows is at most certain
                for word, likeness in self._list.sounds.search(stretch.text, _LEAST_LIKENESS, is_open):
                    tokens = self._list.tokens[spelling][word]
                    if self._list.words[word].casefold() not in stretch.text.casefold():
                        path = _Path(stretch.start, stretch.stop, tokens, float(firsts[word]), likeness)
                        found.setdefault((path.start, path.stop, tokens), path)
        return sorted(found.values(), key=lambda path: -path.likeness)[:_MOST_PATHS]

    def _follow(self, state: State, n_past: int, paths: Sequence[_Path], decoded: DecodedWindow) -> Iterator[_Taken]:
        """Find which of the paths from one place, `n_past` tokens on, are likely enough there."""
        known = (*decoded.tokens, self._tokenizer.eot)[: len(decoded.token_logprobs)]
        for at in range(0, len(paths), VOCABULARY_PATHS):
            some = paths[at : at + VOCABULARY_PATHS]
            rows = [(*path.tokens, *known[path.stop : path.stop + _REJOINS]) for path in some]
            for path, later in zip(some, self._later_logprobs(state, n_past, rows), strict=True):
                logprobs = (path.first_logprob, *later)
                read = decoded.token_logprobs[path.start : path.stop + _REJOINS]
                gain = sum(logprobs) - sum(read) + self._strength * len(path.tokens) - self._off
                if gain > 0:
                    yield _Taken(path, logprobs[: len(path.tokens)], gain)

    def _later_logprobs(self, state: State, n_past: int, rows: Sequence[tuple[int, ...]]) -> list[list[float]]:
        """Decode rows of tokens from `n_past` on, and give the log-probability of each token but the first."""
        width = max(map(len, rows)) - 1
        if not width:
            return [[] for _ in rows]
        fed = np.full((len(rows), width), self._tokenizer.eot, np.int32)
        for line, row in zip(fed, rows, strict=True):
            line[: len(row) - 1] = row[:-1]
        state.rewind(n_past)
        state.reorder(np.zeros(len(rows), np.int32))
        logits = state.decode(fed, last_only=False)
        return [
            [_logprob(of_token, token) for of_token, token in zip(of_row, row[1:], strict=False)]
            for of_row, row in zip(logits, rows, strict=True)
        ]


@lru_cache(maxsize=8)
def _word_list(tokenizer: Tokenizer, words: tuple[str, ...]) -> WordList:
    return WordList(tokenizer, words)


def _spell(word: str, spelling: _Spelling) -> str:
    return " " * spelling.blank + (word[:1].upper() + word[1:] if spelling.capital else word)


def _stretches(decoded: DecodedWindow, tokenizer: Tokenizer, language: str | None) -> Iterator[_Stretch]:
    """Find all runs of a few words, one of them in doubt, between timestamps and signs."""
    tokens, logprobs = decoded.tokens, decoded.token_logprobs
    for first, stop in _runs_of_text(tokens, tokenizer):
        words = group_words(tokens[first:stop], tokenizer, language)
        for at, word in enumerate(words):
            start = first + word.spoken_first
            for last in words[at : at + _MOST_WORDS]:
                for end in _ends(last, tokens[first:stop], tokenizer):
                    if first + end > start and min(logprobs[start : first + end]) < math.log(_DOUBT):
                        yield _Stretch(start, first + end, tokenizer.decode(tokens[start : first + end]))
                if last.spoken_stop < last.stop:
                    break  # no word goes on after a sign


def _ends(word: TokenWord, text: Sequence[int], tokenizer: Tokenizer) -> Iterator[int]:
    """Find where a listed word may end: after the last sound, and before the one of a genitive."""
    yield word.spoken_stop
    if tokenizer.decode(text[word.spoken_stop - 1 : word.spoken_stop]) == "'s":
        yield word.spoken_stop - 1


def _runs_of_text(tokens: Sequence[int], tokenizer: Tokenizer) -> Iterator[tuple[int, int]]:
    """Find the runs [start, stop) of tokens without a special one."""
    start = 0
    for stop, token in enumerate((*tokens, tokenizer.eot)):
        if token >= tokenizer.eot:
            if stop > start:
                yield start, stop
            start = stop + 1


def _logprob(logits: FloatArray, token: int) -> float:
    best = float(logits.max())
    return float(logits[token]) - best - math.log(ops.sum_exp(logits, best))


def _best_apart(found: Sequence[_Taken]) -> list[_Taken]:
    """Choose the paths that gain most and do not overlap."""
    kept: list[_Taken] = []
    for one in sorted(found, key=lambda one: -one.gain):
        if all(one.path.stop <= other.path.start or other.path.stop <= one.path.start for other in kept):
            kept.append(one)
    return kept


def _rewrite(decoded: DecodedWindow, taken: Sequence[_Taken], tokenizer: Tokenizer) -> DecodedWindow:
    if not taken:
        return decoded
    tokens, logprobs = list(decoded.tokens), list(decoded.token_logprobs)
    for one in sorted(taken, key=lambda one: -one.path.start):
        place = slice(one.path.start, one.path.stop)
        tokens[place], logprobs[place] = one.path.tokens, one.logprobs
    before = Hypothesis(decoded.tokens, decoded.token_logprobs, decoded.score)
    best = Hypothesis(tuple(tokens), tuple(logprobs), max(decoded.score, rank(sum(logprobs), len(tokens))))
    return summarize(best, decoded.no_speech_prob, tokenizer, decoded.temperature, (before, *decoded.others))
