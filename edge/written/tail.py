"""Phrases that are no text: commands, signs and snippets, said alone or at the end.

"moved to the new line of work" is text. So is "put a comma": a phrase behind an article is meant as it is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from .draft import Draft, Edit
from .tables import Tables
from .words import Word, capital, words_of

_PAUSES = " \t\n,;:-\u2013—"
"""Characters that go in front of a phrase: what a recognizer writes for the pause before it."""

_SIGNS = _PAUSES + ".!?…"
_SENTENCE = (",", ".", ";", ":", "!", "?", "…")
"""Signs that take the place of those that the recognizer wrote."""

_ENDS = (".", "!", "?", "\u00a0!", "\u00a0?")
_GLUE = ("-", "/", "@")
"""Signs that have no blank on either side."""

_BETWEEN = re.compile(r"[\s-]*")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that was found."""

    start: int
    end: int
    key: str
    kind: str
    """Rule that knows it: command, action, punctuation or snippet."""
    value: str
    """Text or action that it stands for."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases by the rule that knows them."""

    tables: Tables
    by_kind: Mapping[str, Mapping[str, str]]
    longest: int = field(init=False)
    """Words of the longest phrase."""

    def __post_init__(self) -> None:
        counts = (len(key.split()) for known in self.by_kind.values() for key in known)
        object.__setattr__(self, "longest", max(counts, default=0))

    def ending(self, text: str, words: list[Word], count: int) -> Phrase | None:
        """Find the longest phrase that ends with the word before number `count`, if one does and is meant."""
        for n_words in range(min(self.longest, count), 0, -1):
            chosen = words[count - n_words : count]
            if not _is_one(text, chosen):
                continue
            key = " ".join(word.key.replace("-", " ") for word in chosen)
            for kind, known in self.by_kind.items():
                if key in known and not self._is_said(text, words, count - n_words, key):
                    return Phrase(chosen[0].start, chosen[-1].end, key, kind, known[key])
        return None

    def _is_said(self, text: str, words: list[Word], first: int, key: str) -> bool:
        """Whether the word in front shows that a phrase is meant as it is said; a sign between them shows a pause."""
        if first == 0 or text[words[first - 1].end : words[first].start].strip():
            return False
        last = words[first - 1].key
        return last in self.tables.not_after or last in self.tables.not_after_too.get(key, ())


class Tail:
    """The reader of what is said at the end."""

    def __init__(self, tables: Tables, kinds: Mapping[str, Mapping[str, str]]) -> None:
        self._phrases = Phrases(tables, kinds)

    def take(self, draft: Draft) -> None:
        """Put in place of the phrases at the end what they stand for."""
        text, words = draft.text, words_of(draft.text)
        found = list(self._from_the_end(text, words))[::-1]
        if not found:
            return
        is_alone = found[0].start == words[0].start
        if found[-1].kind == "action":
            _act(draft, found[-1], is_alone)
            return
        start, after = _joined(text[: found[0].start], [(phrase.kind, phrase.value) for phrase in found])
        if is_alone:
            start, after = 0, after.lstrip(" ") if found[0].kind == "punctuation" else after
            draft.is_glued = None if found[0].kind != "punctuation" else not found[0].value.startswith(" ")
        draft.fix_end(start, after, found[0].kind)

    def _from_the_end(self, text: str, words: list[Word]) -> Iterator[Phrase]:
        count = len(words)
        while count:
            phrase = self._phrases.ending(text, words, count)
            if phrase is None:
                return
            n_words = len(words_of(text[phrase.start : phrase.end]))
            is_alone = n_words == len(words)
            if phrase.kind == "action" and not is_alone and not _is_cut_off(text, phrase):
                return
            yield phrase
            if phrase.kind == "action":
                return
            count -= n_words


def put_signs(draft: Draft, tables: Tables) -> None:
    """Put signs wherever their names are said."""
    phrases = Phrases(tables, {"punctuation": tables.punctuation})
    text = draft.free
    words = words_of(text)
    edits: list[Edit] = []
    count = len(words)
    while count:
        phrase = phrases.ending(text, words, count)
        if phrase is None:
            count -= 1
            continue
        count -= len(words_of(text[phrase.start : phrase.end]))
        edits.append(_between(text, phrase, edits[-1].start if edits else len(text)))
    draft.apply(edits)


def _between(text: str, phrase: Phrase, limit: int) -> Edit:
    """Put one sign between words, with the blanks and the capital that it asks for; what is at `limit` has them."""
    start, after = _joined(text[: phrase.start], [("punctuation", phrase.value)])
    end = min(limit, len(text) - len(text[phrase.end :].lstrip(_SIGNS)))
    if end == limit:
        return Edit(start, end, after, "punctuation")
    opens = phrase.value.startswith(" ") and not phrase.value.endswith(" ")
    after += "" if opens or phrase.value in _GLUE else " "
    if phrase.value in _ENDS:
        after, end = after + capital(text[end : end + 1]), end + 1
    return Edit(start, end, after, "punctuation")


def _act(draft: Draft, phrase: Phrase, is_alone: bool) -> None:
    """Ask for an action; one at the end of other words takes those back."""
    if is_alone:
        draft.action = "scratch" if phrase.value == "scratch" else "undo"
    draft.fix_end(0, "", "command")


def _is_cut_off(text: str, phrase: Phrase) -> bool:
    """Whether "scratch that" behind other words is a sentence of its own; "undo" never is meant there."""
    before = text[: phrase.start].rstrip()
    return phrase.value == "scratch" and before.endswith(tuple(",.;:!?…—-"))


def _is_one(text: str, words: list[Word]) -> bool:
    """Whether nothing but blanks and hyphens is between the words."""
    return all(_BETWEEN.fullmatch(text[left.end : right.start]) for left, right in pairwise(words))


def _joined(head: str, parts: list[tuple[str, str]]) -> tuple[int, str]:
    """Return where the head's text ends, and what follows there: the parts, without blanks and pauses before them."""
    kept, tail = head.rstrip(_PAUSES), ""
    for kind, value in parts:
        if kind == "punctuation":
            if not tail and value.strip() in _SENTENCE:
                kept = kept.rstrip(_SIGNS)
            tail = (tail if value.startswith(" ") else tail.rstrip(" ")) + value
        elif kind == "snippet":
            tail += value if not (kept or tail) or tail.endswith(("\n", " ")) else f" {value}"
        else:
            tail = tail.rstrip(" ") + value
    return len(kept), tail.rstrip(" ") if parts[-1][0] == "punctuation" else tail
