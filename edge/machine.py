"""Describes the machine that this process runs on, for `edgewise doctor` and for the results of measurements."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

_FEATURES = (
    *("avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16"),
    *("amx_int8", "amx_bf16", "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2"),
)
"""Processor features that matter to kernels, by their names in /proc/cpuinfo."""

_CPU = Path("/sys/devices/system/cpu")


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts that must be known to compare two results; None or empty where the system does not tell."""

    cpu: str
    board: str | None
    """Name of a single-board computer."""
    features: tuple[str, ...]
    """Instruction sets of the CPU that matter here, in order of the alphabet."""
    cores: int
    """Logical cores that this process may use."""
    governor: str | None
    memory_gb: float
    kernel: str
    system: str
    python: str
    load_average: float | None
    """Mean load of the last minute; a busy machine measures nothing."""
    temperature_c: float | None
    """Temperature of the hottest sensor."""
    commit: str | None = None
    """Commit of the checkout that a result was measured with, "+" after it where files are changed."""
    libc: str | None = None
    container: str | None = None
    """Kind of container or virtual machine that this is, such as "docker" or "virtual machine"."""
    caches: tuple[str, ...] = ()
    """Caches that the first core sees, such as "L2 1024K", in order."""
    core_kinds: tuple[str, ...] = ()
    """Kinds of cores by their highest clocks, such as "4 x 1800 MHz"."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages of memory that a process needed."""

    page_bytes: int
    from_disk: int
    """Pages that the disk had to give, mapped ones too; what the system still had in memory is none of them."""
    from_files: int
    """Pages that were read of files and pipes, whether the disk gave them or the system had them in memory."""
    major_faults: int
    """Times that the process touched a page that the disk had to give first."""
    minor_faults: int
    """Times that it touched any other page for the first time."""


def describe_machine(commit: str | None = None) -> Machine:
    """Describe the machine that this process runs on, for a result of a `commit`."""
    cpuinfo = _cpuinfo()
    board = read_fact("/proc/device-tree/model")
    present = (cpuinfo.get("flags") or cpuinfo.get("Features") or "").split()
    return Machine(
        cpu=cpuinfo.get("model name") or board or platform.processor() or platform.machine(),
        board=board,
        features=tuple(sorted(feature for feature in _FEATURES if feature in present)),
        cores=_usable_cores(),
        governor=read_fact("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        kernel=platform.release(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        load_average=round(os.getloadavg()[0], 2),
        temperature_c=temperature_c(),
        commit=commit,
        libc=" ".join(filter(None, platform.libc_ver())) or None,
        container=_container(cpuinfo),
        caches=_caches(),
        core_kinds=_core_kinds(),
    )


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpuinfo() -> dict[str, str]:
    """Read the last processor's fields, which on big.LITTLE boards is a big core."""
    fields = {}
    for line in (read_fact("/proc/cpuinfo") or "").splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields[key.strip()] = value.strip()
    return fields


def _container(cpuinfo: dict[str, str]) -> str | None:
    for file, name in (("/.dockerenv", "docker"), ("/run/.containerenv", "podman")):
        if Path(file).exists():
            return name
    return "virtual machine" if "hypervisor" in cpuinfo.get("flags", "").split() else None


def _caches(cpu: Path = _CPU / "cpu0") -> tuple[str, ...]:
    found = []
    for cache in sorted(cpu.glob("cache/index[0-9]")):
        level, kind, size = (read_fact(str(cache / name)) for name in ("level", "type", "size"))
        letter = {"Data": "d", "Instruction": "i"}.get(kind or "", "")
        if level and size:
            found.append(f"L{level}{letter} {size}")
    return tuple(found)


def _core_kinds(cpus: Path = _CPU) -> tuple[str, ...]:
    clocks = [read_fact(str(file)) for file in cpus.glob("cpu[0-9]*/cpufreq/cpuinfo_max_freq")]
    known = sorted((int(clock) // 1000 for clock in clocks if clock and clock.isdigit()), reverse=True)
    return tuple(f"{known.count(clock)} x {clock} MHz" for clock in dict.fromkeys(known))


def peak_rss_mb() -> float | None:
    """Read how much memory this process held at most; None where the system does not tell.

    What `getrusage` says is that of the parent as well, where that held more when it began this process.
    """
    for line in (read_fact("/proc/self/status") or "").splitlines():
        name, _, rest = line.partition(":")
        if name == "VmHWM":
            return int(rest.split()[0]) * 1024 / 1e6
    return None


def pages_read() -> Pages | None:
    """Read how many pages this process has needed so far; None where the system does not tell."""
    said = dict(line.split(": ") for line in (read_fact("/proc/self/io") or "").splitlines())
    if not said:
        return None
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF)
    return Pages(
        page_bytes=resource.getpagesize(),
        from_disk=-(-int(said["read_bytes"]) // resource.getpagesize()),
        from_files=-(-int(said["rchar"]) // resource.getpagesize()),
        major_faults=usage.ru_majflt,
        minor_faults=usage.ru_minflt,
    )


def temperature_c() -> float | None:
    """Read the temperature of the hottest sensor; None where there is none."""
    readings = [read_fact(str(zone)) for zone in Path("/sys/class/thermal").glob("thermal_zone*/temp")]
    return max((int(reading) / 1000 for reading in readings if reading), default=None)


def read_fact(path: str) -> str | None:
    """Read a small file of the system's; None where it is empty or cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip("\0\n ") or None
    except OSError:
        return None
