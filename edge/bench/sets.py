"""Sets of recordings to measure on: a `manifest.jsonl` beside its audio files, one object a line.

`audio` is a path inside the folder or that of a set beside it (`../set/a.flac`), or null with `concat`, paths to join
with `gap_seconds` of silence between them. A manifest is somebody else's file: whatever is in it is checked.
`text` is the reference, "" where nothing is said, null or left out where the words are not known. `seconds` is the
length, and may be left out.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..audio import SAMPLE_RATE_HZ, open_audio
from ..errors import AudioError, ManifestError

DATA_VARIABLE = "EDGEWISE_TEST_DATA"
"""Environment variable with the folder whose sets can be named without a path."""

_MAX_BYTES = 64 << 20
_MAX_LINE_BYTES = 1 << 20
_MAX_FILES = 10_000
"""Most files that are joined to one recording."""
_MAX_GAP_S = 600.0
_MAX_S = 1e6


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording and what is said in it."""

    name: str
    """Name of the recording in results."""
    files: tuple[str, ...]
    """Absolute paths of the audio files, in order."""
    gap_s: float
    """Silence between two files, in seconds."""
    text: str | None
    """Reference, or None where the words are unknown."""
    language: str | None
    """Language code, or None where nothing is said or it is not known."""
    seconds: float | None = None
    """Length as the manifest has it, silence between files included; None where it does not tell."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Choice of some recordings of a set."""

    min_seconds: float | None = None
    max_seconds: float | None = None
    """Greatest length, inclusive, as `min_seconds` is the least; None for no bound."""
    limit: int | None = None
    """Number of recordings to take at most, from the first."""

    def take(self, utterances: Sequence[Utterance]) -> list[Utterance]:
        """Choose recordings, in their order."""
        chosen = list(utterances)
        if self.min_seconds is not None or self.max_seconds is not None:
            chosen = [one for one in chosen if self._has_length(duration_s(one))]
        return chosen[: self.limit]

    def _has_length(self, seconds: float) -> bool:
        lowest = 0.0 if self.min_seconds is None else self.min_seconds
        highest = float("inf") if self.max_seconds is None else self.max_seconds
        return lowest <= seconds <= highest


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Manifest:
    """Recordings of a set, or the first of them."""

    name: str
    """Name of the folder."""
    sha256: str
    """Hash of the manifest file, so that two results can be known to speak of one set."""
    utterances: tuple[Utterance, ...]


def find_set(name: str, data: Path | None = None) -> Path:
    """Find a set by the name of a folder in `data` (by default in EDGEWISE_TEST_DATA), or by a path."""
    named = data or (Path(os.environ[DATA_VARIABLE]) if os.environ.get(DATA_VARIABLE) else None)
    if named is not None and Path(name).name == name and (named / name).exists():
        return named / name
    path = Path(name)
    if path.exists():
        return path
    if named is None:
        raise ManifestError(f"no such set: {name}; --data ROOT or {DATA_VARIABLE} would tell where sets lie")
    raise ManifestError(f"no such set: {name}, neither as a path nor in {named}")


def read_manifests(names: Sequence[str], data: Path | None = None, selection: Selection = EVERYTHING) -> list[Manifest]:
    """Read several sets, told apart by their names."""
    manifests = [read_manifest(find_set(name, data), selection) for name in names]
    found = [manifest.name for manifest in manifests]
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise ManifestError(f"two sets have one name: {', '.join(twice)}; name each once")
    return manifests


def read_manifest(path: Path, selection: Selection = EVERYTHING) -> Manifest:
    """Read a manifest, or a folder's `manifest.jsonl`."""
    file = path / "manifest.jsonl" if path.is_dir() else path
    data = _read(file)
    folder = file.resolve().parent
    lines = enumerate(data.split(b"\n"), start=1)
    all_of_them = [_utterance(file, folder, number, line) for number, line in lines if line.strip()]
    utterances = selection.take(all_of_them)
    if not utterances:
        raise ManifestError(f"no recordings in {file}" + (" have the length asked for" if all_of_them else ""))
    return Manifest(folder.name, hashlib.sha256(data).hexdigest(), tuple(utterances))


