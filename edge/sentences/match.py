"""The result of listening for a listed sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["sentence", "free", "nothing"]


@dataclass(frozen=True, slots=True)
class Match:
    """What was said: one of the sentences, something else, or nothing."""

    kind: Kind
    text: str
    """Sentence as it is listed, numbers in figures; the free reading where it is none, nothing where nobody speaks."""
    intent: str | None = None
    """Name of what the sentence asks for; for a plain list the name of its file."""
    slots: Mapping[str, Any] = field(default_factory=dict)
    """Values that the sentence gives, such as `{"name": "light.lamp", "minutes": 5}`."""
    score: float = 0.0
    """Mean log-probability of the tokens of the sentence: 0 is certain."""
    margin: float = 0.0
    """Nats by which the sentence is likelier than the free reading; mostly below 0."""
    free_text: str = ""
    """Free reading, as the model writes it."""
    others: tuple[str, ...] = ()
    """Other sentences that were likely, the best first."""
