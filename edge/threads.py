"""How many threads to use: the physical cores that this process may really have."""

from __future__ import annotations

import os
from pathlib import Path

_CPU_TOPOLOGY = "/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
_CGROUP_V2_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_CGROUP_V1 = Path("/sys/fs/cgroup/cpu")


def default_threads() -> int:
    """Physical cores among those this process may run on, at most what the container's CPU quota allows."""
    cpus = _usable_cpus()
    cores = {_siblings(cpu) for cpu in cpus}
    quota = _container_quota()
    return max(1, len(cores) if quota is None else min(len(cores), int(quota)))


def _usable_cpus() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def _siblings(cpu: int) -> str:
    """Hyper-threads of a core share this string; where the system does not say, every CPU is its own core."""
    try:
        return Path(_CPU_TOPOLOGY.format(cpu=cpu)).read_text().strip()
    except OSError:
        return str(cpu)


def _container_quota() -> float | None:
    """CPUs that the control group allows, or None without a limit."""
    try:
        limit, period = _CGROUP_V2_QUOTA.read_text().split()
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        pass
    try:
        limit = (_CGROUP_V1 / "cpu.cfs_quota_us").read_text()
        period = (_CGROUP_V1 / "cpu.cfs_period_us").read_text()
        return int(limit) / int(period) if int(limit) > 0 else None
    except (OSError, ValueError):
        return None
