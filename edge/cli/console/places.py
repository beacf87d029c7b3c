"""The files that a recording's transcripts become: which names they have, and which of them are there already."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import OptionError
from ...files import remove_killed
from ..inputs import Recording

_GAPS_SUFFIX = ".gaps.json"
_LONGEST_SUFFIX = len(_GAPS_SUFFIX)
_LONGEST_NAME = 255
"""Bytes of a file's name, where the system does not tell."""


@dataclass(frozen=True, slots=True)
class Place:
    """Place where the transcripts of one recording go."""

    stem: Path
    """Path of each transcript, without its suffix."""
    formats: tuple[str, ...]

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        """Format and path of each transcript."""
        return tuple((format, self._with_suffix(f".{format}")) for format in self.formats)

    @property
    def gaps(self) -> Path:
        """Path of the note that lies next to transcripts of which something is missing."""
        return self._with_suffix(_GAPS_SUFFIX)

    def absolute(self) -> Place:
        """Return the place as it is called in any folder."""
        return replace(self, stem=self.stem.absolute())

    def _with_suffix(self, suffix: str) -> Path:
        return self.stem.with_name(self.stem.name + suffix)


def place(recordings: Iterable[Recording], formats: Sequence[str], folder: Path) -> dict[str, Place]:
    """Choose where the transcripts of each recording go, by its name.

    Raises:
        OptionError: two recordings would be written to the same file.
    """
    most = _longest_name(folder) - _LONGEST_SUFFIX
    taken: dict[Path, str] = {}
    places = {}
    for recording in recordings:
        stem = folder / recording.stem
        found = places[recording.name] = Place(stem.with_name(_shortened(stem.name, most)), tuple(formats))
        for path in (*(path for _, path in found.files), found.gaps):
            other = taken.setdefault(path, recording.name)
            if other != recording.name:
                raise OptionError(_same_file(other, recording.name, path))
    return places


def prepare(folder: Path, places: Iterable[Place]) -> None:
    """Make the folder for transcripts, and remove what killed runs left where they go.

    That nothing can be written there is found out before hours of work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "cannot be written to; choose another --output-dir", str(folder))
    remove_unfinished(places)


def remove_unfinished(places: Iterable[Place]) -> None:
    """Delete what killed writers left where transcripts go."""
    for parent in {place.stem.parent for place in places}:
        remove_killed(parent)


def is_done(recording: Recording, place: Place, *, accepts_damaged: bool = False) -> bool:
    """Whether all files of a recording are there and newer than it; they are whole, since nothing else gets a name.

    Where something is missing of the transcripts it is not, unless `accepts_damaged`.
    """
    try:
        recorded_at = Path(recording.name).stat().st_mtime
        is_there = all(path.is_file() and path.stat().st_mtime >= recorded_at for _, path in place.files)
    except OSError:
        return False
    return recording.is_file and is_there and (accepts_damaged or not is_note_of_gaps(place.gaps))


def is_note_of_gaps(path: Path) -> bool:
    """Whether a file is there, and is not the transcript of a recording whose own name ends in ".gaps"."""
    with suppress(OSError, ValueError, RecursionError):  # what cannot be read is no transcript
        content = json.loads(path.read_bytes())
        if isinstance(content, dict) and "segments" in content:
            return False
    return path.exists()


def _same_file(first: str, second: str, path: Path) -> str:
    hint = "rename one of them"
    if Path(first).parent != Path(second).parent:
        hint = "give one folder that holds both, and their places in it are kept"
    return f"{first} and {second} would both be written to {path}: {hint}, or write them to different folders"


def _longest_name(folder: Path) -> int:
    """Return how many bytes a file's name may have in a folder, which may not be there yet."""
    existing = next((parent for parent in (folder, *folder.absolute().parents) if parent.is_dir()), None)
    if existing is not None and hasattr(os, "pathconf"):
        with suppress(OSError, ValueError):
            return os.pathconf(existing, "PC_NAME_MAX")
    return _LONGEST_NAME


def _shortened(name: str, most: int) -> str:
    """Cut a name of more than `most` bytes, and end it in a hash of all of it, which tells it from others."""
    if len(os.fsencode(name)) <= most:
        return name
    mark = f"~{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"
    while len(os.fsencode(name)) > most - len(mark):
        name = name[:-1]
    return name + mark
