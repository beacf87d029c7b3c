"""The checkout these benchmarks lie in, and which `edge` they measure."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def prefer_compiled_edge() -> None:
    """Let an installed `edge` win over the one in the checkout, unless the checkout is built in place.

    `python -m benchmarks` puts the checkout first in the search path, where `edge` has no compiled part
    after a plain `pip install .`.
    """
    if any((ROOT / "edge").glob("_kernels*.so")):
        return
    elsewhere = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]
    sys.path[:] = [*elsewhere, str(ROOT)]
