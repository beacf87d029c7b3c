"""Failures as the command tells them: one line that says what to do."""

from __future__ import annotations

import errno
import os

from ..errors import EdgeError

_ADVICE = {
    errno.ENOSPC: "make room, or write to another disk",
    errno.EDQUOT: "make room, or write to another disk",
    errno.EROFS: "write to another folder",
    errno.EMFILE: "close other files, or raise the limit (`ulimit -n`)",
    errno.ENFILE: "close other programs",
    errno.EAGAIN: "the system is short of something for the moment: try again",
    errno.ENOMEM: "close other programs",
    errno.EIO: "the disk or its connection fails: check it, and try again",
}
"""Advice about refusals of the system whose own words do not tell what to do, by errno."""


def explain(error: BaseException) -> str:
    """Explain a failure in one line: what went wrong and what to do."""
    if isinstance(error, EdgeError):
        return str(error)
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, MemoryError):
        return "not enough memory: close other programs, or choose a smaller model or a lower precision"
    if isinstance(error, ImportError):
        return (
            f"a part of edgewise or of what it needs cannot be loaded ({error}): "
            "install edgewise again, with `pip install --force-reinstall edgewise`"
        )
    if isinstance(error, UnicodeEncodeError):
        text = error.object[error.start : error.end]
        advice = "rename what has it in its name" if error.encoding.startswith("utf") else "set PYTHONUTF8=1"
        return f"{text!r} cannot be written as {error.encoding}: {advice}"
    if isinstance(error, UnicodeDecodeError):
        return f"expected text in {error.encoding}, found other bytes ({error.reason}): save it as UTF-8"
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return "the system allows no more threads: close other programs, or give a smaller --threads"
    kind = type(error).__name__
    return f"unexpected {kind}: {error} (a bug; EDGEWISE_DEBUG=1 shows where, please report it)"


def _of_system(error: OSError) -> str:
    """Say what the system refused, on which file, and what to do where that is not plain."""
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, (str, bytes))]
    advice = _ADVICE.get(error.errno or 0)
    what = error.strerror or str(error) or type(error).__name__
    return f"{''.join(f'{name}: ' for name in names)}{what}{f'; {advice}' if advice else ''}"
