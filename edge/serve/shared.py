"""What all faces of a server share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ..recognizer import Recognizer
from .guard import Guard
from .metrics import Metrics
from .options import ServeOptions
from .work import Places, Work


@dataclass(frozen=True, slots=True)
class Shared:
    """Model, work, limits and rules of a server."""

    model: Recognizer
    work: Work
    options: ServeOptions
    guard: Guard
    recordings: Places
    """Places for recordings that are read."""
    live: Places
    """Places for live sessions."""
    metrics: Metrics = field(default_factory=Metrics)
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the server is asked to end: what goes on is to come to its end."""


_MOST_THREADS = 64


def work_of(options: ServeOptions) -> Work:
    """Make the threads for the work: one for each session that may be, for those that wait are decoded together."""
    return Work(min(_MOST_THREADS, options.live + options.waiting + 2), options.patience)


def shared_of(model: Recognizer, work: Work, options: ServeOptions, guard: Guard) -> Shared:
    """Put together what the faces share."""
    recordings = Places("recordings", options.waiting + 1, retry_s=5)
    live = Places("live sessions", options.live, retry_s=10)
    shared = Shared(model, work, options, guard, recordings, live)
    shared.metrics.gauge("recordings", "recordings that are read", lambda: recordings.n_taken)
    shared.metrics.gauge("live_sessions", "live sessions that are open", lambda: live.n_taken)
    shared.metrics.gauge("stuck", "1 where the work does not go on", lambda: work.is_stuck)
    return shared
