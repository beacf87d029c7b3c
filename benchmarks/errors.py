"""What a benchmark says when it cannot measure."""

from __future__ import annotations


class BenchmarkError(Exception):
    """Failure of a run that cannot start or go on; the message says what to do."""
