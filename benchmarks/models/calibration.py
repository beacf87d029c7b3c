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
from edge.files import sha256_of
from edge.store import ensure
from export.calibrate import calibrate
from export.calibrate.known import Known, save_known
from export.calibrate.recordings import Recording
from export.calibrate.sensitivity import costliest_groups, hear_clips, measure_int4
from export.checkpoint.types import Checkpoint
from export.quantize.model import equalized, groups_of
from export.sources import read_checkpoint

from ..arguments import add_data, add_models
from ..progress import tell_steps
from .known_sets import sets_for

EXAMPLES = """\
examples:
  python -m benchmarks calibration --models tiny.en,base
"""

DEFAULT_RANK = 64
"""Directions for each input: the fewest that keep nine tenths of what all of them would gain
(benchmarks/journal/rounding.md)."""

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
    paths = [
        Path(file) for one in sets_for("calibration", options.data) for item in one.utterances for file in item.files
    ]
    recordings = [Recording(path, sha256_of(path)) for path in paths]
    for name in options.models:
        checkpoint = read_checkpoint(ensure(name), name=name)
        path = make_known(checkpoint, recordings, options.rank, options.out)
        tell_steps("", 0, 0)
        print(f"{path}: {name}, {len(recordings)} recordings, {path.stat().st_size / 1e6:.2f} MB", file=sys.stderr)


def make_known(checkpoint: Checkpoint, recordings: Sequence[Recording], rank: int, out: Path) -> Path:
    """Find out what a model sees in recordings and where INT4 hurts it, and write that down."""
    calibration = calibrate(checkpoint, recordings, None, tell_steps)
    heard, tail = hear_clips(checkpoint, recordings, tell_steps)
    whole, groups = equalized(checkpoint, calibration), groups_of(checkpoint.tensors)
    found = measure_int4(checkpoint, whole, groups, heard, tail, tell_steps)
    return save_known(out, checkpoint.source_sha256, Known(calibration, tuple(costliest_groups(found))), rank)
