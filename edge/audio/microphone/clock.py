"""Finds out from the times at which sound comes how much of it did not come.

A stream that loses nothing gives as many seconds of sound as pass by the clock. What comes late comes in the end, all
at once; what is lost leaves the stream behind the clock for good. That holds for every sound system, whereas the flags
and time stamps of most are wrong or missing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf
from typing import TypeAlias

from ...arrays import FloatArray

PAUSE_S = 0.08
"""Seconds without sound after which it is found out whether some is lost."""

TOLERANCE_S = 0.03
"""Seconds that a stream may seem behind the clock without a loss: threads wake up late."""

SETTLE_S = 0.4
"""Seconds that sound which was held up somewhere has for coming after all."""

_EXACT_S = 0.002
_LATE_S = 1.0
_UNSEEN_S = 0.045
_BUCKET_S = 1.0
_N_BUCKETS = 5

OVERFLOWED = "the sound system was not read in time, and dropped sound"
PAUSED = "the microphone gave nothing for a while: it was suspended, or the computer was too busy or asleep"
UNSEEN = "sound was lost shortly before, without a sign"
LATE = "the microphone gave nothing at first"
DROPPED = "sound came faster than it was used, and the store for it was full"


@dataclass(frozen=True, slots=True)
class Block:
    """Frames of one call of PortAudio, in the device's own rate and channels."""

    samples: FloatArray
    """Samples (n_frames, n_channels)."""
    rate_hz: int
    time_s: float
    """Clock when they came."""
    overflowed: bool = False
    """Whether the sound system says that some before these are lost, of which it has no number."""
    n_dropped: int = 0
    """Frames just before these for which there was no room."""

    @property
    def seconds(self) -> float:
        """Length of the sound in seconds."""
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True, slots=True)
class Lost:
    """Sound that is missing between two blocks."""

    seconds: float
    """Length of what is missing; 0 where something is, but too little to measure."""
    reason: str


Heard: TypeAlias = Block | Lost


@dataclass(slots=True)
class _Break:
    """A place where sound may be missing; what came after it waits until that is known."""

    reason: str
    is_sure: bool
    """Whether something is missing, however little."""
    since_s: float
    least_s: float = inf
    """Least time by which the stream was behind the clock since."""

    @property
    def tolerance_s(self) -> float:
        """Seconds behind the clock that do not count as a loss."""
        return _EXACT_S if self.is_sure else TOLERANCE_S


class Clock:
    """Accounts of all the sound of one recording: what came and what is lost add up to the time that passed."""

    def __init__(self, opened_s: float) -> None:
        """Begin when the device is open; the recording begins with the first sample, unless that comes far later."""
        self._opened_s = opened_s
        self._accounted_s = 0.0
        self._lows: deque[float] = deque(maxlen=_N_BUCKETS)
        self._low_s, self._bucket_ends_s = inf, -inf
        self._last_s = -inf
        self._break: _Break | None = None
        self._next_reason = ""
        self._held: list[Block] = []

    @property
    def due_s(self) -> float:
        """Clock when a sample that was recorded now, without a loss, would come."""
        return self._origin_s + self._accounted_s

    @property
    def heard_s(self) -> float:
        """Clock when sound came last."""
        return self._last_s

    @property
    def is_waiting(self) -> bool:
        """Whether it is not known yet how much is missing before what came last."""
        return self._break is not None

    @property
    def _origin_s(self) -> float:
        """Clock when the recording would have begun, had no block ever come late."""
        return min(*self._lows, self._low_s) if self._lows else self._low_s

    def begin(self, reason: str) -> list[Heard]:
        """Note that what follows comes from a newly opened stream, and why."""
        heard = self._decide()
        if self._last_s > -inf:
            self._next_reason = reason
        return heard

    def feed(self, block: Block) -> list[Heard]:
        """Take a block, and give what is certain by now, in order."""
        heard: list[Heard] = []
        if self._last_s == -inf:
            heard += self._miss(block.time_s - block.seconds - self._opened_s, LATE, _LATE_S)
        if block.n_dropped:
            heard += self._decide()
            heard.append(self._lose(block.n_dropped / block.rate_hz, DROPPED))
        reason, is_sure = self._suspicion(block)
        if reason:
            heard += self._decide()
            self._break = _Break(reason, is_sure, block.time_s)
        self._last_s, self._next_reason = block.time_s, ""
        self._accounted_s += block.seconds
        if self._break is None:
            heard.append(block)
            heard += self._watch(block.time_s)
            return heard
        self._held.append(block)
        self._break.least_s = min(self._break.least_s, block.time_s - self._accounted_s - self._origin_s)
        if self._break.least_s <= self._break.tolerance_s:
            heard += self._decide()
        return heard + self.wait(block.time_s)

    def wait(self, now_s: float) -> list[Heard]:
        """Give what became certain because time has passed."""
        is_due = self._break is not None and now_s - self._break.since_s >= SETTLE_S
        return self._decide() if is_due else []

    def finish(self, now_s: float, reason: str) -> list[Heard]:
        """Give the rest, and what is missing at the end."""
        if self._last_s == -inf:
            return self._miss(now_s - self._opened_s, reason, _LATE_S)
        heard = self._decide()
        return heard + self._miss(now_s - self.due_s, reason, PAUSE_S)

    def _suspicion(self, block: Block) -> tuple[str, bool]:
        """Tell why sound may be missing before a block ("" where nothing speaks for it), and whether that is sure."""
        if self._last_s == -inf:
            return "", False  # many systems flag the first block of all
        if self._next_reason:
            return self._next_reason, True
        if block.overflowed:
            return OVERFLOWED, True
        return (PAUSED, False) if block.time_s - self._last_s > PAUSE_S + block.seconds else ("", False)

    def _decide(self) -> list[Heard]:
        """Let go what waits, behind what is missing before it."""
        found, self._break = self._break, None
        if found is None:
            return []
        held, self._held = self._held, []
        lost_s = found.least_s if held and found.least_s > found.tolerance_s else 0.0
        lost = [self._lose(lost_s, found.reason)] if lost_s or found.is_sure else []
        return [*lost, *held]

    def _watch(self, time_s: float) -> list[Heard]:
        """Follow the device's clock, which runs a little faster or slower, and see a leap of it as a loss."""
        heard: list[Heard] = []
        if time_s >= self._bucket_ends_s:
            before_s = min(self._lows, default=self._low_s)
            if self._low_s < inf:
                if self._low_s - before_s > _UNSEEN_S:
                    heard.append(self._lose(self._low_s - before_s, UNSEEN))
                    self._low_s = before_s
                self._lows.append(self._low_s)
            self._low_s, self._bucket_ends_s = inf, time_s + _BUCKET_S
        self._low_s = min(self._low_s, time_s - self._accounted_s)
        return heard

    def _miss(self, seconds: float, reason: str, least_s: float) -> list[Heard]:
        """Give what is missing as lost, if it is more than `least_s`."""
        return [self._lose(seconds, reason)] if seconds > least_s else []

    def _lose(self, seconds: float, reason: str) -> Lost:
        self._accounted_s += seconds
        return Lost(seconds, reason)
