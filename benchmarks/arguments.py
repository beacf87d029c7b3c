"""Arguments that several commands take, and the types of their values."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_sets(parser: argparse.ArgumentParser) -> None:
    """Add the sets of recordings to measure on."""
    parser.add_argument(
        "--manifest",
        type=names,
        action="append",
        required=True,
        metavar="SET[,SET...]",
        help="a manifest.jsonl, the folder it lies in, or that folder's name in ROOT; may be given again",
    )
    add_data(parser)
    parser.add_argument("--limit", type=positive, help="only so many recordings, from the first of each set")


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the folder in which sets are looked up by name."""
    parser.add_argument("--data", type=Path, metavar="ROOT", help="folder of sets (default: EDGEWISE_TEST_DATA)")


def add_levels(parser: argparse.ArgumentParser) -> None:
    """Add the levels at which recordings are heard."""
    parser.add_argument(
        "--levels",
        type=numbers,
        default=(0.0,),
        metavar="DB[,DB...]",
        help="hear every recording so many decibels louder (default 0: as it is); the mean over several, such as "
        "-6,-3,0,3,6, depends less on chance. After a minus write --levels=-6,…",
    )


def add_release(parser: argparse.ArgumentParser) -> None:
    """Add the choice of the speakers to measure on."""
    parser.add_argument(
        "--release",
        action="store_true",
        help="hear the speakers that sets.toml keeps for once a release, and those alone; else all others",
    )


def add_models(parser: argparse.ArgumentParser, more: str = "", default: tuple[str, ...] = ("tiny.en",)) -> None:
    """Add the names of the models to measure; `more` follows in the help."""
    usual = ",".join(default)
    parser.add_argument("--models", type=names, default=default, help=f"comma list (default {usual}){more}")


def add_precision(parser: argparse.ArgumentParser) -> None:
    """Add the precision of models that are given by name."""
    parser.add_argument("--precision", default="int8", help="precision of the weights (default int8)")


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Add one number of threads."""
    parser.add_argument("--threads", type=positive, default=2, help="threads of each engine (default 2)")


def add_thread_counts(parser: argparse.ArgumentParser) -> None:
    """Add numbers of threads that are measured one after the other."""
    parser.add_argument("--threads", type=counts, default=(1, 2), help="comma list (default 1,2)")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the file for the whole result."""
    parser.add_argument("--json", type=Path, metavar="OUT", help="write everything to this file")


def given_sets(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Return all sets of `--manifest`, in the order given."""
    return tuple(name for some in arguments.manifest for name in some)


def names(text: str) -> tuple[str, ...]:
    """Parse a comma list of names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def counts(text: str) -> tuple[int, ...]:
    """Parse a comma list of numbers of 1 or more."""
    return tuple(positive(word) for word in text.split(","))


def numbers(text: str) -> tuple[float, ...]:
    """Parse a comma list of numbers."""
    return tuple(float(word) for word in text.split(","))


def positive(text: str) -> int:
    """Parse a number of 1 or more."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def shares(text: str) -> tuple[float, ...]:
    """Parse a comma list of shares of a whole."""
    values = tuple(float(part) for part in text.split(","))
    if not all(0 <= value < 1 for value in values):
        raise argparse.ArgumentTypeError(f"expected shares below 1, such as 0,0.15, found {text!r}")
    return values
