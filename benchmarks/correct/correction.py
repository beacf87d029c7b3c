"""Measure what corrections gain and harm, by who judges; fit the weights and gates by which they are made.

What all witnesses say of every edit is collected once, which takes long, and kept in a folder; an interrupted run goes
on there. Each set is then corrected by weights and gates that were fitted on the other sets. With `--release` what is
heard once for each release is corrected by those that come with edgewise, and nothing is fitted.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import edge.correct.gate as gate
from edge.bench.result_file import make_result
from edge.bench.sets import EVERYTHING, Manifest, Selection, read_manifests
from edge.bench.tables import machine_line
from edge.correct.gate import Weights, Witness, weights_for
from edge.correct.settings import STRENGTHS
from edge.files import write_text
from edge.machine import describe_machine

from ..arguments import add_data, add_json, add_models, names, positive
from ..checkout import commit
from ..models.known_sets import heard_at_any_time, heard_once
from .evidence import COMPANIES, Beside, Collector, Heard, collect
from .fitting import fitted
from .outcomes import Scored
from .report import Row, cost_line, gains_table, harm_lines, sets_table

EXAMPLES = """\
examples:
  python -m benchmarks correction --keep FOLDER
  python -m benchmarks correction --keep FOLDER --fit
  python -m benchmarks correction --keep OTHER_FOLDER --release
"""

_SETS = (
    *("librispeech_test_other", "ljspeech", "timit_sample", "speechocean762", "misc_read_en", "longform_misc"),
    *("fleurs_en", "longform_librivox", "an4", "digits_fsdd", "telephone_prompts", "spontaneous_en"),
    *("commands_coffee", "noise_esc10", "noise_ambient", "music", "silence"),
)
WITNESSES: Mapping[tuple[Witness, ...], Beside] = {
    ("own",): "alone",
    ("own", "lm"): "alone",
    ("own", "second"): "pair",
    ("own", "second", "lm"): "pair",
}
"""Witnesses that speak, and who read: edits come from the readings of these."""

_HEADER = """\
# Weights of what speaks for an edit, and the sums beyond which an edit is made: edge/correct/gate.py.
# The first level is what the recognizer is, the second which witnesses have spoken. A set of witnesses that is not
# here changes nothing: the recognizer alone is no witness against itself. Fitted by `python -m benchmarks correction
# --fit`, which writes this file.
"""


@dataclass(frozen=True, slots=True)
class CorrectionOptions:
    """Options of the command."""

    sets: tuple[str, ...]
    models: tuple[str, ...]
    keep: Path
    threads: int
    fits: bool
    releases: bool
    data: Path | None
    limit: int | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, on what, and whether to fit."""
    parser.add_argument("--manifest", type=names, default=_SETS, metavar="SET[,SET...]", help="sets of recordings")
    add_data(parser)
    parser.add_argument("--limit", type=positive, help="only so many recordings, from the first of each set")
    add_models(parser, default=("tiny.en", "base"))
    parser.add_argument("--keep", type=Path, required=True, metavar="FOLDER", help="folder for what witnesses said")
    parser.add_argument("--threads", type=positive, default=1, help="threads of each model (default 1)")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--fit", action="store_true", help="write edge/correct/gate.toml, fitted on all of the sets")
    only.add_argument("--release", action="store_true", help="measure what is heard once for each release")
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    return run_correction(options_of(arguments))


def options_of(arguments: argparse.Namespace) -> CorrectionOptions:
    """Take what the command line asks for."""
    return CorrectionOptions(
        sets=arguments.manifest,
        models=arguments.models,
        keep=arguments.keep,
        threads=arguments.threads,
        fits=arguments.fit,
        releases=arguments.release,
        data=arguments.data,
        limit=arguments.limit,
    )


def run_correction(options: CorrectionOptions) -> dict[str, Any]:
    """Collect, fit, correct, print tables, and return what the JSON file holds."""
    sets = _sets(options)
    options.keep.mkdir(parents=True, exist_ok=True)
    machine = describe_machine(commit())
    print(machine_line(machine, f"{options.threads} threads"))
    rows: list[Row] = []
    found: dict[str, dict[tuple[Witness, ...], Weights]] = {}
    for name in options.models:
        heard: dict[Beside, list[Heard]] = {}
        for beside in COMPANIES:
            collector = Collector(name, beside, options.threads)
            heard[beside] = collect(options.keep / f"{name}.{beside}.jsonl", collector, sets)
        print(f"\n{name}: {cost_line(heard)}", flush=True)
        for witnesses, beside in WITNESSES.items():
            recordings = [Scored(one) for one in heard[beside]]
            by_set = _given(name, witnesses, recordings) if options.releases else _fitted(witnesses, recordings)
            found.setdefault(name, {})[witnesses] = by_set[""]
            rows += [Row.of(name, witnesses, strength, recordings, by_set) for strength in STRENGTHS]
    for part in (gains_table(rows), sets_table(rows), *harm_lines(rows)):
        print(f"\n{part}", flush=True)
    if options.fits:
        write_text(Path(gate.__file__).with_name("gate.toml"), gates_file(found))
    settings = {"threads": options.threads, "limit": options.limit, "release": options.releases}
    return make_result("correction", machine, settings=settings, results=[one.summary() for one in rows])


def gates_file(found: Mapping[str, Mapping[tuple[Witness, ...], Weights]]) -> str:
    """Write weights as gate.toml has them; those of the recognizer alone are left out."""
    parts = [_HEADER]
    for name, by_witnesses in found.items():
        for witnesses, weights in by_witnesses.items():
            if len(witnesses) > 1:
                lines = [f"{each.name} = {getattr(weights, each.name):.3f}" for each in fields(Weights)]
                parts.append("\n".join([f'["{name}"."{"+".join(witnesses)}"]', *lines, ""]))
    return "\n".join(parts)


def _sets(options: CorrectionOptions) -> list[Manifest]:
    """Read the sets, and leave in those recordings that this run may hear."""
    selection = EVERYTHING if options.limit is None else Selection(limit=options.limit)
    found = read_manifests(options.sets, options.data, selection)
    once = {manifest.name: manifest for manifest in heard_once(found)}
    if options.releases:
        return list(once.values())
    whole = {one.name for one in found if one.name in once and len(once[one.name].utterances) == len(one.utterances)}
    return heard_at_any_time([one for one in found if one.name not in whole])


def _fitted(witnesses: Sequence[Witness], recordings: Sequence[Scored]) -> dict[str, Weights]:
    """Fit weights for each set on all others; under "" those that are fitted on all."""
    told = [one for one in recordings if one.n_words]
    sets = {one.heard.set for one in told}
    found = {name: fitted([one for one in told if one.heard.set != name], witnesses) for name in sorted(sets)}
    return {"": fitted(told, witnesses), **found}


def _given(name: str, witnesses: Sequence[Witness], recordings: Iterable[Scored]) -> dict[str, Weights]:
    """Take the weights that come with edgewise, which make no edit where there are none."""
    none = Weights(own=1.0, second=0.0, lm=0.0, doubt=0.0, loss=0.0, safe=float("inf"), most=float("inf"), hard=0.0)
    return {"": weights_for(name, witnesses) or none}
