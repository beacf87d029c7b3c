"""Conditions under which a machine measures: clocks, heat, other work, power and swap, before and after.

Two identical boxes have differed by half because one of them was hot: a time without its conditions says nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..machine import read_fact, temperature_c
from ..power import is_on_battery
from .energy import energy_j, power_w

_CPU = Path("/sys/devices/system/cpu")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a machine is like at one moment; None or empty where the system does not tell."""

    at_s: float
    """Second of a clock that never goes back."""
    own_s: float
    """Processor time of this process so far."""
    busy_s: float | None
    """Processor time of all processes since the machine started."""
    stolen_s: float | None
    """Processor time that the host of a virtual machine has kept for itself."""
    clocks_mhz: tuple[float, ...]
    """Clock of each core."""
    temperature_c: float | None
    """Temperature of the hottest sensor."""
    throttled: int | None
    """Times that a core was slowed down for its heat, since the machine started."""
    swapped_pages: int | None
    """Pages that went to the swap or came from it, since the machine started."""
    on_battery: bool
    governor: str | None = None
    available_mb: float | None = None
    """Memory that programs could still have."""
    slowed: bool | None = None
    """Whether a board says that it is slowed down for its heat or its power supply right now."""
    energy_j: float | None = None
    """Joules that the processor has taken, by a counter that begins anywhere."""
    power_w: float | None = None
    """Watts that the board takes, by its sensors."""


def observe() -> Conditions:
    """Look at the machine."""
    busy_s, stolen_s = _processor_times()
    return Conditions(
        at_s=time.perf_counter(),
        own_s=time.process_time(),
        busy_s=busy_s,
        stolen_s=stolen_s,
        clocks_mhz=_clocks_mhz(),
        temperature_c=temperature_c(),
        throttled=_throttled(),
        swapped_pages=_swapped_pages(),
        on_battery=is_on_battery(),
        governor=read_fact(f"{_CPU}/cpu0/cpufreq/scaling_governor"),
        available_mb=_available_mb(),
        slowed=_slowed(),
        energy_j=energy_j(),
        power_w=power_w(),
    )


def others_share(before: Conditions, after: Conditions, cores: int) -> float | None:
    """Compute the share of the cores' time that went to other processes, or to the host's other guests."""
    seconds = (after.at_s - before.at_s) * cores
    if before.busy_s is None or after.busy_s is None or seconds <= 0:
        return None
    others = (after.busy_s - before.busy_s) - (after.own_s - before.own_s)
    if before.stolen_s is not None and after.stolen_s is not None:
        others += after.stolen_s - before.stolen_s
    return max(others, 0.0) / seconds


def _processor_times() -> tuple[float | None, float | None]:
    """Read the seconds of work and of theft from the first line of /proc/stat."""
    fields = (read_fact("/proc/stat") or "").split("\n")[0].split()
    if len(fields) < 9 or fields[0] != "cpu":
        return None, None
    user, nice, system, _idle, _wait, irq, soft, stolen = (int(field) * _TICK_S for field in fields[1:9])
    return user + nice + system + irq + soft, stolen


def _clocks_mhz() -> tuple[float, ...]:
    files = sorted(_CPU.glob("cpu[0-9]*/cpufreq/scaling_cur_freq"))
    scaled = [int(text) / 1000 for text in map(read_fact, map(str, files)) if text and text.isdigit()]
    if scaled:
        return tuple(scaled)
    lines = (read_fact("/proc/cpuinfo") or "").splitlines()
    return tuple(_number(line.partition(":")[2]) for line in lines if line.startswith("cpu MHz"))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _throttled() -> int | None:
    return _sum(_CPU.glob("cpu[0-9]*/thermal_throttle/core_throttle_count"))


def _sum(files: Iterable[Path]) -> int | None:
    counts = [int(text) for text in map(read_fact, map(str, files)) if text and text.isdigit()]
    return sum(counts) if counts else None


def _swapped_pages() -> int | None:
    fields = dict(line.split() for line in (read_fact("/proc/vmstat") or "").splitlines() if len(line.split()) == 2)
    counts = [int(fields[name]) for name in ("pswpin", "pswpout") if fields.get(name, "").isdigit()]
    return sum(counts) if counts else None


def lowest_clock(seen: Sequence[Conditions]) -> float | None:
    """Find the lowest clock of any core at any of these moments, in MHz."""
    return min((clock for one in seen for clock in one.clocks_mhz if clock > 0), default=None)


def _available_mb() -> float | None:
    for line in (read_fact("/proc/meminfo") or "").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return _number(rest.split()[0]) * 1024 / 1e6
    return None


def _slowed(flags: str = "/sys/devices/platform/soc/soc:firmware/get_throttled") -> bool | None:
    """Read the flags of a Raspberry Pi: too low a voltage, a clock that is capped, throttled, a limit of heat."""
    text = read_fact(flags)
    try:
        return None if text is None else bool(int(text, 16) & 0b1111)
    except ValueError:
        return None
