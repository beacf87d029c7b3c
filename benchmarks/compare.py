"""Tell what changed between two files of results, and nothing below the noise.

A time changed if the median ratio is beyond the noise and the middle half of the ratios lies on one side of 1; a word
error rate changed if drawing the recordings again puts 95 % of the differences on one side of 0.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.bench.compare import compare

EXAMPLES = """\
examples:
  python -m benchmarks compare before.json after.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the two files."""
    parser.add_argument("first", type=Path, metavar="A.json", help="what was measured first")
    parser.add_argument("second", type=Path, metavar="B.json", help="what is compared with it, of the same kind")


def run(arguments: argparse.Namespace) -> None:
    """Print the table of differences."""
    print(compare(arguments.first, arguments.second))
