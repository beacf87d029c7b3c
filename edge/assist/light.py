"""A program of the user's that shows what goes on, such as by an LED."""

from __future__ import annotations

import shlex
import subprocess
from contextlib import suppress

from ..errors import OutputError

_END_S = 2.0


class Light:
    """A program that runs as long as the assistant, and reads what goes on: a word, a line."""

    def __init__(self, program: str) -> None:
        """Start it; OutputError if that fails."""
        try:
            self._process = subprocess.Popen(shlex.split(program), stdin=subprocess.PIPE, text=True, process_group=0)
        except (OSError, ValueError) as error:
            raise OutputError(f"the light {program} cannot be started ({error})") from error

    def show(self, state: str) -> None:
        """Tell it what goes on; a program that has ended is told no more."""
        assert self._process.stdin is not None
        with suppress(OSError):  # it is gone, and the assistant goes on in the dark
            self._process.stdin.write(f"{state}\n")
            self._process.stdin.flush()

    def close(self) -> None:
        """Let it read the end, and end it where it does not."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
