"""Sets of recordings to measure on: a `manifest.jsonl` beside its audio files, one object a line.

`audio` is a path inside the folder, or null with `concat`, paths to join with `gap_seconds` of silence between them.
`text` is the reference, "" where nothing is said, null or left out where the words are not known. `seconds` is the
length, and may be left out.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.audio import open_audio
from edge.errors import AudioError, ManifestError

SAMPLE_RATE_HZ = 16_000
DATA_VARIABLE = "EDGEWISE_TEST_DATA"
"""Environment variable with the folder whose sets can be named without a path."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording and what is said in it."""

    name: str
    """What the results call it."""
    files: tuple[str, ...]
    """Absolute paths of the audio files, in order."""
    gap_s: float
    """Silence between two files, in seconds."""
    text: str | None
    """The reference, or None where it is unknown."""
    language: str | None
    """Language code, or None where nothing is said or it is not known."""
    seconds: float | None = None
    """Length as the manifest has it, silence between files included; None where it does not tell."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which recordings of a set to take."""

    min_seconds: float | None = None
    max_seconds: float | None = None
    """Shortest and longest, both inclusive; None for no bound."""
    limit: int | None = None
    """Only so many of those, from the first."""

    def take(self, utterances: Sequence[Utterance]) -> list[Utterance]:
        """Those that are chosen, in their order."""
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
    """A set, or its beginning."""

    name: str
    """The folder's name."""
    sha256: str
    """Of the manifest file, so that two results can be known to speak of one set."""
    utterances: tuple[Utterance, ...]


def find_set(name: str, data: Path | None = None) -> Path:
    """The path of a set: a path as it is, or the name of a folder in `data` (by default in EDGEWISE_TEST_DATA)."""
    path = Path(name)
    if path.exists():
        return path
    named = data or (Path(os.environ[DATA_VARIABLE]) if os.environ.get(DATA_VARIABLE) else None)
    if named is None:
        raise ManifestError(f"no such set: {name}; --data ROOT or {DATA_VARIABLE} would tell where sets lie")
    if not (named / name).exists():
        raise ManifestError(f"no such set: {name}, neither as a path nor in {named}")
    return named / name


def read_manifests(names: Sequence[str], data: Path | None = None, selection: Selection = EVERYTHING) -> list[Manifest]:
    """Several sets, told apart by their names."""
    manifests = [read_manifest(find_set(name, data), selection) for name in names]
    found = [manifest.name for manifest in manifests]
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise ManifestError(f"two sets have one name: {', '.join(twice)}; name each once")
    return manifests


def read_manifest(path: Path, selection: Selection = EVERYTHING) -> Manifest:
    """Read a manifest, or a folder's `manifest.jsonl`."""
    file = path / "manifest.jsonl" if path.is_dir() else path
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ManifestError(f"cannot read the manifest {file}: {error.strerror}") from error
    lines = [line for line in data.decode("utf-8").splitlines() if line.strip()]
    folder = file.resolve().parent
    all_of_them = [_utterance(folder, number, line) for number, line in enumerate(lines, start=1)]
    utterances = selection.take(all_of_them)
    if not utterances:
        raise ManifestError(f"no recordings in {file}" + (" have the length asked for" if all_of_them else ""))
    return Manifest(folder.name, hashlib.sha256(data).hexdigest(), tuple(utterances))


def duration_s(utterance: Utterance) -> float:
    """The length of a recording: what the manifest says, else what its files say."""
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


def _utterance(folder: Path, number: int, line: str) -> Utterance:
    try:
        item: dict[str, Any] = json.loads(line)
        paths = [item["audio"]] if item["audio"] is not None else list(item["concat"])
        text = item.get("text")
        if not all(isinstance(path, str) for path in paths) or not isinstance(text, str | None):
            raise TypeError("expected paths of audio files and a text")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ManifestError(f"{folder}: line {number} of the manifest is not a recording: {error!r}") from error
    name = str(item["audio"] or Path(paths[0]).stem + f"+{len(paths) - 1}")
    return Utterance(
        name=name,
        files=tuple(str(folder / path) for path in paths),
        gap_s=float(item.get("gap_seconds", 0.0)),
        text=text,
        language=item.get("lang"),
        seconds=item.get("seconds"),
    )
