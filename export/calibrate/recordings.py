"""The recordings to calibrate with: files, folders of them, and manifests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.audio.find import RECORDING_SUFFIXES, recordings_in
from edge.errors import CalibrationError


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of speech."""

    path: Path
    sha256: str
    """Of the file, so that nobody evaluates on it afterwards."""


def find_recordings(sources: Iterable[Path]) -> list[Recording]:
    """All recordings that `sources` name, each once, in a fixed order.

    A source is an audio file, a folder (searched with its subfolders, or by its `manifest.jsonl` where it has one)
    or a manifest: a JSON object a line, whose `audio` is a path beside it. Lines without audio are passed over.

    Raises:
        CalibrationError: a source does not exist or names no recording, or a line of a manifest is broken.
    """
    found: dict[str, Recording] = {}
    for source in sources:
        paths = list(_paths_of(source))
        if not paths:
            raise CalibrationError(
                f"{source}: expected recordings ({', '.join(sorted(RECORDING_SUFFIXES))}), found none"
            )
        for path in paths:
            if not path.is_file():
                raise CalibrationError(f"{path}: expected a recording, found no such file")
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found.setdefault(digest, Recording(path, digest))
    return list(found.values())


def _paths_of(source: Path) -> Iterator[Path]:
    manifest = source / "manifest.jsonl" if source.is_dir() else source
    if manifest.suffix == ".jsonl" and manifest.is_file():
        yield from _in_manifest(manifest)
    elif source.is_dir():
        yield from recordings_in(source)
    else:
        yield source


def _in_manifest(manifest: Path) -> Iterator[Path]:
    for number, line in enumerate(manifest.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise CalibrationError(f"{manifest}, line {number}: expected a JSON object ({error})") from error
        audio = entry.get("audio") if isinstance(entry, dict) else 0
        if audio is not None and not isinstance(audio, str):
            raise CalibrationError(f'{manifest}, line {number}: expected "audio" with a path or null, found {audio!r}')
        if audio:
            yield manifest.parent / audio
