"""Opens recordings that are named by a path: seekable files, pipes, or raw samples."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

from ..errors import AudioError
from .files import open_container
from .mono import Opened
from .options import AS_IT_COMES, ReadOptions
from .pipes import open_pipe

_RAW_SUFFIXES = frozenset({".raw", ".pcm"})


def open_path(path: Path, options: ReadOptions = AS_IT_COMES) -> Opened:
    """Open the recording at `path`; every failure is an `AudioError` that names it."""
    name = str(path)
    if path.is_dir():
        raise AudioError(f"{name} is a folder; expected a recording, so name the files inside it")
    try:
        mode = path.stat().st_mode
        if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode) or (stat.S_ISCHR(mode) and not _is_standard_input(path)):
            raise AudioError(f"{name} is a device or socket; expected a recording, so pipe what comes from it into -")
        file = path.open("rb")
    except FileNotFoundError:
        raise AudioError(f"{name} does not exist; expected a recording") from None
    except (OSError, ValueError) as error:
        raise AudioError(f"{name} cannot be opened: {getattr(error, 'strerror', None) or error}") from error
    options = replace(options, raw=options.raw or path.suffix.lower() in _RAW_SUFFIXES)
    if options.raw or not file.seekable():
        return open_pipe(file, name=name, owned=True, options=options)
    return open_container(file, name, options)


def _is_standard_input(path: Path) -> bool:
    return str(path) in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
