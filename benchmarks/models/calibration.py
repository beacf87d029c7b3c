"""Make what comes with edgewise for published models: moments of their inputs, and where INT4 hurts most.

A model that is exported by name at INT4 is calibrated with it, without a recording and without torch. What is listened
to stands in benchmarks/models/sets.toml.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import export
from edge.bench.sets import Manifest
from edge.files import sha256_of
from edge.store import ensure
from export.calibrate.gather import gather_moments
from export.calibrate.known import Known, save_known
from export.calibrate.moments import Calibration, combine
from export.calibrate.recordings import Recording
from export.calibrate.sensitivity import costliest_groups, hear_clips, measure_int4
from export.checkpoint.types import Checkpoint
from export.quantize.model import equalized, groups_of
from export.sources import read_checkpoint

from ..arguments import add_data, add_models
from ..progress import tell_steps
from .known_sets import CALIBRATION, sets_for

EXAMPLES = """\
examples:
  python -m benchmarks calibration --models tiny.en,base
"""

DEFAULT_RANK = 64
"""Directions for each input: the fewest that keep nine tenths of what all of them would gain
(benchmarks/journal/rounding.md)."""

_MOST_S = 400.0
"""Seconds of each kind of speech: so that stories do not drown letters."""

_FOLDER = Path(export.__file__).parent / "calibrate" / "data"


@dataclass(frozen=True, slots=True)
class CalibrationOptions:
    """Options of the command."""

    models: tuple[str, ...]
    rank: int
    out: Path
    """Folder for the files."""
    data: Path | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the models, and how much to keep of what is found."""
    add_models(parser, default=("tiny.en", "base"))
    parser.add_argument(
        "--rank", type=int, default=DEFAULT_RANK, help=f"directions for each input (default {DEFAULT_RANK})"
    )
    parser.add_argument(
        "--out", type=Path, default=_FOLDER, metavar="DIR", help="folder for the files (default: where export has them)"
    )
    add_data(parser)


def run(arguments: argparse.Namespace) -> None:
    """Make what the command line asks for."""
    run_calibration(CalibrationOptions(arguments.models, arguments.rank, arguments.out, arguments.data))


def run_calibration(options: CalibrationOptions) -> None:
    """Hear the sets, and write a file for each model.

    Raises:
        ManifestError: a set is missing.
        StoreError: a model cannot be had.
    """
    kinds = [recordings_of(sets_for(kind, options.data)) for kind in CALIBRATION]
    for name in options.models:
        checkpoint = read_checkpoint(ensure(name), name=name)
        path = make_known(checkpoint, kinds, options.rank, options.out)
        tell_steps("", 0, 0)
        print(f"{path}: {name}, {sum(map(len, kinds))} recordings, {path.stat().st_size / 1e6:.2f} MB", file=sys.stderr)


def recordings_of(sets: Sequence[Manifest]) -> list[Recording]:
    """List the files of some sets."""
    paths = [Path(file) for one in sets for utterance in one.utterances for file in utterance.files]
    return [Recording(path, sha256_of(path)) for path in paths]


def make_known(checkpoint: Checkpoint, kinds: Sequence[Sequence[Recording]], rank: int, out: Path) -> Path:
    """Find out what a model sees in recordings of some kinds and where INT4 hurts it, and write that down."""
    recordings = [recording for kind in kinds for recording in kind]
    moments = combine([gather_moments(checkpoint, kind, tell_steps, _MOST_S) for kind in kinds])
    calibration = Calibration(moments, tuple(recording.sha256 for recording in recordings))
    heard, tail = hear_clips(checkpoint, recordings, tell_steps)
    whole, groups = equalized(checkpoint, calibration), groups_of(checkpoint.tensors)
    found = measure_int4(checkpoint, whole, groups, heard, tail, tell_steps)
    return save_known(out, checkpoint.source_sha256, Known(calibration, tuple(costliest_groups(found))), rank)
