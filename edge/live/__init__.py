"""Live sound to text: turns of speech, text that comes while somebody speaks, and text that is final."""

from __future__ import annotations

from .asynchronous import alisten as alisten

__all__ = ["alisten"]
