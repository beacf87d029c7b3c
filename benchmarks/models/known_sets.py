"""Sets by what they serve, as `sets.toml` names them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from edge.bench.sets import Manifest, read_manifests

from ..errors import BenchmarkError

Purpose = Literal["sentences", "letters", "stories", "held_out"]

CALIBRATION: tuple[Purpose, ...] = ("sentences", "letters", "stories")
"""Kinds of speech that calibration listens to."""


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


def _matching(manifest: Manifest, patterns: Sequence[str]) -> Manifest:
    chosen = tuple(
        one for one in manifest.utterances if any(fnmatch(Path(one.files[0]).name, pattern) for pattern in patterns)
    )
    if not chosen:
        raise BenchmarkError(f"{manifest.name}: expected recordings called {', '.join(patterns)}, found none")
    return replace(manifest, utterances=chosen)
