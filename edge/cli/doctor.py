"""`edgewise doctor`: what this machine offers, what was chosen, and where things are."""

from __future__ import annotations

import argparse
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from .arguments import HELP, Subcommands
from .console.bar import Console
from .console.streams import report

_LIBRARIES = ("numpy", "soundfile", "soxr", "av", "filelock", "platformdirs", "safetensors")


def add_parser(commands: Subcommands) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "doctor",
        help="show the processor, the kernels in use, versions and folders",
        description="Show what this machine offers and what edgewise makes of it.",
        epilog="Send its output along with a report of a problem.",
        formatter_class=HELP,
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace, console: Console) -> int:
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
    from importlib import metadata  # takes 20 ms, and this module is imported for every command

    from .. import __version__

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
    yield "here", ", ".join(name for name in store.catalogue if store.is_here(name)) or "nothing yet"
    yield "network", "forbidden by EDGEWISE_OFFLINE" if is_offline(None) else "allowed"
