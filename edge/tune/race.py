"""A race of ways to run: who is the fastest within a budget, with as few runs as the intervals let it be.

All are measured on the same recordings in the same order, so that two are compared recording by recording: what makes
one recording slow makes it slow for both. Whoever is surely slower than a way that keeps the budget is out, whatever
its words; whoever surely breaks the budget is out, with all that write the same words on other numbers of threads. The
fastest of those that are left runs on until one of the two is sure, or the recordings are used up.

This is the identification of the best arm with a constraint; the pairs and the early stops are those of Zhou et al.,
"On Speeding Up Language Model Evaluation" (2024).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .candidates import Candidate
from .rates import Numbers, rate_interval

_FIRST = 2
"""Recordings that each way reads before any is dropped."""
_LEAST_FOR_WORDS = 8
"""Recordings before which wrong words decide nothing: few have no interval."""
_STEP = 4
_SAME = 0.02
"""Share by which a way may seem faster, and is not worth more runs."""
_LEAST_FOR_SPREAD = 6
"""Recordings from which on a pair of ways has a spread of its own."""
_LEAST_PAIRS = 5
"""Pairs of ways that tell how much a pair spreads."""
_T = 2.3
"""Factor of an interval of 95 % with some degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Run:
    """One recording that one way has read."""

    seconds: float
    edits: int
    """Number of words that are wrong."""
    joules: float | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """What may not be exceeded; None for no bound."""

    error_rate: float | None = None
    """Wrong words for each word."""
    latency_s: float | None = None
    """Seconds within which 19 of 20 recordings are read."""
    memory_mb: float | None = None
    """Memory of a process that reads a recording."""
    joules_per_s: float | None = None
    """Joules for each second of speech."""


