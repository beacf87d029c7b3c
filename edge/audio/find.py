"""Finds the recordings of a folder by the suffixes of their names, without opening them."""

from __future__ import annotations

import logging
import os
from pathlib import Path

_LOG = logging.getLogger("edge.audio")

_READ_BY_LIBSNDFILE = ".wav .flac .mp3 .ogg .oga .opus .aiff .aif .au .caf .w64"
_READ_BY_FFMPEG = ".m4a .m4b .aac .wma .amr .webm .mp4 .mkv .mov .avi .3gp .mpg .mpeg"

RECORDING_SUFFIXES = frozenset(f"{_READ_BY_LIBSNDFILE} {_READ_BY_FFMPEG}".split())
"""Suffixes of recordings in small letters, with their dot."""


def is_recording(path: Path) -> bool:
    """Whether a file has the suffix of a recording, in small or capital letters, and is not hidden."""
    return path.suffix.lower() in RECORDING_SUFFIXES and not path.name.startswith(".") and path.is_file()


def recordings_in(folder: Path) -> list[Path]:
    """Find the recordings in a folder and its subfolders, sorted.

    Hidden files are passed over, and so are links to folders, which could lead in a circle. A subfolder that cannot be
    read is logged.
    """

    def tell(error: OSError) -> None:
        _LOG.warning("%s is passed over: %s", error.filename, error.strerror or error)

    found: list[Path] = []
    for parent, subfolders, names in os.walk(folder, onerror=tell):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        found += (path for path in (Path(parent, name) for name in names) if is_recording(path))
    return sorted(found)
