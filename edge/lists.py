"""Settings that are lists: languages, tokens, temperatures and the words of a vocabulary."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from itertools import pairwise

from .errors import OptionError
from .languages import LANGUAGES, language_code
from .values import real, several, shown, text, whole

MOST_WORDS = 10_000
"""Words of a vocabulary, at most."""

MOST_LETTERS = 80
"""Letters of a word or name in a vocabulary, at most."""

THE_MODELS_TOKENS = -1
"""Number that stands for the model's own list among ids of tokens."""

_MOST_IDS = 1_000_000
_MOST_TEMPERATURES = 100
_TEMPERATURES = "a number from 0 to 2, or several of rising order"


def language(name: object) -> str | None:
    """Return the code of a language given by code or English name; "auto" and None are None."""
    given = "auto" if name is None else text("language", name, MOST_LETTERS)
    return None if given == "auto" else language_code(given)


def read_language(written: str) -> str | None:
    """Read a code or name; "auto" is None, however it is written."""
    return None if written.strip().lower() == "auto" else language_code(written)


def languages(names: Iterable[str] | None) -> tuple[str, ...] | None:
    """Return the codes of languages, each once; None for all."""
    if names is None:
        return None
    given = several("languages", names, 10 * len(LANGUAGES), '("en", "de")')
    codes = tuple(dict.fromkeys(language_code(text("a language", name, MOST_LETTERS)) for name in given))
    if not codes:
        raise OptionError("languages is empty; expected at least one, or None for all that the model knows")
    return codes


def read_languages(written: str) -> tuple[str, ...]:
    """Read codes or names between commas."""
    names = written.split(",")
    if any(name.strip().lower() == "auto" for name in names):
        raise OptionError("auto is not a language to choose among: leave languages out for all")
    return tuple(language_code(name) for name in names)


def token_ids(tokens: str | Iterable[int] | None) -> tuple[int, ...] | None:
    """Return the ids of a list, or of a text of them between commas; None where they are the model's list."""
    if tokens is None:
        return None
    expected = f"token ids, and {THE_MODELS_TOKENS} for the model's list"
    if isinstance(tokens, str):  # as openai-whisper takes them
        try:
            tokens = [int(token) for token in tokens.split(",") if token.strip()]
        except ValueError:
            raise OptionError(f"suppress_tokens is {shown(tokens)}; expected {expected}") from None
    given = several("suppress_tokens", tokens, _MOST_IDS, f"[{THE_MODELS_TOKENS}]")
    ids = (whole("suppress_tokens", token, THE_MODELS_TOKENS, sys.maxsize, expected) for token in given)
    found = tuple(dict.fromkeys(ids))
    return None if found == (THE_MODELS_TOKENS,) else found


def temperatures(temperature: float | Iterable[float]) -> tuple[float, ...]:
    """Return one temperature or several, in rising order."""
    is_one = isinstance(temperature, (str, bytes)) or not isinstance(temperature, Iterable)
    if is_one or getattr(temperature, "ndim", None) == 0:
        given: tuple[object, ...] = (temperature,)
    else:
        given = several("temperature", temperature, _MOST_TEMPERATURES, "(0, 0.2, 0.4)")
    found = tuple(real("temperature", one, -math.inf, math.inf, _TEMPERATURES) for one in given)
    rising = all(earlier < later for earlier, later in pairwise(found))
    if not found or not rising or not all(0 <= one <= 2 for one in found):
        shown_ones = ", ".join(f"{one:g}" for one in found) or "empty"
        raise OptionError(f"temperature is {shown_ones}; expected {_TEMPERATURES}")
    return found


def read_temperatures(written: str) -> tuple[float, ...]:
    """Read numbers between commas."""
    return tuple(float(one) for one in written.split(","))


def word_list(words: Iterable[str] | None) -> tuple[str, ...]:
    """Return the words of a vocabulary, each once, blanks tidied."""
    example = f"[{shown(words)}]" if isinstance(words, str) else '["Makan", "San Francisco"]'
    given = several("vocabulary", () if words is None else words, 10 * MOST_WORDS, example)
    whole_words = (text("a word of vocabulary", word, MOST_LETTERS * 10) for word in given)
    found = tuple(dict.fromkeys(tidy for tidy in (" ".join(word.split()) for word in whole_words) if tidy))
    if len(found) > MOST_WORDS:
        raise OptionError(f"vocabulary has {len(found)} words; expected at most {MOST_WORDS}")
    for word in found:
        if len(word) > MOST_LETTERS:
            raise OptionError(f"vocabulary has {word[:40]!r}…; expected words of at most {MOST_LETTERS} letters")
    return found
