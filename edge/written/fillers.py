"""Fillers: "um", "uh" and the like go, with the signs that set them apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .draft import Draft, Edit
from .tables import Tables
from .words import Word, capital, words_of

_AROUND = " \n\t,.;:!…-"
_COMMA = re.compile(r"\s*,")
_PAUSE = re.compile(r"[^\S\n]*[,.!?…-]*[^\S\n]*")
_AFTER = re.compile(r"[^\S\n]*,*[^\S\n]*")
_SENTENCE = re.compile(r"[^\S\n]*[.!?…]+[^\S\n]*")


def drop_fillers(draft: Draft, tables: Tables) -> None:
    """Take out the fillers of the text."""
    text = draft.free
    runs = _runs(text, [word for word in words_of(text) if _is_filler(text, word, tables)])
    edits: list[Edit] = []
    for start, end in runs:
        edits.extend(_drop(text, start, end))
    draft.apply(edits)


def _is_filler(text: str, word: Word, tables: Tables) -> bool:
    """Whether a word is a filler: not a name such as "ER", not quoted, not asked."""
    is_name = (len(word.said) > 1 and word.said.isupper()) or word.said[1:] != word.said[1:].lower()
    is_bare = not text[word.start - 1 : word.start].strip(_AROUND) and not text[word.end : word.end + 1].strip(_AROUND)
    return is_bare and not is_name and word.key in tables.fillers


def _runs(text: str, words: list[Word]) -> Iterator[tuple[int, int]]:
    """Join fillers that only pauses divide."""
    start = end = -1
    for word in words:
        if start >= 0 and _PAUSE.fullmatch(text[end : word.start]):
            end = word.end
            continue
        if start >= 0:
            yield start, end
        start, end = word.start, word.end
    if start >= 0:
        yield start, end


def _drop(text: str, start: int, end: int) -> Iterator[Edit]:
    """Leave out a run, and give its capital to the word behind it."""
    head = text[:start].rstrip()
    is_first = not head or head[-1] in ".!?…\n" or "\n" in text[len(head) : start]
    rest = text[end:]
    if is_first and not head and not rest.strip(" ,.!?…-"):
        yield Edit(0, len(text), "", "filler")
        return
    if is_first:
        skipped = _SENTENCE.match(rest) or _AFTER.match(rest)
        until = end + (skipped.end() if skipped else 0)
        if not head or until < len(text):
            following = text[until : until + 1]
            has_capital = text[start].isupper() and following != capital(following)
            after = capital(following) if has_capital else following
            yield Edit(start, until + len(following), after, "filler")
            return
        yield Edit(len(head), until, "", "filler")
        return
    before = text[:start].rstrip(" ,")
    comma = _COMMA.match(rest)
    if head.endswith(",") and comma:  # a pair of commas around it
        yield Edit(len(before), end + comma.end(), "", "filler")
    elif comma or not head.endswith(","):
        yield Edit(len(head), end, "", "filler")
    else:
        is_last = not rest.strip() or rest.lstrip()[0] in ".!?…;:"
        yield Edit(len(before) if is_last else len(head), end, "", "filler")
