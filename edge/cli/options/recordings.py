"""Which recordings, and how they are read."""

from __future__ import annotations

import argparse
from typing import Any

from ..parser import Parser
from .groups import positive

LOCAL_CLUSTER = "local"
"""Name of the cluster of this machine's own processes."""


def add_recordings(parser: Parser) -> None:
    """Declare the recordings."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="recordings, folders of them (with subfolders), or patterns such as 'talks/**/*.wav'; "
        "- reads a recording, or raw 16 kHz PCM, from standard input",
    )


def add_reading(group: argparse._ArgumentGroup) -> None:
    """Declare how recordings are read."""
    group.add_argument(
        "--track",
        type=positive,
        metavar="N",
        help="audio track of films and other containers, counted from 1 (default: the one marked as the default)",
    )
    group.add_argument(
        "--jobs",
        type=positive,
        metavar="N",
        help="recordings to read at a time, each of which takes memory (default: 2 to 8, by the size of the model; "
        "1 with --timing, --correct-budget or --parallel); processes of --cluster local (default: one for each core)",
    )
    group.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="have the workers of a Dask cluster read the recordings, such as tcp://scheduler:8786, or local for "
        "processes of this machine; with --output-dir; with --parallel several workers share a long recording "
        '(needs the extra "edgewise[cluster]")',
    )
    group.add_argument(
        "--raw", action="store_true", help="take what comes as raw 16 kHz 16-bit mono PCM, whatever it looks like"
    )


def given_reading(args: argparse.Namespace) -> dict[str, Any]:
    """Return what was said about how recordings are read as keyword arguments, and nothing else."""
    found = {"raw": args.raw or None, "track": args.track}
    return {name: value for name, value in found.items() if value is not None}
