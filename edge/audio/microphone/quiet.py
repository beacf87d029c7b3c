"""Keeps sound libraries from writing to the terminal, which they do whenever a device is gone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2


@contextmanager
def libraries_silenced() -> Iterator[None]:
    """Send what C libraries write to standard error nowhere; `sys.stderr` writes where it did before.

    This holds for the whole process: it is for a program that has the terminal for itself.
    """
    before = sys.stderr
    if before is None:
        yield
        return
    before.flush()
    ours, nowhere = os.dup(_STDERR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
    try:
        with open(ours, "w", encoding=before.encoding, errors=before.errors, buffering=1, closefd=False) as stderr:
            sys.stderr = stderr
            yield
    finally:
        sys.stderr = before
        os.dup2(ours, _STDERR)
        os.close(ours)
