"""Use that a process and its children make of the machine, as Linux tells it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PROC = Path("/proc")


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


def queued_s(pid: int) -> tuple[float, float]:
    """Measure how long the threads of a process have run, and how long they waited for a processor to run on."""
    ran = waited = 0
    for task in (_PROC / str(pid) / "task").iterdir():
        try:
            fields = (task / "schedstat").read_text(encoding="ascii").split()
        except OSError:  # it has ended
            continue
        ran, waited = ran + int(fields[0]), waited + int(fields[1])
    return ran / 1e9, waited / 1e9


def _children_of(pid: int) -> list[int]:
    children = (_PROC / str(pid) / "task" / str(pid) / "children").read_text(encoding="ascii").split()
    threads = (_PROC / str(pid) / "task").glob("*/children")
    more = [child for path in threads for child in path.read_text(encoding="ascii").split()]
    return sorted({int(child) for child in (*children, *more)})
