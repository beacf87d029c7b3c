"""Sentences become words as in code or a search field: no capital at their beginning, no full stop at the end."""

from __future__ import annotations

import re

from .draft import Draft, Edit
from .words import words_of

_BEGINNING = re.compile(r"(?:^|[.!?…][\"'”\u2019»)\]]*\s)[\s\"'“\u2018«(\[¿¡]*")
_STOP = re.compile(r"(?<!\.)\.\s*$")


def unfold(draft: Draft) -> None:
    """Take the capital from the beginning of each sentence, and the full stop from the end of the text.

    What has other capitals stays as it is, and so does "I"; question marks stay, and what was said as a sign.
    """
    text = draft.free
    begin_at = {found.end() for found in _BEGINNING.finditer(text)}
    edits = [
        Edit(word.start, word.start + 1, word.said[0].lower(), "sentence")
        for word in words_of(text)
        if word.start in begin_at and word.said[1:] == word.said[1:].lower() and word.key.partition("'")[0] != "i"
    ]
    last = text.split()[-1:]
    if (stop := _STOP.search(text)) and last and "." not in last[0][:-1]:
        edits.append(Edit(stop.start(), stop.start() + 1, "", "sentence"))
    draft.apply(edits)
