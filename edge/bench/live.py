"""Measures live text: how long after the end of speech it is final, and how far what is shown lies behind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ..live.options import LiveOptions
from ..progress import Progress
from ..recognizer import Recognizer
from ..transcript.events import Final, Partial
from .play import Heard, SimulatedClock, play, with_quiet
from .spoken import Spoken

_ENDPOINT_S = 0.7
_QUIET_S = 1.5


@dataclass(frozen=True, slots=True)
class LiveTimes:
    """Times of one model over recordings that were played to it at the speed of speech, on a simulated clock."""

    model: str
    precision: str
    threads: int
    endpoint_s: float
    """Seconds of silence that are the end of what is said: they pass before a text can be final."""
    final_late_s: tuple[float, ...]
    """Seconds from when the end was certain to the last final text, of each recording: time to final segment is this
    and `endpoint_s`."""
    partial_lag_s: tuple[float, ...]
    """Seconds from the end of the sound that a text was read from to when it was shown, of each text that was shown
    while somebody spoke."""
    cpu_share: float
    """Seconds of work for each second of sound."""


def measure_live(model: Recognizer, threads: int, spoken: Sequence[Spoken], progress: Progress) -> LiveTimes:
    """Play recordings to live sessions."""
    finals: list[float] = []
    lags: list[float] = []
    busy_s = heard_s = 0.0
    for number, one in enumerate(spoken):
        progress(f"live text of {model.name} {model.precision}", number, len(spoken))
        clock = SimulatedClock(timer=time.perf_counter)
        with model.session(live=LiveOptions(endpoint=_ENDPOINT_S), language="en", clock=clock) as session:
            played = play(session, clock, with_quiet(one.samples, _QUIET_S))
        finals += _last_final(played.heard)
        lags += [heard.at - heard.event.end for heard in played.heard if isinstance(heard.event, Partial)]
        busy_s += played.busy_s
        heard_s += played.seconds
    share = busy_s / heard_s if heard_s else 0.0
    return LiveTimes(model.name, model.precision, threads, _ENDPOINT_S, tuple(finals), tuple(lags), share)


def _last_final(heard: Sequence[Heard]) -> list[float]:
    """Give how late the last final text was; nothing where none came."""
    late = [one.late for one in heard if isinstance(one.event, Final)]
    return late[-1:]
