"""Capital and blank where the text goes in."""

from __future__ import annotations

from .draft import Draft, Edit
from .tables import Tables
from .words import capital, words_of

_OPENING = "([{¿¡«“\u2018„/\\-@#\n\t \u00a0"
"""Characters behind which no blank goes."""

_CLOSING = ")]}»”\u2019,.;:!?…%"
"""Characters before which none goes."""

_ENDS = (".", "!", "?", "…", "\n")
_AROUND = "\"'”\u2019»)]}«“\u2018„([{¿¡ \t\u00a0"


def fit(draft: Draft, before: str | None, tables: Tables, *, capitals: bool, blanks: bool, blank_after: bool) -> None:
    """Give the text the capital and the blank that what stands before the caret asks for; None knows nothing of it."""
    if capitals and before is not None:
        _set_capital(draft, before, tables)
    if blanks and before is not None:
        text = draft.text.lstrip(" ")  # a recognizer's segments begin with one
        first = " " if text and before and _needs_blank(before, text, draft.is_glued) else ""
        draft.apply([Edit(0, len(draft.text) - len(text), first, "space")])
    if blank_after and blanks and draft.text and not draft.text[-1].isspace():
        draft.apply([Edit(len(draft.text), len(draft.text), " ", "space")])


def _set_capital(draft: Draft, before: str, tables: Tables) -> None:
    words = words_of(draft.free)
    if not words or draft.free[: words[0].start].strip(_AROUND):
        return
    first = words[0]
    if not before.strip() or _ends_sentence(before):
        after = capital(first.said)
        is_plain = "@" not in first.said and ("." not in first.said or " " in draft.text)
        if first.said == first.said.lower() and is_plain:
            draft.apply([Edit(first.start, first.end, after, "capital")])
    elif first.key in tables.small and first.said[1:] == first.said[1:].lower():
        draft.apply([Edit(first.start, first.end, first.said[:1].lower() + first.said[1:], "capital")])


def _ends_sentence(before: str) -> bool:
    return "\n" in before[len(before.rstrip()) :] or before.rstrip(_AROUND).endswith(_ENDS)


def _needs_blank(before: str, text: str, is_glued: bool | None) -> bool:
    if before[-1] in _OPENING or text[0].isspace():
        return False
    if is_glued is not None:
        return not is_glued
    if before[-1] == '"' and before.count('"') % 2:  # it opens
        return False
    return text[0] not in _CLOSING
