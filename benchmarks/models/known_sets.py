"""Sets by what they serve, as `sets.toml` names them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from edge.bench.sets import Manifest, Utterance, read_manifests

from ..errors import BenchmarkError

Purpose = Literal["sentences", "letters", "stories", "commands", "looked_at", "heard_once"]

CALIBRATION: tuple[Purpose, ...] = ("sentences", "letters", "stories")
"""Kinds of speech that calibration listens to."""

TRAINING: tuple[Purpose, ...] = (*CALIBRATION, "commands")
"""Kinds of speech that smaller models are made and trained with."""


def named_sets(purpose: Purpose) -> Mapping[str, Sequence[str]]:
    """Name the sets that serve a purpose, each with patterns of its recordings' names."""
    found: Mapping[str, Sequence[str]] = tomllib.loads(Path(__file__).with_name("sets.toml").read_text())[purpose]
    return found


def sets_for(purpose: Purpose, data: Path | None = None) -> list[Manifest]:
    """Read the sets that serve a purpose, with no other recordings in them.

    Raises:
        ManifestError: a set is missing or not a manifest.
        BenchmarkError: a set has no such recordings.
    """
    patterns = named_sets(purpose)
    return [_matching(manifest, patterns[manifest.name]) for manifest in read_manifests(tuple(patterns), data)]


def heard_at_any_time(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Leave out what is heard once for each release: nothing is calibrated, fitted, searched or chosen by it.

    Raises:
        BenchmarkError: nothing is left of a set.
    """
    found = []
    for manifest in manifests:
        left = tuple(one for one in manifest.utterances if not _has_heard_once(one))
        if not left:
            raise BenchmarkError(
                f"{manifest.name}: expected recordings for any time, found those alone that are heard once for each "
                "release (benchmarks/models/sets.toml); name another set"
            )
        found.append(replace(manifest, utterances=left))
    return found


def heard_once(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Leave in what is heard once for each release, of the sets that have such recordings."""
    chosen = [
        replace(manifest, utterances=tuple(one for one in manifest.utterances if _has_heard_once(one)))
        for manifest in manifests
    ]
    return [manifest for manifest in chosen if manifest.utterances]


def is_heard_once(path: Path) -> bool:
    """Tell whether a recording, by the names of its folder and file, is heard once for each release."""
    return any(fnmatch(path.name, pattern) for pattern in named_sets("heard_once").get(path.parent.name, ()))


def _has_heard_once(utterance: Utterance) -> bool:
    return any(is_heard_once(Path(file)) for file in utterance.files)


def _matching(manifest: Manifest, patterns: Sequence[str]) -> Manifest:
    chosen = tuple(
        one for one in manifest.utterances if any(fnmatch(Path(one.files[0]).name, pattern) for pattern in patterns)
    )
    if not chosen:
        raise BenchmarkError(f"{manifest.name}: expected recordings called {', '.join(patterns)}, found none")
    return replace(manifest, utterances=chosen)