def duration_s(utterance: Utterance) -> float:
    """Find out the length of a recording: what the manifest says, else what its files say."""
    if utterance.seconds is not None:
        return utterance.seconds
    gaps_s = utterance.gap_s * (len(utterance.files) - 1)
    lengths = []
    for file in utterance.files:
        try:
            with open_audio(Path(file)) as source:
                lengths.append(source.duration_s)
        except AudioError as error:
            raise ManifestError(f"the length of {utterance.name} is unknown: {error}") from error
    if None in lengths:
        raise ManifestError(f'the length of {utterance.name} is unknown; say it in the manifest, as "seconds"')
    return sum(length or 0.0 for length in lengths) + gaps_s


def read_samples(utterance: Utterance) -> NDArray[np.float32]:
    """Decode a recording whole, mono at 16 kHz."""
    gap = np.zeros(round(utterance.gap_s * SAMPLE_RATE_HZ), dtype=np.float32)
    blocks: list[NDArray[np.float32]] = []
    for index, file in enumerate(utterance.files):
        if index:
            blocks.append(gap)
        with open_audio(Path(file)) as source:
            blocks.extend(source)
    return np.concatenate(blocks)


def _read(file: Path) -> bytes:
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for whoever writes it
            raise ManifestError(f"the manifest {file} is no regular file")
        if found.st_size > _MAX_BYTES:
            raise ManifestError(f"the manifest {file} has {found.st_size} bytes; at most {_MAX_BYTES} are accepted")
        return file.read_bytes()
    except (OSError, ValueError) as error:
        raise ManifestError(f"cannot read the manifest {file}: {getattr(error, 'strerror', error)}") from error


def _utterance(file: Path, folder: Path, number: int, line: bytes) -> Utterance:
    try:
        if len(line) > _MAX_LINE_BYTES:
            raise ValueError(f"it has {len(line)} bytes; at most {_MAX_LINE_BYTES} are accepted")
        item = json.loads(line)
        if not isinstance(item, dict):
            raise ValueError("expected a JSON object")
        paths = _paths(item)
        return Utterance(
            name=item.get("audio") or f"{Path(paths[0]).stem}+{len(paths) - 1}",
            files=tuple(_inside(folder, path) for path in paths),
            gap_s=_seconds(item, "gap_seconds", _MAX_GAP_S) or 0.0,
            text=_text(item, "text"),
            language=_text(item, "lang"),
            seconds=_seconds(item, "seconds", _MAX_S),
        )
    except (ValueError, RecursionError) as error:  # also what is no JSON, or no UTF-8
        raise ManifestError(f"{file}: line {number} is not a recording: {error!s:.200}") from error


def _paths(item: dict[str, Any]) -> list[str]:
    audio, joined = item.get("audio"), item.get("concat")
    if audio is None and isinstance(joined, list) and 0 < len(joined) <= _MAX_FILES:
        paths = joined
    elif "audio" in item and audio is not None:
        paths = [audio]
    else:
        raise ValueError(f'expected "audio", a path, or null with "concat", 1 to {_MAX_FILES} paths')
    for path in paths:
        if not isinstance(path, str) or not path or not path.isprintable():
            raise ValueError(f"expected paths of audio files, found {path!r:.80}")
    return paths


def _inside(folder: Path, path: str) -> str:
    """Return the absolute path of a file in a set's folder, or in that of a set beside it."""
    full = Path(os.path.normpath(folder / path))
    if Path(path).is_absolute() or not full.is_relative_to(folder.parent):
        raise ValueError(f"{path!r:.80} is outside the set's folder and those beside it")
    return str(full)


def _text(item: dict[str, Any], key: str) -> str | None:
    value = item.get(key)
    if not isinstance(value, str | None):
        raise ValueError(f"{key}: expected a text or null, found {value!r:.80}")
    return value


def _seconds(item: dict[str, Any], key: str, most: float) -> float | None:
    value = item.get(key)
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 <= value <= most:  # which NaN is not either
        raise ValueError(f"{key}: expected 0 to {most:g} seconds, found {value!r:.80}")
    return float(value)
