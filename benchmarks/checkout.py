"""The checkout these benchmarks lie in, and which `edge` they measure."""

from __future__ import annotations

import subprocess
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


def commit() -> str | None:
    """Return this checkout's commit, followed by "+" where files are changed; None where git does not tell."""

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    commit = git("rev-parse", "--short=12", "HEAD")
    if commit is None:
        return None
    return commit + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
