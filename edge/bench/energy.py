"""Reads what the machine takes: the energy counters of processors, or the power that a board's sensors tell.

x86 processors count joules (RAPL), which many systems show to their owner alone. A Raspberry Pi 5 tells volts and
amperes of its rails, other boards the power of a sensor; these are read now and then, and what lies between is taken as
even.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ..machine import read_fact

_RAIL = re.compile(r"(\w+)_([AV])\s+(?:current|volt)\(\d+\)=([0-9.]+)[AV]")
_WITHIN_S = 2.0


def energy_j(powercap: Path = Path("/sys/class/powercap")) -> float | None:
    """Read the energy counters of the processor packages; None where the system does not tell, or only its owner.

    They begin anew now and then: a difference below zero means nothing.
    """
    texts = [read_fact(str(zone / "energy_uj")) for zone in powercap.glob("intel-rapl:[0-9]")]
    counts = [int(text) for text in texts if text and text.isdigit()]
    return sum(counts) / 1e6 if counts else None


def power_w(sensors: Path = Path("/sys/class/hwmon"), program: str | None = None) -> float | None:
    """Read the power that the board takes right now; None where it does not tell.

    `program` is the Raspberry Pi's that tells of its rails, looked for where it is not given.
    """
    program = program or shutil.which("vcgencmd")
    if program is not None:
        try:
            done = subprocess.run([program, "pmic_read_adc"], capture_output=True, text=True, timeout=_WITHIN_S)
        except (OSError, subprocess.TimeoutExpired):
            return None
        if (found := _of_rails(done.stdout)) is not None:
            return found
    texts = [read_fact(str(file)) for file in sensors.glob("hwmon*/power1_input")]
    watts = [int(text) / 1e6 for text in texts if text and text.isdigit()]
    return max(watts, default=None)


def _of_rails(text: str) -> float | None:
    """Add up volts times amperes of the rails that have both; None where none has."""
    rails: dict[str, dict[str, float]] = {}
    for name, kind, value in _RAIL.findall(text):
        rails.setdefault(name, {})[kind] = float(value)
    watts = [rail["A"] * rail["V"] for rail in rails.values() if len(rail) == 2]
    return sum(watts) if watts else None


def joules_between(
    times_s: Sequence[float], counts_j: Sequence[float | None], powers_w: Sequence[float | None]
) -> float | None:
    """Compute the joules from the first moment to the last, by the counter, else by the power at each moment."""
    counts = [count for count in counts_j if count is not None]
    if len(counts) == len(counts_j) > 1 and counts == sorted(counts):
        return counts[-1] - counts[0]
    powers = [power for power in powers_w if power is not None]
    if len(powers) < len(powers_w) or len(powers) < 2:
        return None
    pairs = zip(zip(times_s, powers, strict=True), zip(times_s[1:], powers[1:], strict=True), strict=False)
    return sum((later - sooner) * (one + other) / 2 for (sooner, one), (later, other) in pairs)
