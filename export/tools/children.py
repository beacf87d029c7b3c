"""Work that is done in a process of its own: other projects' code that aborts on what it dislikes, and prints.

A child can be stopped at any time, takes its memory with it, and what it printed is shown only when it failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edge.errors import EdgeError
from edge.progress import Progress, silent

_POLL_S = 0.1
_LINES_SHOWN = 3

Parse = Callable[[str], tuple[int, int] | None]
"""Function that tells from a line of output how far the work is: (done, total), or None if it says nothing of it."""


def run_script(
    script: Path, arguments: Sequence[str], what: str, *, progress: Progress | None = None, parse: Parse | None = None
) -> str:
    """Run a Python file with this interpreter; gives what it printed on standard output.

    Only its own imports are there: neither its folder nor the working folder is looked into.

    Raises:
        EdgeError: it failed; ends with the last lines that it printed.
    """
    command = [sys.executable, "-P", str(script), *arguments]
    with tempfile.TemporaryDirectory(prefix="edgewise-") as folder:
        out, log = Path(folder) / "out", Path(folder) / "log"
        with out.open("wb") as to_out, log.open("wb") as to_log:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=to_out, stderr=to_log, env=_for_child(os.environ)
            )
        try:
            _watch(child, log, what, progress or silent, parse or _says_nothing)
        finally:
            child.kill()  # nothing happens to one that has ended
            child.wait()
        if child.returncode:
            how = f"was killed by signal {-child.returncode}" if child.returncode < 0 else "failed"
            said = (line.strip() for line in log.read_text(errors="replace").splitlines())
            lines = [line for line in said if line and not (parse and parse(line))]
            raise EdgeError(f"{what} {how}: {'; '.join(lines[-_LINES_SHOWN:]) or 'it did not say why'}")
        return out.read_text(errors="replace")


def _for_child(environment: Mapping[str, str]) -> dict[str, str]:
    """Strip the environment of folders to import from that are named from the working folder, `""` included."""
    kept = dict(environment)
    folders = [folder for folder in kept.pop("PYTHONPATH", "").split(os.pathsep) if Path(folder).is_absolute()]
    return kept | ({"PYTHONPATH": os.pathsep.join(folders)} if folders else {})


def _watch(child: subprocess.Popen[bytes], log: Path, what: str, tell: Progress, parse: Parse) -> None:
    done, total = 0, 0
    with log.open(errors="replace") as lines:
        while child.poll() is None:
            for line in lines:
                done, total = parse(line) or (done, total)
            tell(what, done, total)
            time.sleep(_POLL_S)


def _says_nothing(line: str) -> None:
    """Find no progress in a line: the `Parse` of a child that does not tell how far it is."""