@dataclass(slots=True)
class Standing:
    """What is known of one way."""

    candidate: Candidate
    runs: list[Run] = field(default_factory=list)
    why_out: str | None = None
    """Reason why it is out; None while it is in the race."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """End of a race."""

    winner: Standing | None
    """None where no way keeps the budget."""
    standings: tuple[Standing, ...]
    n_runs: int


Measure = Callable[[Candidate, int], Run]
"""Function that has a candidate read a recording, by its number."""
MeasureMemory = Callable[[Candidate], float]


def race(
    candidates: Sequence[Candidate],
    seconds: Sequence[float],
    words: Sequence[int],
    budget: Budget,
    measure: Measure,
    measure_memory: MeasureMemory | None = None,
) -> Outcome:
    """Find the fastest of the candidates that keeps the budget.

    The recordings have these lengths and numbers of words; `measure_memory` is asked where the budget has memory.
    """
    return _Race(candidates, seconds, words, budget, measure, measure_memory).run()


class _Race:
    def __init__(
        self,
        candidates: Sequence[Candidate],
        seconds: Sequence[float],
        words: Sequence[int],
        budget: Budget,
        measure: Measure,
        measure_memory: MeasureMemory | None,
    ) -> None:
        self._all = [Standing(one) for one in candidates]
        self._seconds, self._words = np.asarray(seconds, np.float64), np.asarray(words, np.float64)
        self._budget = budget
        self._measure, self._measure_memory = measure, measure_memory
        self._edits: dict[Candidate, dict[int, int]] = {}  # by the words that are written, and the recording
        self._kept: set[Candidate] = set()
        self._memory_kept: set[Candidate] = set()

    def run(self) -> Outcome:
        for one in self._all:
            self._go_on(one, _FIRST)
        while alive := [one for one in self._all if one.why_out is None]:
            leader = self._fastest(alive)
            if not self._keeps_budget(leader):
                continue
            rivals = [one for one in alive if one is not leader]
            if not rivals:
                return Outcome(leader, tuple(self._all), self._n_runs)
            self._compare(leader, min(rivals, key=lambda one: len(one.runs)))
        return Outcome(None, tuple(self._all), self._n_runs)

    @property
    def _n_runs(self) -> int:
        return sum(len(one.runs) for one in self._all)

    def _go_on(self, one: Standing, n: int) -> None:
        """Have a way read so many more recordings, as far as there are any."""
        known = self._edits.setdefault(one.candidate.text, {})
        for number in range(len(one.runs), min(len(one.runs) + n, len(self._words))):
            run = self._measure(one.candidate, number)
            one.runs.append(run)
            known[number] = run.edits

    def _fastest(self, ways: Sequence[Standing]) -> Standing:
        """Find the way that seems the fastest, by its time beside that of the one that has read most."""
        most = max(ways, key=lambda one: len(one.runs))

        def beside(one: Standing) -> float:
            pairs = [(a.seconds, b.seconds) for a, b in zip(one.runs, most.runs, strict=False)]
            return sum(a for a, _ in pairs) / sum(b for _, b in pairs)

        return min(ways, key=beside)

    def _keeps_budget(self, one: Standing) -> bool:
        """Whether a way surely keeps the budget; has it go on, or drops it, where that is not known yet."""
        if not self._fits_memory(one) or not self._is_quick(one) or not self._is_frugal(one):
            return False
        bound = self._budget.error_rate
        if bound is None or one.candidate.text in self._kept:
            return True
        edits = self._edits[one.candidate.text]
        if len(edits) >= min(_LEAST_FOR_WORDS, len(self._words)):
            low, high = rate_interval(edits, self._words, self._edits.values(), bound)
            if low > bound:
                found = f"{100 * low:.1f} %" if low == high else f"{100 * low:.1f} to {100 * high:.1f} %"
                self._drop_text(one.candidate.text, f"{found} of the words wrong")
                return False
            if high <= bound:
                self._kept.add(one.candidate.text)
                return True
        self._go_on(one, _STEP)
        return False

    def _drop_text(self, text: Candidate, why: str) -> None:
        for other in self._all:
            if other.why_out is None and other.candidate.text == text:
                other.why_out = why

    def _fits_memory(self, one: Standing) -> bool:
        if self._budget.memory_mb is None or self._measure_memory is None or one.candidate in self._memory_kept:
            return True
        memory_mb = self._measure_memory(one.candidate)
        if memory_mb > self._budget.memory_mb:
            one.why_out = f"{memory_mb:.0f} MB of memory"
            return False
        self._memory_kept.add(one.candidate)
        return True

    def _is_quick(self, one: Standing) -> bool:
        """Whether 19 of 20 recordings are read in time, by all that it has read."""
        bound = self._budget.latency_s
        if bound is None:
            return True
        late = float(np.quantile([run.seconds for run in one.runs], 0.95))
        if late > bound:
            one.why_out = f"19 of 20 recordings take up to {1e3 * late:.0f} ms"
        elif len(one.runs) < min(_LEAST_FOR_WORDS, len(self._words)):
            self._go_on(one, _STEP)
            return False
        return late <= bound

    def _is_frugal(self, one: Standing) -> bool:
        bound = self._budget.joules_per_s
        if bound is None:
            return True
        joules = [run.joules for run in one.runs if run.joules is not None]
        rate = sum(joules) / float(self._seconds[: len(one.runs)].sum())
        if len(joules) < len(one.runs) or rate > bound:
            one.why_out = f"{rate:.2g} J a second of speech"
            return False
        return True

    def _compare(self, leader: Standing, rival: Standing) -> None:
        """Put out the slower of two, where it is sure or nothing more can be known; else have both go on."""
        ratios = self._ratios(rival, leader)
        n, middle, wide = len(ratios), float(ratios.mean()), self._half_width(ratios, leader)
        is_all = n == len(self._words)
        if middle - wide > -_SAME or (is_all and middle >= 0):
            rival.why_out = f"{np.exp(middle):.2f} times as long"
        elif middle + wide < 0 or is_all:
            if self._keeps_budget(rival):
                leader.why_out = f"{np.exp(-middle):.2f} times as long"
        else:
            for one in (leader, rival):
                self._go_on(one, max(0, 2 * n - len(one.runs)))

    def _ratios(self, one: Standing, other: Standing) -> Numbers:
        """Compute the logarithms of the ratios of times, recording by recording that both have read."""
        return np.log([a.seconds / b.seconds for a, b in zip(one.runs, other.runs, strict=False)])

    def _half_width(self, ratios: Numbers, leader: Standing) -> float:
        """Compute half of the interval of 95 % of their mean over all recordings; few spread as all pairs do."""
        n = len(ratios)
        variance = float(ratios.var(ddof=1)) if n > 1 else np.inf
        if n < _LEAST_FOR_SPREAD:
            pairs = [self._ratios(one, leader) for one in self._all if one is not leader]
            spreads = [pair.var(ddof=1) for pair in pairs if len(pair) > 1]
            variance = float(np.mean(spreads)) if len(spreads) >= _LEAST_PAIRS else np.inf
        return _T * float(np.sqrt(variance / n * (1 - n / len(self._words))))
