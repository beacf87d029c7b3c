"""How many threads to use: the physical cores that this process may really have."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_LOG = logging.getLogger("edge.threads")

_CPU_TOPOLOGY = "/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
_PROCESS = Path("/proc/self")


def default_threads() -> int:
    """Count the physical cores among those this process may run on, at most what its CPU quota allows."""
    cores = {_siblings(cpu) for cpu in _usable_cpus()}
    quota = cpu_quota()
    return max(1, len(cores) if quota is None else min(len(cores), int(quota)))


def usable_threads(asked: int | None) -> int:
    """Return as many threads as were asked for, but no more than this process has processors, which is logged.

    None and 0 take the default.
    """
    if not asked:
        return default_threads()
    usable = len(_usable_cpus())
    if asked > usable:
        _LOG.warning(
            "%d threads were asked for, but this process may run on %d processors: using %d", asked, usable, usable
        )
    return min(asked, usable)


def cpu_quota(process: Path = _PROCESS) -> float | None:
    """Count the CPUs that a process's control groups allow, from its own to the outermost; None without a limit.

    `process` is its folder in /proc, of which `cgroup` and `mountinfo` are read.
    """
    quotas = [quota for folder in _group_folders(process) if (quota := _quota_of(folder)) is not None]
    return min(quotas, default=None)


def _usable_cpus() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def _siblings(cpu: int) -> str:
    """Return a string that hyper-threads of a core share; where the system does not say, every CPU is its own core."""
    try:
        return Path(_CPU_TOPOLOGY.format(cpu=cpu)).read_text().strip()
    except OSError:
        return str(cpu)


def _group_folders(process: Path) -> Iterator[Path]:
    """List the folders of the process's groups that may hold a quota, and of all groups around them."""
    groups = _groups(process)
    for kind, root, mount in _mounts(process):
        if kind in groups:
            inside = _inside(groups[kind], root)
            folder = mount / inside
            yield folder
            yield from (folder.parents[n] for n in range(len(inside.parts)))


def _groups(process: Path) -> dict[str, PurePosixPath]:
    """Return the process's group in each hierarchy that may hold a quota: `v2`, and `v1` where it controls the CPU."""
    groups = {}
    for line in _lines(process / "cgroup"):
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            groups["v2"] = PurePosixPath(path)
        elif "cpu" in controllers.split(","):
            groups["v1"] = PurePosixPath(path)
    return groups


def _mounts(process: Path) -> Iterator[tuple[str, PurePosixPath, Path]]:
    """List kind (as of `_groups`), root group and mount point of each mount (proc_pid_mountinfo(5))."""
    for line in _lines(process / "mountinfo"):
        before, _, behind = line.partition(" - ")
        fields, system = before.split(), behind.split()
        if len(fields) < 5 or len(system) < 3:
            continue
        root, mount = PurePosixPath(_plain(fields[3])), Path(_plain(fields[4]))
        if system[0] == "cgroup2":
            yield "v2", root, mount
        elif system[0] == "cgroup" and "cpu" in system[2].split(","):
            yield "v1", root, mount


def _inside(group: PurePosixPath, root: PurePosixPath) -> PurePosixPath:
    """Return the group as seen from the mount's root: the root itself where it lies outside, as in some containers."""
    try:
        inside = group.relative_to(root)
    except ValueError:
        return PurePosixPath()
    return PurePosixPath() if ".." in inside.parts else inside


def _quota_of(folder: Path) -> float | None:
    """Return the number of CPUs that one group allows."""
    limit, _, period = "".join(_lines(folder / "cpu.max")[:1]).partition(" ")
    if not period:
        limit = "".join(_lines(folder / "cpu.cfs_quota_us"))
        period = "".join(_lines(folder / "cpu.cfs_period_us"))
    try:
        return int(limit) / int(period) if int(limit) > 0 else None
    except (ValueError, ZeroDivisionError):  # `max`, -1, or files that are not there
        return None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []


def _plain(field: str) -> str:
    r"""Return a field of mountinfo without its escapes: \040 is a space."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)
