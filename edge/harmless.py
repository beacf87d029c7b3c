"""Text without what a terminal, a spreadsheet or a reader of lines would obey.

Words come from a model, names from whoever named the file: neither may move the cursor, rename the window, turn the
order of what is read, or begin a line or a row.
"""

from __future__ import annotations

import re

_OBEYED = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
"""Controls but for line feed and tab, other ends of lines, embeddings and overrides of direction, half characters."""

_UNSAFE = re.compile(f"[{_OBEYED}]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_LINE_BREAKS = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_FORMULA = re.compile("[=+\\-@\uff1d\uff0b\uff0d\uff20]")
"""Beginning of a cell that a spreadsheet computes, full-width forms included."""


def harmless(text: str) -> str:
    r"""Return the text with an escape such as \x1b in place of each character that a terminal may obey; lines stay."""
    return _UNSAFE.sub(lambda found: repr(found[0])[1:-1], text)


def harmless_json(text: str) -> str:
    """Return JSON with its own escapes in place of the same characters: it says what it said."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def on_one_line(text: str) -> str:
    """Return the text with a blank in place of each break of lines; everything else stays."""
    return _LINE_BREAKS.sub(" ", text)


def without_controls(text: str) -> str:
    """Return the text without control characters, but for those that are blanks."""
    return _CONTROL.sub("", text)


def cell(text: str) -> str:
    """Return the text of a cell of a table, after an apostrophe where a spreadsheet would compute it."""
    return f"'{text}" if _FORMULA.match(text) else text
