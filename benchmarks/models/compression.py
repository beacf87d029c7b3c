"""Measure what smaller encoders cost: size, arithmetic, words and time, at each precision.

Exports a model with less and less of its encoder and measures every file. The sizes lie on one way down, which is
searched once. It takes an hour or more; what is kept from the same checkpoint and recordings is not made again. What
was listened to is never measured on, and who is heard once for each release is measured on with `--release` alone.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from edge.arrays import FloatArray
from edge.bench.result_file import make_result
from edge.bench.sets import Manifest, Selection, find_set, read_manifests
from edge.bench.tables import machine_line, table
from edge.machine import describe_machine
from edge.store import ensure
from edge.whisper.file.model import open_model
from edge.whisper.file.roles import PRECISIONS
from export.calibrate.recordings import Recording, find_recordings, unheard
from export.checkpoint.types import Checkpoint
from export.maker import Maker
from export.measure.measure import AS_RECORDED, SetScore, as_joined, increase, mean_rate, measure
from export.quantize.policy import parse_precision
from export.recipe import Recipe, Variety
from export.sources import read_checkpoint
from export.writers.gguf import HEARD_KEY

from ..arguments import (
    add_json,
    add_levels,
    add_models,
    add_release,
    add_sets,
    add_thread_counts,
    given_sets,
    names,
    positive,
    shares,
)
from ..checkout import commit
from ..progress import tell, tell_steps
from .calibration import recordings_of
from .encoder_time import EncoderTime, clips_of, time_encoders
from .known_sets import TRAINING, heard_at_any_time, heard_once, is_heard_once, sets_for

EXAMPLES = """\
examples:
  python -m benchmarks compression --models base --manifest SETS --keep FOLDER
  python -m benchmarks compression --manifest SETS --keep FOLDER --recovered 0.15,0.25 --vary 2 --rooms rir
"""


@dataclass(frozen=True, slots=True)
class CompressionOptions:
    """Options of the command."""

    sets: tuple[str, ...]
    calibration: tuple[str, ...]
    """Recordings to listen to, sets or paths; none where sets.toml names them."""
    models: tuple[str, ...]
    reductions: tuple[float, ...]
    """Shares of the encoder's weights to take away, nothing being trained."""
    precisions: tuple[str, ...]
    threads: tuple[int, ...]
    """Numbers of threads with which the encoders are timed."""
    rounds: int
    """Rounds in which each encoder encodes every clip."""
    recovered: tuple[float, ...] = ()
    """Shares after which what is left is trained for `recover_s`."""
    recover_s: float = 0.0
    besides: tuple[str, ...] = ()
    """More recordings to listen to, a free voice's say, sets or paths."""
    variety: Variety = field(default_factory=Variety)
    levels_db: tuple[float, ...] = AS_RECORDED
    """Gains in dB at which each recording is measured."""
    release: bool = False
    """Whether to measure on the recordings that are heard once for each release, and those alone."""
    data: Path | None = None
    limit: int | None = None
    keep: Path | None = None
    """Folder for the model files, and for what an interrupted run goes on from; None throws all away."""


