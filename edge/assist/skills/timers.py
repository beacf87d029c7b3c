"""Timers, which outlive the program: each is in a file until it has rung."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...errors import OutputError
from ...files import write_text
from ..intent import Intent, Plan

_UNITS_S = {"hours": 3600, "minutes": 60, "seconds": 1}


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that runs."""

    name: str
    """Name, such as pasta; empty where it has none."""
    seconds: float
    ends_s: float
    """Time at which it rings, in seconds since 1970, so that it is right after a restart."""

    @property
    def label(self) -> str:
        """Name that it is called by in answers."""
        return f"{self.name} timer" if self.name else f"timer for {duration_words(self.seconds)}"


class Timers:
    """Timers in a file, and the skill that sets them; threads may share them."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Read those that run still; a file that is none is begun anew."""
        self._path, self._clock = path, clock
        self._lock = threading.Lock()
        self._timers: list[Timer] = []
        with suppress(FileNotFoundError, ValueError, TypeError):
            self._timers = [Timer(**row) for row in json.loads(path.read_text(encoding="utf-8"))]

    def due(self) -> list[Timer]:
        """Take those that ring now."""
        now_s = self._clock()
        if not any(timer.ends_s <= now_s for timer in self._timers):
            return []
        with self._lock:
            due = [timer for timer in self._timers if timer.ends_s <= now_s]
            self._keep([timer for timer in self._timers if timer.ends_s > now_s])
        return due

    def plan(self, intent: Intent) -> Plan | None:
        """Plan what is asked for, as a skill does."""
        name, seconds = str(intent.slots.get("name", "")), _seconds(intent.slots)
        if intent.name == "HassStartTimer":
            if not seconds:
                return Plan("For how long? Say, for example, set a timer for five minutes.")
            timer = Timer(name, seconds, 0.0)
            called = f"{name} timer for {duration_words(seconds)}" if name else timer.label
            return Plan(f"{called[:1].upper()}{called[1:]} set.", lambda: self._start(timer))
        if intent.name == "HassTimerStatus":
            return Plan(self._status(name))
        if intent.name == "HassIncreaseTimer":
            return self._with_one(name, lambda timer: self._longer(timer, seconds), f"{duration_words(seconds)} added.")
        if intent.name == "HassCancelTimer":
            return self._with_one(name, self._cancel, "Timer cancelled.")
        if intent.name == "HassCancelAllTimers":
            n_timers = len(self._timers)
            said = f"{n_timers} timer{'s' if n_timers > 1 else ''} cancelled." if n_timers else "No timer is set."
            return Plan(said, self._cancel_all)
        return None

    def _with_one(self, name: str, act: Callable[[Timer], None], answer: str) -> Plan:
        """Plan something about the timer of a name, or the only one."""
        found = [timer for timer in self._timers if not name or timer.name == name]
        if not found:
            return Plan(f"No {name} timer is set." if name else "No timer is set.")
        if len(found) > 1:
            return Plan(f"Which one? There are the {_listed(timer.label for timer in found)}.")
        return Plan(answer, lambda: act(found[0]))

    def _status(self, name: str) -> str:
        found = sorted(
            (timer for timer in self._timers if not name or timer.name == name), key=lambda timer: timer.ends_s
        )
        if not found:
            return f"No {name} timer is set." if name else "No timer is set."
        now_s = self._clock()
        left = (f"{duration_words(max(1, timer.ends_s - now_s))} left on the {timer.label}" for timer in found)
        return f"{_listed(left)}."

    def _start(self, timer: Timer) -> None:
        with self._lock:
            self._keep([*self._timers, Timer(timer.name, timer.seconds, self._clock() + timer.seconds)])

    def _longer(self, timer: Timer, seconds: float) -> None:
        longer = Timer(timer.name, timer.seconds + seconds, timer.ends_s + seconds)
        with self._lock:
            self._keep([longer if each == timer else each for each in self._timers])

    def _cancel(self, timer: Timer) -> None:
        with self._lock:
            self._keep([each for each in self._timers if each != timer])

    def _cancel_all(self) -> None:
        with self._lock:
            self._keep([])

    def _keep(self, timers: list[Timer]) -> None:
        self._timers = timers
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_text(self._path, json.dumps([asdict(timer) for timer in timers]))
        except OSError as error:
            raise OutputError(f"{self._path}: timers are not kept over a restart ({error})") from error


def duration_words(seconds: float) -> str:
    """Say a duration: hours, minutes and seconds, as far as there are any."""
    left = round(seconds)
    parts = []
    for unit, unit_s in _UNITS_S.items():
        n_units, left = divmod(left, unit_s)
        if n_units:
            parts.append(f"{n_units} {unit if n_units > 1 else unit[:-1]}")
    return _listed(parts)


def _listed(parts: Iterable[str]) -> str:
    *most, last = list(parts) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def _seconds(slots: Mapping[str, Any]) -> float:
    return sum(float(slots.get(unit, 0)) * unit_s for unit, unit_s in _UNITS_S.items())
