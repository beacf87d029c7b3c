"""Witnesses beside the recognizer, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..llm.names import LanguageEngine
from ..transcript.types import Segment
from .edits import Edit
from .gate import Case, Witness

if TYPE_CHECKING:
    from ..recognizer import Recognizer


class LanguageModel(Protocol):
    """A model that tells how likely texts are, whatever was heard."""

    def score(self, texts: Sequence[str]) -> Sequence[float]:
        """Compute the log-probability of each text."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """A segment with all edits that were looked at, before any is made."""

    segment: Segment
    case: Case
    witnesses: tuple[Witness, ...]


Decide = Callable[[Judged], Sequence[Edit]]
"""Function that chooses the edits to be made."""


@dataclass(frozen=True, slots=True)
class Company:
    """Witnesses that stand beside a recognizer, as far as they are there."""

    second: Recognizer | None = None
    """Recognizer that gives a second opinion."""
    language_model: LanguageModel | None = None
    notes: tuple[str, ...] = ()
    """Sentences for the user: who judges, and why a witness is not there."""
    decide: Decide | None = None
    """Function that decides in place of the gate."""


class FindCompany(Protocol):
    """A function that finds the witnesses beside a recognizer by its name; it may fetch and load them."""

    def __call__(self, name: str, llm_engine: LanguageEngine) -> Company:
        """Find what is there; the engine runs the language model."""
        ...
