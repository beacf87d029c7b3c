"""llama.cpp's own quantizer, through llama-cpp-python, in a process of its own: it aborts on what it dislikes."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from edge.errors import EdgeError
from edge.progress import Progress

from ..tools.children import run_script

QUANTIZED: Mapping[str, int] = {"q8_0": 7, "q4_0": 2, "iq4_nl": 25}
"""Numbers of llama.cpp's file types. IQ4_NL costs as much as Q4_0 and loses less.

Its 16 levels lie closer where weights are many. Of the 4-bit types both have blocks of 32; the K-quants' blocks of
256 do not divide the rows of small models.
"""

_COUNT = re.compile(r"(\d+)/(\d+)\s*")

_FULL_BYTES = 1 << 20
"""Room in bytes below which a disk counts as full."""


def quantize(source: Path, out: Path, precision: str, *, progress: Progress | None = None) -> None:
    """Quantize the GGUF file `source` into `out`. The caller removes what was written before a failure.

    Raises:
        EdgeError: llama.cpp refused or failed; says why.
        OSError: the disk is full, which llama.cpp does not tell.
    """
    script = Path(__file__).with_name("quantizer_script.py")
    arguments = [str(source), str(out), str(QUANTIZED[precision])]
    try:
        run_script(script, arguments, f"quantizing to {precision}", progress=progress, parse=_parse)
    except EdgeError as error:
        if out.parent.is_dir() and shutil.disk_usage(out.parent).free < _FULL_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise


def _parse(line: str) -> tuple[int, int] | None:
    found = _COUNT.fullmatch(line)
    return (int(found[1]), int(found[2])) if found else None
