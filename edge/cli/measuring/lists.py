"""Lists between commas, as options of what is measured with what."""

from __future__ import annotations

import argparse

from ..options.groups import positive
from ..options.model import PRECISIONS


def names(text: str) -> tuple[str, ...]:
    """Read names."""
    found = tuple(filter(None, (name.strip() for name in text.split(","))))
    if not found:
        raise argparse.ArgumentTypeError(f"expected one or more, with commas between them, found {text!r}")
    return found


def precisions(text: str) -> tuple[str, ...]:
    """Read precisions of model files."""
    found = names(text)
    for name in found:
        if name not in PRECISIONS:
            raise argparse.ArgumentTypeError(f"{name} is no precision of model files: {', '.join(PRECISIONS)}")
    return found


def counts(text: str) -> tuple[int, ...]:
    """Read whole numbers of 1 or more."""
    return tuple(positive(name) for name in names(text))
