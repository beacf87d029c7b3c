"""Programs of the user's and of the system's, with errors in words."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from ...errors import OutputError

WITHIN_S = 10.0
"""Seconds that a program has."""


def run_program(
    command: Sequence[str],
    *,
    given: str = "",
    environment: Mapping[str, str] | None = None,
    statuses: tuple[int, ...] = (0,),
) -> tuple[int, str]:
    """Run a program to its end with `given` on its standard input; returns its status and what it printed.

    Raises:
        OutputError: it does not start, takes too long, or ends with none of the statuses.
    """
    name = shlex.join(command)
    try:
        done = subprocess.run(
            command,
            input=given,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=None if environment is None else dict(environment),
            timeout=WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OutputError(f"{name} took more than {WITHIN_S:.0f} s") from None
    except (OSError, ValueError) as error:
        raise OutputError(f"{name} cannot be run ({error})") from error
    if done.returncode not in statuses:
        raise OutputError(f"{name} ended with status {done.returncode}; expected {' or '.join(map(str, statuses))}")
    return done.returncode, done.stdout


def first_here(programs: Sequence[str]) -> str | None:
    """Return the name of the first program that is here."""
    return next((program for program in programs if shutil.which(program)), None)
