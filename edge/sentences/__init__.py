"""Recognizes listed sentences: what may be said is known, and so is what it asks for."""

from __future__ import annotations

from .match import Match as Match
from .recognize import recognize as recognize
from .sentences import Sentences as Sentences
from .sentences import load as load
