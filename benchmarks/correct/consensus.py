"""Measure how many errors a vote takes from what several recognizers read, by the edits of corrections.

A list has the readings of one recording, and how many recognizers gave each. The reading of most of them is edited
wherever more ask for an edit than for what it has in that place.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.bench.result_file import make_result
from edge.bench.sets import find_set
from edge.bench.tables import table
from edge.correct.edits import Edit, edited, edits_of, words_of
from edge.machine import describe_machine

from ..arguments import add_data, add_json
from ..checkout import commit
from ..errors import BenchmarkError

EXAMPLES = """\
examples:
  python -m benchmarks consensus --lists text_ger_librispeech
"""

_FILE = "nbest.jsonl"


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings of a recording by several recognizers."""

    split: str
    texts: tuple[str, ...]
    votes: tuple[float, ...]
    """Numbers of recognizers that gave each text."""
    reference: str


@dataclass(frozen=True, slots=True)
class ConsensusResult:
    """Word error rates over the lists of a split."""

    split: str
    lists: int
    first: float
    most: float
    """Rate of the reading of most recognizers."""
    consensus: float
    best: float
    """Rate of the reading with the fewest errors."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to vote on."""
    parser.add_argument("--lists", required=True, metavar="SET", help=f"folder with {_FILE}, or its name in ROOT")
    add_data(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure all lists, print a table, and return what the JSON file holds."""
    lists = list(read_lists(find_set(arguments.lists, arguments.data) / _FILE))
    results = [measured(split, [one for one in lists if one.split == split]) for split in _splits(lists)]
    rows = [
        (one.split, str(one.lists), *(f"{100 * rate:.2f}" for rate in (one.first, one.most, one.consensus, one.best)))
        for one in results
    ]
    header = ("lists", "recordings", "first WER %", "most votes", "consensus", "best of the list")
    print(table(header, rows), flush=True)
    return make_result("consensus", describe_machine(commit()), results=[asdict(one) for one in results])


def consensus(texts: Sequence[str], votes: Sequence[float]) -> str:
    """Find what most voters read in each place: the reading of most of them, edited where more ask for another one."""
    order = sorted(range(len(texts)), key=lambda at: -votes[at])
    words = words_of(texts[order[0]])
    asked = [(_single(edits_of(words, words_of(texts[at]))), votes[at]) for at in order]
    wanted: dict[Edit, float] = {}
    for edits, weight in asked:
        wanted |= {edit: wanted.get(edit, 0.0) + weight for edit in edits}
    made: list[Edit] = []
    for edit, weight in sorted(wanted.items(), key=lambda each: -each[1]):
        stays = sum(each for edits, each in asked if not any(one.meets(edit) for one in edits))
        if weight > stays and not any(edit.meets(other) for other in made):
            made.append(edit)
    return edited(texts[order[0]], made)


def _single(edits: Sequence[Edit]) -> list[Edit]:
    """Divide edits of as many words as before into edits of a word each, on which others may agree."""
    found = []
    for edit in edits:
        if edit.stop - edit.start == len(edit.after):
            found += [Edit(edit.start + at, edit.start + at + 1, (word,)) for at, word in enumerate(edit.after)]
        else:
            found.append(edit)
    return found


def read_lists(file: Path) -> Iterator[Readings]:
    """Read a file of lists, an object a line.

    Raises:
        BenchmarkError: there is no such file, or a line is no list.
    """
    if not file.exists():
        raise BenchmarkError(f"{file}: expected a file of lists, found none")
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            yield _readings(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise BenchmarkError(f"{file}, line {number}: expected nbest, votes, ref and split: {error}") from error


def measured(split: str, lists: Sequence[Readings]) -> ConsensusResult:
    """Compute the rates of a split."""
    import jiwer

    ways = {
        "first": [one.texts[0] for one in lists],
        "most": [one.texts[max(range(len(one.texts)), key=lambda at: one.votes[at])] for one in lists],
        "consensus": [consensus(one.texts, one.votes) for one in lists],
        "best": [min(one.texts, key=lambda text: _errors(one.reference, text)) for one in lists],
    }
    references = [one.reference for one in lists]

    rates = {name: float(jiwer.wer(references, texts)) for name, texts in ways.items()}
    return ConsensusResult(split, len(lists), **rates)


def _errors(reference: str, text: str) -> int:
    import jiwer

    found = jiwer.process_words(reference, text)
    return int(found.substitutions + found.deletions + found.insertions)


def _readings(stored: Mapping[str, Any]) -> Readings:
    texts, votes = tuple(map(str, stored["nbest"])), tuple(map(float, stored["votes"]))
    if not texts or len(texts) != len(votes):
        raise ValueError(f"{len(texts)} readings and {len(votes)} votes")
    return Readings(str(stored["split"]), texts, votes, str(stored["ref"]))


def _splits(lists: Sequence[Readings]) -> list[str]:
    return list(dict.fromkeys(one.split for one in lists))
