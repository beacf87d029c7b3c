"""`edgewise bench compare`, `page` and `verify`: what is done with reports that were written."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...errors import OptionError
from ..console.bar import Console
from ..console.streams import report
from ..parser import Parser


def declare_compare(parser: Parser) -> None:
    """Declare what compares reports."""
    parser.add_argument(
        "reports", nargs="+", type=Path, metavar="FILE", help="the first one is what others stand beside"
    )
    _add_every(parser)
    parser.set_defaults(run=_compare)


def declare_page(parser: Parser) -> None:
    """Declare what makes a page of reports."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder with reports, FILE.json each")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: index.html in the folder")
    _add_every(parser)
    parser.set_defaults(run=_page)


def declare_verify(parser: Parser) -> None:
    """Declare what checks reports."""
    parser.add_argument("reports", nargs="+", type=Path, metavar="FILE", help="reports to check")
    parser.set_defaults(run=_verify)


def _add_every(parser: Parser) -> None:
    parser.add_argument("--all", dest="every", action="store_true", help="reports that are not valid as well")


def _compare(args: argparse.Namespace, console: Console) -> int:
    from ...bench.report import compare, read_report
    from ...bench.tables import table

    if len(args.reports) < 2:
        raise OptionError(f"expected two reports or more to compare, found {args.reports[0]} alone")
    first, *others = [(path, read_report(path)) for path in args.reports]
    for path, other in others:
        report(f"{path.name} beside {first[0].name} (above 1 it takes longer)")
        rows = [
            (one.cell, f"{one.ratio:.3f}", f"{one.low:.3f} to {one.high:.3f}", one.word)
            for one in compare(first[1], other, every=args.every)
        ]
        report(table(("cell", "ratio", "95 %", "it is"), rows))
    return 0


def _page(args: argparse.Namespace, console: Console) -> int:
    from ...bench.page.build import find_reports, write_page

    found = find_reports(args.folder, every=args.every)
    output = args.output or args.folder / "index.html"
    write_page(found, output)
    report(f"{len(found.shown)} of {len(found.shown) + len(found.left_out)} reports are in {output}")
    for path, why in found.left_out.items():
        report(f"left out {path.name}: {why}")
    return 0


def _verify(args: argparse.Namespace, console: Console) -> int:
    from ...bench.report import read_report

    for path in args.reports:
        result = read_report(path)
        proofs = ", ".join(f"{model['name']} {model['proof']}" for model in result["models"])
        report(
            f"{path}: whole, possible, {result['verdict']['kind']}, edgewise {result['version']}, "
            f"{result['machine']['cpu']}; logits of {proofs}"
        )
    return 0
