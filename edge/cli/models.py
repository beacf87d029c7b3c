"""`edgewise models`: what there is, bring it, where it is, check it, remove it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .console.bar import Console
from .console.streams import put, report
from .options.model import PRECISIONS, add_offline
from .parser import Command, Parser

if TYPE_CHECKING:
    from ..store import Store

_EPILOG = """\
examples:
  edgewise models list
  edgewise models pull base
  edgewise models pull base --from /media/stick       without a network: a folder that holds the files
  edgewise models where base
  edgewise models verify                              read everything again and compare hashes
  edgewise models remove base
  edgewise models add mine my-checkpoint/             a model of your own, by name
"""


def declare(parser: Parser) -> None:
    """Declare the command and what it does."""
    parser.description = "The models and other files that edgewise keeps, each pinned by its SHA-256."
    parser.epilog = _EPILOG
    parser.add_commands("actions", "ACTION", ACTIONS)


def declare_pull(parser: Parser) -> None:
    """Declare what brings models."""
    parser.add_argument("names", nargs="+", metavar="NAME", help="models or other assets")
    parser.add_argument(
        "--from", dest="folder", type=Path, metavar="DIR", help="folder in which to look first for the same bytes"
    )
    add_offline(parser)
    parser.set_defaults(run=_pull)


def declare_where(parser: Parser) -> None:
    """Declare what tells where a model is."""
    parser.add_argument("name", metavar="NAME", help="model or other asset")
    parser.add_argument("--precision", choices=PRECISIONS, help="precision of the exported model file to look for")
    parser.set_defaults(run=_where)


def declare_verify(parser: Parser) -> None:
    """Declare what compares hashes."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="models to verify (default: all that is here)")
    parser.set_defaults(run=_verify)


def declare_remove(parser: Parser) -> None:
    """Declare what removes models."""
    parser.add_argument("names", nargs="+", metavar="NAME", help="models or other assets")
    parser.set_defaults(run=_remove)


ACTIONS: Mapping[str, Command] = {
    "list": Command("models_list", "show what there is, what it costs and what is here"),
    "add": Command("models_add", "make a model of your own one by name"),
    "pull": Command("models", "bring into the cache", "declare_pull"),
    "where": Command("models", "print the path in the cache", "declare_where"),
    "verify": Command("models", "compare what is here with the pinned hashes", "declare_verify"),
    "remove": Command("models", "delete from the cache, exported models included", "declare_remove"),
}


def _open_store() -> Store:
    from ..store import Store

    return Store()


def _pull(args: argparse.Namespace, console: Console) -> int:
    store = _open_store()
    for name in args.names:
        store.asset(name)  # complain about any unknown name before fetching the others
    for name in args.names:
        if any(file.size is None for file in store.asset(name).files) and not store.is_here(name):
            console.say(f"{name} comes from its publisher's address; it was never fetched where edgewise is made")
        folders = [args.folder] if args.folder else []
        path = store.ensure(name, offline=args.offline or None, progress=console.progress, folders=folders)
        console.clear()
        put(f"{path}\n")
    return 0


def _where(args: argparse.Namespace, console: Console) -> int:
    store = _open_store()
    if args.precision:
        from ..prepare import model_place

        path = model_place(args.name, args.precision, store)
        is_here = path.exists()
        advice = f"edgewise transcribe --model {args.name} --precision {args.precision}"
    else:
        path = store.place(args.name)
        is_here, advice = store.is_here(args.name), f"edgewise models pull {args.name}"
    if not is_here:
        console.say(f"{path} is not there yet: `{advice}` brings it")
        return 1
    put(f"{path}\n")
    return 0


def _verify(args: argparse.Namespace, console: Console) -> int:
    from .models_list import mend

    store = _open_store()
    here = [name for name in store.known() if store.place(name).exists() or store.made(name)]
    n_problems = 0
    for name in args.names or here:
        store.asset(name)
        if name not in here:
            console.say(f"{name} is not here: `edgewise models pull {name}` brings it")
            n_problems += 1
            continue
        problems = store.verify(name)
        n_problems += len(problems)
        for problem in problems:
            console.say(f"{problem.path} {problem.what}: {mend(store, store.asset(name))}")
        if not problems:
            report(f"{name}: as pinned")
    return 1 if n_problems else 0


def _remove(args: argparse.Namespace, console: Console) -> int:
    from ..store.files import readable_size

    store = _open_store()
    for name in args.names:
        store.asset(name)
    for name in args.names:
        own = store.place(name) if store.asset(name).folder else None
        freed = f"removed {name}, {readable_size(store.remove(name))} freed"
        console.say(f"{freed}; {own} stays as it is" if own else freed)
    return 0
