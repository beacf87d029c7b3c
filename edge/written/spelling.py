"""One spelling of English: British or American."""

from __future__ import annotations

from .draft import Draft, Edit
from .options import Spelling
from .tables import Tables
from .words import like, words_of


def spellings(tables: Tables, wanted: Spelling) -> dict[str, str]:
    """Return what each word of the other spelling becomes."""
    if wanted == "en-GB":
        return {american: british for british, american in tables.spelling}
    return dict(tables.spelling)


def spell(draft: Draft, table: dict[str, str]) -> None:
    """Write words in the wanted spelling, with the capitals that they have."""
    draft.apply(
        Edit(word.start, word.end, like(word.said, table[word.key]), "spelling")
        for word in words_of(draft.free)
        if word.key in table
    )
