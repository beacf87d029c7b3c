"""The recordings to calibrate with: files, folders of them, and manifests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from edge.audio.find import RECORDING_SUFFIXES, recordings_in
from edge.bench.sets import Manifest, read_manifest
from edge.files import sha256_of

from ..errors import CalibrationError


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of speech."""

    path: Path
    sha256: str
    """SHA-256 of the file, so that nobody evaluates on it afterwards."""


def find_recordings(sources: Iterable[Path]) -> list[Recording]:
    """Find all recordings that `sources` name, each once, in a fixed order.

    A source is an audio file, a folder (searched with its subfolders, or by its `manifest.jsonl` where it has one)
    or a manifest (`edge.bench.sets`), with or without texts.

    Raises:
        CalibrationError: a source does not exist or names no recording.
        ManifestError: a line of a manifest is broken.
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
            digest = sha256_of(path)
            found.setdefault(digest, Recording(path, digest))
    return list(found.values())


def keep_apart(heard: Iterable[Recording], sets: Iterable[Path]) -> None:
    """Refuse to measure on what was listened to.

    Raises:
        CalibrationError: one of the `sets` (folders or manifests) names a recording that was `heard`.
    """
    known = {recording.sha256: recording.path for recording in heard}
    for path in sets:
        both = [recording for recording in find_recordings([path]) if recording.sha256 in known]
        if both:
            raise CalibrationError(
                f"{path}: {both[0].path} is also a recording to calibrate with ({known[both[0].sha256]}), {len(both)} "
                "in all; a model must be measured on what it has not heard"
            )


def unheard(manifest: Manifest, heard: Collection[str]) -> Manifest:
    """Leave the recordings of a set out that were `heard`, by the SHA-256 of their files.

    Raises:
        CalibrationError: nothing is left.
    """
    if not heard:
        return manifest
    left = [
        utterance
        for utterance in manifest.utterances
        if not any(sha256_of(Path(file)) in heard for file in utterance.files)
    ]
    if not left:
        raise CalibrationError(
            f"{manifest.name}: all of it was listened to in calibration; a model must be measured on what it has not "
            "heard"
        )
    return replace(manifest, utterances=tuple(left))


def _paths_of(source: Path) -> Iterator[Path]:
    manifest = source / "manifest.jsonl" if source.is_dir() else source
    if manifest.suffix == ".jsonl" and manifest.is_file():
        yield from (Path(file) for utterance in read_manifest(manifest).utterances for file in utterance.files)
    elif source.is_dir():
        yield from recordings_in(source)
    else:
        yield source