@dataclass(frozen=True, slots=True)
class Compressed:
    """One model at one size and precision."""

    model: str
    precision: str
    reduction: float
    """Share of the encoder's weights that has gone."""
    recover_s: float
    """Seconds for which it was trained."""
    n_bytes: int
    encoder_macs: int
    """Multiply-adds of the encoder's matrices for one position, 20 ms."""
    scores: tuple[SetScore, ...]
    times: tuple[EncoderTime, ...] = ()
    """Times beside the first size of the same model and precision, for each number of threads."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to make, and the recordings to listen to and to measure on."""
    add_sets(parser)
    parser.add_argument(
        "--calibration",
        nargs="+",
        default=(),
        metavar="SET",
        help="recordings to listen to, sets, files, folders (default: what sets.toml names for it)",
    )
    parser.add_argument(
        "--besides", nargs="+", default=(), metavar="SET", help="more of them, a free voice's say, besides those"
    )
    add_models(parser, "; a .gguf file, kept earlier or exported at f32, goes on from its size")
    parser.add_argument(
        "--reductions",
        type=shares,
        default=(0.0, 0.08, 0.15, 0.25),
        help="shares of the encoder to take away (default 0,0.08,0.15,0.25)",
    )
    parser.add_argument(
        "--precisions", type=names, default=("f32", "int8", "int4"), help="comma list (default f32,int8,int4)"
    )
    parser.add_argument(
        "--recovered",
        type=shares,
        default=(),
        metavar="SHARES",
        help="shares to take away and then train what is left (default: none)",
    )
    parser.add_argument(
        "--recover-minutes", type=positive, default=60, metavar="M", help="train each of them so long (default 60)"
    )
    parser.add_argument("--vary", type=int, default=0, metavar="N", help="hear the recordings N times more, varied")
    for name, what in (("rooms", "rooms' impulse responses"), ("noise", "noise")):
        parser.add_argument(
            f"--{name}", nargs="+", default=(), metavar="SET", help=f"recordings of {what} to vary with"
        )
    add_levels(parser)
    add_release(parser)
    add_thread_counts(parser)
    parser.add_argument(
        "--rounds", type=positive, default=10, help="rounds in which the encoders encode 20 clips in turns (default 10)"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="leave the model files there, from which the same command goes on after an interruption",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Make and measure what the command line asks for."""
    return run_compression(
        CompressionOptions(
            sets=given_sets(arguments),
            calibration=tuple(arguments.calibration),
            besides=tuple(arguments.besides),
            models=arguments.models,
            reductions=arguments.reductions,
            precisions=arguments.precisions,
            recovered=arguments.recovered,
            recover_s=60 * arguments.recover_minutes,
            variety=_variety(arguments),
            levels_db=arguments.levels,
            release=arguments.release,
            data=arguments.data,
            limit=arguments.limit,
            keep=arguments.keep,
            threads=arguments.threads,
            rounds=arguments.rounds,
        )
    )


def _variety(arguments: argparse.Namespace) -> Variety:
    rooms, noises = (
        tuple(recording.path for recording in find_recordings(find_set(name, arguments.data) for name in given))
        for given in (arguments.rooms, arguments.noise)
    )
    return Variety(arguments.vary, rooms, noises)


def run_compression(options: CompressionOptions) -> dict[str, Any]:
    """Export and measure every combination; prints a table of words, and one of time.

    Files in the folder to keep that were made from the same checkpoint and recordings are not made again.

    Raises:
        CalibrationError: all recordings of a set to measure on are some to listen to.
        ManifestError: a set is none.
    """
    read = read_manifests(options.sets, options.data, Selection(limit=options.limit))
    chosen = heard_once(read) if options.release else heard_at_any_time(read)
    heard = _listen_to(options)
    manifests = [unheard(manifest, heard.hashes) for manifest in chosen]
    clips = clips_of(manifests)
    machine = describe_machine(commit())
    found: list[Compressed] = []
    with tempfile.TemporaryDirectory() as folder:
        keep = options.keep or Path(folder)
        keep.mkdir(parents=True, exist_ok=True)
        for model in options.models:
            files: list[Path] = []
            rows: list[Compressed] = []
            for file, row in _model(model, options, manifests, heard, keep):
                files.append(file)
                rows.append(row)
            found += _timed(rows, files, clips, options)
            if options.keep is None:
                for file in keep.glob("*.gguf"):
                    file.unlink()
    tell("")
    print(machine_line(machine))
    print(f"{table_of(found)}\n\n{time_table(found)}")
    return make_result("compression", machine, results=[asdict(one) for one in found])


@dataclass(frozen=True, slots=True)
class _Heard:
    """Recordings to listen to."""

    recordings: list[Recording]
    hashes: list[str]


def _listen_to(options: CompressionOptions) -> _Heard:
    if options.calibration:
        found = find_recordings(find_set(name, options.data) for name in options.calibration)
    else:
        found = [recording for kind in TRAINING for recording in recordings_of(sets_for(kind, options.data))]
    found = [*found, *find_recordings(find_set(name, options.data) for name in options.besides)]
    recordings = [recording for recording in found if not is_heard_once(recording.path)]
    return _Heard(recordings, [recording.sha256 for recording in recordings])


def _model(
    name: str, options: CompressionOptions, manifests: Sequence[Manifest], heard: _Heard, folder: Path
) -> Iterator[tuple[Path, Compressed]]:
    """Make every size at every precision, and yield the file that it is in."""
    whole = _read(name)
    maker = Maker(whole, heard.recordings, folder, tell_steps, options.variety)
    stem = Path(name).stem if name.endswith(".gguf") else name

    sizes = [(share, 0.0) for share in {0.0, *options.reductions}]
    sizes += [(share, options.recover_s) for share in options.recovered]
    for wanted, recover_s in sorted(sizes):
        trained = f"-trained-{recover_s / 60:g}m" if recover_s else ""
        files = {precision: folder / f"{stem}-{100 * wanted:g}{trained}-{precision}.gguf" for precision in PRECISIONS}
        if not _is_made(files["f32"], whole, heard.hashes if wanted else []):
            maker.make(Recipe("f32", wanted, recover_s)).write(files["f32"])
            maker.tidy()
        one = _read(str(files["f32"]))
        reduction = 1 - one.dims.encoder_weights / replace(one.dims, layers=()).encoder_weights
        for precision in map(parse_precision, options.precisions):
            listens = precision == "int4"  # int8 gains little, and listens for minutes
            if precision != "f32" and not _is_made(files[precision], one, heard.hashes if listens else []):
                made = Maker(one, heard.recordings if listens else (), folder, tell_steps).make(Recipe(precision))
                made.write(files[precision])
            tell(f"{one.name} at {precision}, encoder -{reduction:.1%}{', trained' if recover_s else ''}")
            scores = measure(files[precision], manifests, levels_db=options.levels_db)
            n_bytes, macs = files[precision].stat().st_size, one.dims.encoder_weights
            yield files[precision], Compressed(one.name, precision, reduction, recover_s, n_bytes, macs, scores)


def _timed(
    rows: Sequence[Compressed], files: Sequence[Path], clips: Sequence[FloatArray], options: CompressionOptions
) -> list[Compressed]:
    """Add to the rows their times, the sizes of a precision in turns."""
    times: dict[Path, tuple[EncoderTime, ...]] = dict.fromkeys(files, ())
    for precision in dict.fromkeys(row.precision for row in rows):
        alike = [file for file, row in zip(files, rows, strict=True) if row.precision == precision]
        for threads in options.threads:
            measured = time_encoders(alike, clips, threads, options.rounds)
            times |= {file: (*times[file], one) for file, one in zip(alike, measured, strict=True)}
    return [replace(row, times=times[file]) for file, row in zip(files, rows, strict=True)]


def _read(model: str) -> Checkpoint:
    """Read a model of the store by name, or a file made before, whose encoder may be smaller than the published one."""
    if model.endswith(".gguf"):
        return read_checkpoint(Path(model))
    return read_checkpoint(ensure(model), name=model)


def _is_made(file: Path, source: Checkpoint, heard: list[str]) -> bool:
    """Tell whether a file is there already, from that checkpoint and those recordings."""
    if not file.is_file():
        return False
    with open_model(file) as model:
        known = model.metadata.get(HEARD_KEY, [])
        return model.metadata.get("edgewise.source_sha256") == source.source_sha256 and known == heard


def table_of(found: Sequence[Compressed]) -> str:
    """Write a row for each, with the word error rate on each set, and how far the mean is above the first of its model.

    In the mean letters and digits that follow one another are one word: what was heard counts, not how it is written.
    """
    sets = [score.name for score in found[0].scores]
    means = ("mean, joined %", "more than the first", "95 %")
    header = ("model", "precision", "encoder", "MB", "M macs", *sets, *means, "loops")
    rows, first = [], found[0]
    for one in found:
        first = first if one.model == first.model else one
        joined, others = ([as_joined(score) for score in row.scores] for row in (one, first))
        more, low, high = (f"{100 * share:+.2f}" for share in increase(joined, others))
        rows.append(
            (
                *(one.model, one.precision, _size(one), f"{one.n_bytes / 1e6:.1f}", f"{one.encoder_macs / 1e6:.2f}"),
                *(f"{100 * score.rate:.2f}" for score in one.scores),
                *(f"{100 * mean_rate(joined):.2f}", more, f"{low} to {high}"),
                str(sum(score.errors.loops for score in one.scores)),
            )
        )
    return table(header, rows, n_left=3)


def time_table(found: Sequence[Compressed]) -> str:
    """Write the encoders' times, and which share of the arithmetic saved they saved."""
    header = ("model", "precision", "encoder", "threads", "ms", "macs saved %", "time saved % (quartiles)", "share")
    rows = []
    for one in found:
        for time in one.times:
            lower, median, upper = (f"{100 * share:.1f}" for share in time.time_saved)
            saved = (f"{100 * time.macs_saved:.1f}", f"{median} ({lower}-{upper})") if time.share else ("", "")
            share = f"{time.share:.2f}" if time.share else ""
            rows.append((one.model, one.precision, _size(one), str(time.threads), f"{time.ms:.2f}", *saved, share))
    return table(header, rows, n_left=3)


def _size(one: Compressed) -> str:
    return (f"-{one.reduction:.1%}" if one.reduction else "whole") + (", trained" if one.recover_s else "")
