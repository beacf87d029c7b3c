"""`python -m edge.cli`, the same as the command `edgewise`."""

from __future__ import annotations

import sys

from .start import main

sys.exit(main())
