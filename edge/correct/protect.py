"""Words that no evidence is good enough to change: numbers, spelled letters, negations, and the user's own.

One of them in a wrong place costs more than many right ones gain: "three four eight zero" is no "3 480", and "do" is no
"don't".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from .edits import letters_of, words_of

_NUMBER_WORDS = """
    zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion first
    second third fourth fifth sixth seventh eighth ninth tenth half quarter dozen double triple twice once
"""
_NUMBERS = frozenset(_NUMBER_WORDS.split())
_NEGATIONS = frozenset(
    {"no", "not", "nor", "none", "never", "nothing", "nobody", "nowhere", "neither", "cannot", "without"}
)
_SPELLED = re.compile(r"[A-Za-z](-[A-Za-z])+")
_INITIALS = re.compile(r"(?:[A-Z][.-]?){2,}")
_EDGES = re.compile(r"^\W+|\W+$")
_WORDS_OF_A_LETTER = frozenset("ai")


def is_protected(before: Sequence[str], after: Sequence[str], vocabulary: Collection[str] = ()) -> bool:
    """Whether an edit from some words to others must not be made, whatever speaks for it.

    `vocabulary` has the letters of the user's words (`own_words`).
    """
    words = [*before, *after]
    return not words or any(_is_fixed(word) or letters_of(word) in vocabulary for word in words)


def own_words(vocabulary: Sequence[str]) -> frozenset[str]:
    """Collect the letters of all words in the entries of a vocabulary."""
    return frozenset(letters_of(word) for entry in vocabulary for word in words_of(entry))


def _is_fixed(word: str) -> bool:
    letters = letters_of(word)
    bare = _EDGES.sub("", word)
    if not letters or any(character.isdigit() for character in word):
        return True
    if any(part in _NUMBERS for part in re.split(r"[-\u2013]", bare.casefold())):
        return True
    if letters in _NEGATIONS or letters.endswith("n't"):
        return True
    is_letter = len(letters) == 1 and letters not in _WORDS_OF_A_LETTER
    return is_letter or bool(_SPELLED.fullmatch(bare) or _INITIALS.fullmatch(bare))
