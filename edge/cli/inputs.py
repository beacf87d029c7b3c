"""What to transcribe: files, folders, patterns and standard input become a list of recordings."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording to transcribe."""

    name: str
    """Path of the recording, or "-" for standard input."""
    stem: Path
    """Path of its transcripts below the folder for them, without suffix: as the recording lies below the folder
    that was given, or below the part of a pattern in front of the first wildcard."""

    @property
    def is_file(self) -> bool:
        """Whether the recording can be opened more than once."""
        return self.name != STANDARD_INPUT and Path(self.name).is_file()


def find_recordings(arguments: Iterable[str]) -> tuple[list[Recording], list[str]]:
    """Find the recordings that arguments name, each once and in their order, and the arguments that name none.

    In folders (searched with their subfolders) and for patterns (`*`, `?`, `[…]`, `**`) recordings are told by their
    suffixes and come sorted. A name without wildcards counts as a recording whether it is there or not.
    """
    found: dict[tuple[bool, Path], Recording] = {}
    barren: list[str] = []
    for argument in arguments:
        recordings = list(_named_by(argument))
        if not recordings:
            barren.append(argument)
        for recording in recordings:
            is_standard_input = recording.name == STANDARD_INPUT
            found.setdefault((is_standard_input, Path(recording.name).absolute()), recording)
    return list(found.values()), barren


def none_found(argument: str) -> str:
    """Say that a folder or pattern holds no recordings."""
    from ..audio.find import RECORDING_SUFFIXES

    suffixes = " ".join(sorted(RECORDING_SUFFIXES))
    return f"{argument}: expected recordings ({suffixes}), found none; name files of other kinds one by one"


def _named_by(argument: str) -> Iterator[Recording]:
    path = Path(argument)
    if argument == STANDARD_INPUT:
        yield Recording(argument, Path("stdin"))
    elif path.is_dir():
        yield from _below(path, [path])
    elif path.exists() or not _has_wildcard(argument):  # a file may be called "take [2].wav"
        yield Recording(argument, Path(path.stem))
    else:
        pattern = Path(argument).expanduser()
        parts = pattern.parts
        n_fixed = next(index for index, part in enumerate(parts) if _has_wildcard(part))
        matches = glob.iglob(str(pattern), recursive=True)  # noqa: PTH207 (pathlib's would find what is hidden)
        yield from _below(Path(*parts[:n_fixed]), map(Path, matches))


def _below(base: Path, paths: Iterable[Path]) -> Iterator[Recording]:
    from ..audio.find import is_recording, recordings_in

    found: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found.update(recordings_in(path))
        elif is_recording(path):
            found.add(path)
    for path in sorted(found):
        yield Recording(str(path), path.relative_to(base).with_suffix(""))


def _has_wildcard(name: str) -> bool:
    return any(character in name for character in "*?[")
