"""The tiny model of tests/sanitize, for the tests of the compiled part."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "sanitize"))
