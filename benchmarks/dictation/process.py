"""Use that a process and its children make of the machine, as Linux tells it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PROC = Path("/proc")

Queues = dict[str, tuple[int, int]]
"""Nanoseconds for which each thread has run, and waited to run."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a process alone, in megabytes of a million bytes, and what else could grow."""

    rss_mb: float
    """Memory that it holds, files that others have open included."""
    pss_mb: float
    """The same, what is shared counted by its share."""
    own_mb: float
    """Memory that nobody else has."""
    n_threads: int
    n_descriptors: int


def memory_of(pid: int) -> Memory:
    """Measure the memory of a process."""
    parts: dict[str, float] = {}
    for line in (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        name, value = line.split(":")
        parts[name] = int(value.split()[0]) * 1024 / 1e6
    folder = _PROC / str(pid)
    return Memory(
        rss_mb=parts["Rss"],
        pss_mb=parts["Pss"],
        own_mb=parts["Private_Clean"] + parts["Private_Dirty"],
        n_threads=len(list((folder / "task").iterdir())),
        n_descriptors=len(list((folder / "fd").iterdir())),
    )


def processor_s(pid: int) -> float:
    """Measure the processor time so far of a process and of its children that run, in steps of 10 ms."""
    total = 0.0
    for one in (pid, *_children_of(pid)):
        fields = (_PROC / str(one) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    return total


def queues_of(pid: int) -> Queues:
    """Read, for each thread of a process, how long it has run, and waited for a processor to run on, in nanoseconds."""
    queues = {}
    for task in (_PROC / str(pid) / "task").iterdir():
        with suppress(OSError):  # it has ended
            ran, waited, _ = (task / "schedstat").read_text(encoding="ascii").split()
            queues[task.name] = int(ran), int(waited)
    return queues


def between(before: Queues, after: Queues) -> tuple[float, float]:
    """Sum the seconds that threads ran and waited between two readings; those that ended meanwhile are left out."""
    pairs = [(before.get(task, (0, 0)), now) for task, now in after.items()]
    return sum(now[0] - was[0] for was, now in pairs) / 1e9, sum(now[1] - was[1] for was, now in pairs) / 1e9


def _children_of(pid: int) -> list[int]:
    children = (_PROC / str(pid) / "task" / str(pid) / "children").read_text(encoding="ascii").split()
    threads = (_PROC / str(pid) / "task").glob("*/children")
    more = [child for path in threads for child in path.read_text(encoding="ascii").split()]
    return sorted({int(child) for child in (*children, *more)})
