"""Sets of recordings: a `manifest.jsonl` beside its audio files, one object a line.

`audio` is a path inside the folder, or null with `concat`, paths to join with `gap_seconds` of silence
between them. `text` is the reference, "" where nothing is said, null where the words are not known.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .engines.base import Samples
from .errors import BenchmarkError

SAMPLE_RATE_HZ = 16_000


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


@dataclass(frozen=True, slots=True)
class Manifest:
    """A set, or its beginning."""

    name: str
    """The folder's name."""
    sha256: str
    """Of the manifest file, so that two results can be known to speak of one set."""
    utterances: tuple[Utterance, ...]


def read_manifest(path: Path, limit: int | None = None) -> Manifest:
    """Read a manifest, or a folder's `manifest.jsonl`, up to `limit` recordings."""
    file = path / "manifest.jsonl" if path.is_dir() else path
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BenchmarkError(f"cannot read the manifest {file}: {error.strerror}") from error
    lines = [line for line in data.decode("utf-8").splitlines() if line.strip()]
    folder = file.resolve().parent
    utterances = [_utterance(folder, number, line) for number, line in enumerate(lines[:limit], start=1)]
    if not utterances:
        raise BenchmarkError(f"no recordings in {file}")
    return Manifest(folder.name, hashlib.sha256(data).hexdigest(), tuple(utterances))


def read_samples(utterance: Utterance) -> Samples:
    """Decode a recording whole, mono at 16 kHz."""
    from edge.audio import open_audio

    gap = np.zeros(round(utterance.gap_s * SAMPLE_RATE_HZ), dtype=np.float32)
    blocks: list[Samples] = []
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
        text = item["text"]
    except (ValueError, TypeError, KeyError) as error:
        raise BenchmarkError(f"line {number} of the manifest in {folder} is not a recording: {error!r}") from error
    name = str(item["audio"] or Path(paths[0]).stem + f"+{len(paths) - 1}")
    return Utterance(
        name=name,
        files=tuple(str(folder / path) for path in paths),
        gap_s=float(item.get("gap_seconds", 0.0)),
        text=text,
        language=item.get("lang"),
    )
