"""Packages that only some exports need: what to install when one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from edge.errors import EdgeError

_NOTES = {"llm": "; llama-cpp-python has no ready-made wheel and compiles for 5 to 30 minutes"}


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Imports inside come with an extra of edgewise; a missing one is an EdgeError that names the extra."""
    try:
        yield
    except ImportError as error:
        missing = error.name or str(error)
        raise EdgeError(f'{missing} is missing: pip install "edgewise[{extra}]"{_NOTES.get(extra, "")}') from error
