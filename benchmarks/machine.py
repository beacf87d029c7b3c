"""The machine that a result was measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .checkout import ROOT

_X86_FEATURES = {"avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512vl", "avx512_vnni"}
_ARM_FEATURES = {"asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2"}
_TELLING_FEATURES = frozenset(_X86_FEATURES | _ARM_FEATURES | {"avx512_bf16", "amx_int8", "amx_bf16"})


@dataclass(frozen=True, slots=True)
class Machine:
    """What must be known to compare two results; None or empty where the system does not tell."""

    cpu: str
    board: str | None
    """Name of a single-board computer."""
    features: tuple[str, ...]
    """The CPU's instruction sets that matter here."""
    cores: int
    """Logical cores that this process may use."""
    governor: str | None
    memory_gb: float
    kernel: str
    system: str
    python: str
    load_average: float | None
    """Of the minute before the run; a busy machine measures nothing."""
    temperature_c: float | None
    """The hottest sensor when the run starts."""
    commit: str | None
    """Of this checkout; "+" is appended when it has changes."""


def describe_machine() -> Machine:
    """Look around."""
    cpuinfo = _cpuinfo()
    board = _read("/proc/device-tree/model")
    present = set((cpuinfo.get("flags") or cpuinfo.get("Features") or "").split())
    return Machine(
        cpu=cpuinfo.get("model name") or board or platform.processor() or platform.machine(),
        board=board,
        features=tuple(sorted(_TELLING_FEATURES & present)),
        cores=_usable_cores(),
        governor=_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        kernel=platform.release(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        load_average=round(os.getloadavg()[0], 2),
        temperature_c=_temperature_c(),
        commit=_commit(),
    )


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpuinfo() -> dict[str, str]:
    """The last processor's fields, which on big.LITTLE boards is a big core."""
    fields = {}
    for line in (_read("/proc/cpuinfo") or "").splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields[key.strip()] = value.strip()
    return fields


def _temperature_c() -> float | None:
    readings = [_read(str(zone)) for zone in Path("/sys/class/thermal").glob("thermal_zone*/temp")]
    return max((int(reading) / 1000 for reading in readings if reading), default=None)


def _commit() -> str | None:
    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    commit = git("rev-parse", "--short=12", "HEAD")
    if commit is None:
        return None
    return commit + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip("\0\n ") or None
    except OSError:
        return None
