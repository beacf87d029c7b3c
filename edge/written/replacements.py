"""The user's dictionary: what is heard, and what is written for it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from ..errors import EdgeError, OptionError
from ..values import shown
from .draft import Draft, Edit
from .options import Replacement

_LONGEST_S = 0.05
"""Seconds that one regular expression may take for a text."""

_MOST_MATCHES = 1000
_MOST_REPEATS = 10_000
"""Product of all counts such as {3} in a regular expression: the library unrolls repetitions inside repetitions."""

_COUNT = re.compile(r"\{[\d,\s]*?(\d+)\s*\}")
_ESCAPE = re.compile(r"\\([nt\\])")
_ESCAPED = {"n": "\n", "t": "\t", "\\": "\\"}


class Dictionary:
    """Replacements, ready to be made."""

    def __init__(self, replacements: Iterable[Replacement]) -> None:
        rows = tuple(replacements)
        self._written = {_key(row.heard): _unescaped(row.written) for row in rows if not row.regex}
        self._literal = _literal(self._written)
        self._patterns = {row.heard: (_compiled(row), row.written) for row in rows if row.regex}

    def apply(self, draft: Draft) -> None:
        """Put what is to be written in place of what was heard: words first, then each regular expression."""
        if self._literal is not None:
            found = self._literal.finditer(draft.free)
            draft.apply(_edit(draft.free, one.start(), one.end(), self._written[_key(one[0])]) for one in found)
        for heard, (pattern, written) in tuple(self._patterns.items()):
            try:
                draft.apply(_matches(pattern, written, draft.free))
            except TimeoutError:
                del self._patterns[heard]
                draft.notes.append(
                    f"the regular expression {shown(heard)} took longer than {_LONGEST_S * 1000:g} ms, and is off from "
                    "now on: write it without repetitions inside repetitions"
                )


def _key(heard: str) -> str:
    return " ".join(heard.lower().split())


def _unescaped(written: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED[found[1]], written)


def _literal(written: dict[str, str]) -> re.Pattern[str] | None:
    """Build one pattern of all phrases, longest first: whole words, in any case, with any blanks between them."""
    if not written:
        return None
    phrases = sorted(written, key=len, reverse=True)
    parts = (r"\s+".join(re.escape(word) for word in phrase.split()) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


def _compiled(row: Replacement) -> Any:
    """Build a regular expression, with the library that can be stopped."""
    try:
        import regex
    except ImportError:
        raise EdgeError('regular expressions need the library regex: pip install "edgewise[written]"') from None
    if math.prod(max(1, int(count)) for count in _COUNT.findall(row.heard)) > _MOST_REPEATS:
        raise OptionError(
            f"the counts of the regular expression {shown(row.heard)} multiply to over {_MOST_REPEATS}; use + or *"
        )
    try:
        pattern = regex.compile(row.heard, regex.IGNORECASE | regex.VERSION0)
        regex.compile(f"(?:{row.heard})|").sub(row.written, "", timeout=_LONGEST_S)  # are the groups there?
    except (regex.error, IndexError, OverflowError, RecursionError, TimeoutError, ValueError) as error:
        raise OptionError(
            f"the replacement {shown(row.heard)} -> {shown(row.written)} is no regular expression: {error}; correct it "
            "or leave out regex"
        ) from None
    return pattern


def _matches(pattern: Any, written: str, text: str) -> list[Edit]:
    edits: list[Edit] = []
    for found in pattern.finditer(text, timeout=_LONGEST_S):
        if len(edits) == _MOST_MATCHES:
            break
        edits.append(_edit(text, found.start(), found.end(), found.expand(written)))
    return edits


def _edit(text: str, start: int, end: int, written: str) -> Edit:
    """Make the edit; blanks and lines at the ends of what is written take the place of blanks around it."""
    if written[:1].isspace():
        start = len(text[:start].rstrip(" "))
    if written[-1:].isspace():
        end = len(text) - len(text[end:].lstrip(" "))
    return Edit(start, end, written, "replacement")
