"""A server that runs as a program of its own, and what it uses of the machine."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..dictation.process import Memory, memory_of, processor_s
from ..errors import BenchmarkError

Address = tuple[str, int]

_SAID = {"http": re.compile(r"http://([\d.]+):(\d+)/v1"), "wyoming": re.compile(r"tcp://([\d.]+):(\d+)")}
_END_S = 30


@dataclass(frozen=True, slots=True)
class Program:
    """A server."""

    http: Address
    wyoming: Address
    pid: int

    def memory(self) -> Memory:
        """Measure its memory, threads and open files."""
        return memory_of(self.pid)

    def processor_s(self) -> float:
        """Measure its processor time so far."""
        return processor_s(self.pid)


@contextmanager
def server(*options: str) -> Iterator[Program]:
    """Run `edgewise serve` until the block ends; BenchmarkError where it does not begin, or does not end in order."""
    command = [sys.executable, "-P", "-m", "edge.cli", "serve", "--port", "0", "--wyoming-port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if " ready" in line:
                break
        found = {name: pattern.search(said) for name, pattern in _SAID.items()}
        http, wyoming = found["http"], found["wyoming"]
        if http is None or wyoming is None:
            raise BenchmarkError(f"the server did not begin: {said.strip()[-500:]}")
        try:
            yield Program((http[1], int(http[2])), (wyoming[1], int(wyoming[2])), process.pid)
        finally:
            process.terminate()
            try:
                status = process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise BenchmarkError(f"the server did not end within {_END_S} s") from None
        if status != 0:
            raise BenchmarkError(f"the server ended with status {status}: {process.stderr.read()[-500:]}")
