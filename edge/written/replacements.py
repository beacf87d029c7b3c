"""The user's dictionary: what is heard, and what is written for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import EdgeError, OptionError
from ..values import shown
from .draft import Draft, Edit
from .options import Replacement

_LONGEST_S = 0.02
"""Seconds that one regular expression may take for a text."""

_MOST_MATCHES = 1000
_ESCAPE = re.compile(r"\\([nt\\])")
_ESCAPED = {"n": "\n", "t": "\t", "\\": "\\"}
_NESTED = re.compile(r"[{]\d{4,}|\d{4,}[}]")


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
                draft.apply(_found(pattern, written, draft.free))
            except TimeoutError:
                del self._patterns[heard]
                draft.notes.append(
                    f"the regular expression {shown(heard)} took longer than {_LONGEST_S * 1000:g} ms and is off: "
                    "write it without repetitions inside repetitions"
                )


def _key(heard: str) -> str:
    return " ".join(heard.lower().split())


def _literal(written: dict[str, str]) -> re.Pattern[str] | None:
    """Compile one pattern of all phrases, longest first; whole words, in any case, however many blanks are between."""
    if not written:
        return None
    phrases = sorted(written, key=len, reverse=True)
    parts = (r"\s+".join(re.escape(word) for word in phrase.split()) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


def _compiled(row: Replacement) -> Any:
    """Compile a regular expression with the library that can be stopped."""
    try:
        import regex
    except ImportError:
        raise EdgeError('regular expressions need the library regex: pip install "edgewise[written]"') from None
    if _NESTED.search(row.heard):
        raise OptionError(f"the regular expression {shown(row.heard)} repeats over 999 times; expected fewer")
    try:
        pattern = regex.compile(row.heard, regex.IGNORECASE | regex.VERSION0)
        pattern.sub(_template(row.written), "", timeout=_LONGEST_S)
        groups = _groups_named(row.written)
    except (regex.error, IndexError, OverflowError, RecursionError, TimeoutError, ValueError) as error:
        raise OptionError(f"the replacement of {shown(row.heard)} is no regular expression: {error}") from None
    if groups and max(groups) > pattern.groups:
        raise OptionError(f"{shown(row.written)} names group {max(groups)}; {shown(row.heard)} has {pattern.groups}")
    return pattern


def _groups_named(written: str) -> list[int]:
    return [int(found) for found in re.findall(r"\\(\d{1,2})", written.replace("\\\\", ""))]


def _template(written: str) -> str:
    return written


def _found(pattern: Any, written: str, text: str) -> list[Edit]:
    edits = []
    for number, found in enumerate(pattern.finditer(text, timeout=_LONGEST_S)):
        if number == _MOST_MATCHES:
            break
        edits.append(_edit(text, found.start(), found.end(), found.expand(written)))
    return edits


def _edit(text: str, start: int, end: int, written: str) -> Edit:
    """Make the edit; a line eats the blanks around it."""
    if written.startswith("\n"):
        start = len(text[:start].rstrip(" "))
    if written.endswith("\n"):
        end = len(text) - len(text[end:].lstrip(" "))
    return Edit(start, end, written, "replacement")


def _unescaped(written: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED[found[1]], written)


Finder = Callable[[str], list[Edit]]
