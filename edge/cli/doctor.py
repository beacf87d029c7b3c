"""`edgewise doctor`: what this machine offers, what was chosen, and where things are."""

from __future__ import annotations

import argparse
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..errors import StoreError
from ..version import __version__
from .console.bar import Console
from .console.streams import report
from .parser import Parser

_EPILOG = """\
environment:
  EDGEWISE_HOME      where models are kept (default: the platform's cache folder)
  EDGEWISE_OFFLINE   1 forbids the network
  EDGEWISE_ASSETS    folders that hold models already, for machines without a network
  EDGE_CPU           forces a kernel level, of those listed
  EDGEWISE_DEBUG     1 shows tracebacks and details

Send the output along with a report of a problem.
"""

_LIBRARIES = ("numpy", "soundfile", "soxr", "av", "filelock", "platformdirs", "safetensors")


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.description = "Show what this machine offers and what edgewise makes of it."
    parser.epilog = _EPILOG
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print what was found, under headings."""
    for title, facts in (("processor", _processor()), ("software", _software()), ("store", _store())):
        report(title)
        for name, value in facts:
            report(f"  {name:<16} {value}")
    return 0


def _processor() -> Iterator[tuple[str, str]]:
    from ..machine import describe_machine
    from ..ops import cpu_info
    from ..threads import default_threads

    machine = describe_machine()
    yield "model", machine.cpu if machine.board is None else f"{machine.cpu}, {machine.board}"
    yield "machine", platform.machine()
    yield "memory", f"{machine.memory_gb:g} GB"
    yield "features", " ".join(machine.features) or "unknown"
    info = cpu_info()
    for level in info.known:
        state = "runs here" if level in info.supported else "not on this processor"
        chosen = f", chosen{' by EDGE_CPU' if info.forced else ''}" if level == info.chosen else ""
        yield f"level {level}", state + chosen
    yield "threads", str(default_threads())


def _software() -> Iterator[tuple[str, str]]:
    from importlib import metadata

    yield "edgewise", f"{__version__}, {Path(__file__).resolve().parent.parent}"
    yield "python", f"{platform.python_version()}, {platform.platform()}"
    for library in _LIBRARIES:
        try:
            version = metadata.version(library)
        except metadata.PackageNotFoundError:
            version = "not installed"
        yield library, version


def _store() -> Iterator[tuple[str, str]]:
    from ..store import Store, is_offline
    from ..store.files import readable_size

    store = Store()
    yield "folder", str(store.home)
    existing = next(folder for folder in (store.home, *store.home.parents) if folder.exists())
    yield "free", readable_size(shutil.disk_usage(existing).free)
    try:
        yield "here", ", ".join(name for name in store.known() if store.is_here(name)) or "nothing yet"
    except StoreError as error:
        yield "here", f"unknown: {error}"
    yield "network", "forbidden by EDGEWISE_OFFLINE" if is_offline(None) else "allowed"
