"""A text under change: every edit is listed, so that all of them can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Action = Literal["scratch", "undo"]
"""Action that a command asks for, beyond text: take back what was typed last, or take back that."""


@dataclass(frozen=True, slots=True)
class Change:
    """One edit, in the text as the changes before it left it."""

    start: int
    """Place of the first character that is replaced."""
    end: int
    """Place behind the last one; equal to `start` where text is only put in."""
    before: str
    after: str
    rule: str
    """Name of the rule, by which it is switched off."""


@dataclass(frozen=True, slots=True)
class Written:
    """A text as it is to be written, and how it came to be."""

    text: str
    changes: tuple[Change, ...] = ()
    """Edits in the order in which they were made."""
    action: Action | None = None
    """Action asked for; the text is empty then."""
    notes: tuple[str, ...] = ()
    """Descriptions of what was left out, such as a regular expression that took too long."""

    @property
    def said(self) -> str:
        """Text before all changes, made from the changes."""
        return self.undo(len(self.changes))

    def undo(self, count: int = 1) -> str:
        """Return the text without the last `count` changes."""
        text = self.text
        for change in self.changes[::-1][:count]:
            text = text[: change.start] + change.before + text[change.start + len(change.after) :]
        return text


class Edit(NamedTuple):
    """An edit that a rule asks for."""

    start: int
    end: int
    after: str
    rule: str


class Draft:
    """The text so far. What a command or a snippet put at the end is fixed: other rules do not see it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.changes: list[Change] = []
        self.notes: list[str] = []
        self.action: Action | None = None
        self.is_glued: bool | None = None
        """Whether it goes without a blank behind what stands before the caret; None where its first sign tells."""
        self._n_fixed = 0

    @property
    def free(self) -> str:
        """Text that rules may still change."""
        return self.text[: len(self.text) - self._n_fixed]

    def apply(self, edits: Iterable[Edit]) -> None:
        """Make edits that do not overlap; those that change nothing are left out."""
        for edit in sorted(edits, reverse=True):  # from the end, so that places in front stay true
            before = self.text[edit.start : edit.end]
            if before != edit.after:
                self.changes.append(Change(edit.start, edit.end, before, edit.after, edit.rule))
                self.text = self.text[: edit.start] + edit.after + self.text[edit.end :]

    def fix_end(self, start: int, after: str, rule: str) -> None:
        """Replace all from `start` on, for good."""
        self.apply([Edit(start, len(self.text), after, rule)])
        self._n_fixed = len(after)

    def done(self) -> Written:
        """Return what is written."""
        return Written(self.text, tuple(self.changes), self.action, tuple(self.notes))
