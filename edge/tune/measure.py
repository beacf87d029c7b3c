"""Measures ways to run with real models, each loaded when it is first needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ..bench.energy import energy_j
from ..bench.plain_words import count_edits, plain
from ..bench.spoken import Spoken
from ..bench.starts import measure_start
from ..loading import load
from ..progress import Progress
from ..recognizer import Recognizer
from .candidates import Candidate
from .race import Run


class Bench:
    """Recordings, and the models that read them."""

    def __init__(
        self,
        spoken: Sequence[Spoken],
        *,
        offline: bool | None,
        progress: Progress,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.n_runs = 0
        """Recordings that were read, those to warm up included."""
        self._spoken = spoken
        self._expected = [plain(one.text) for one in spoken]
        self._offline, self._progress, self._timer = offline, progress, timer
        self._loaded: dict[tuple[str, str | None, int], Recognizer] = {}
        self._warm: set[tuple[str, str | None, int]] = set()

    @property
    def seconds(self) -> list[float]:
        """Lengths of the recordings."""
        return [one.seconds for one in self._spoken]

    @property
    def words(self) -> list[int]:
        """Numbers of words of the recordings."""
        return [len(words) for words in self._expected]

    def measure(self, candidate: Candidate, number: int) -> Run:
        """Have a candidate read a recording; the first one of its weights twice, as nothing is warm the first time."""
        model = self._model(candidate)
        if candidate.loaded not in self._warm:
            self._warm.add(candidate.loaded)
            self._read(model, candidate, number)
        return self._read(model, candidate, number)

    def cool(self) -> None:
        """Have all weights warm up again when they are next read with."""
        self._warm.clear()

    def measure_memory(self, candidate: Candidate) -> float:
        """Measure the memory of a new process that reads a recording, in MB; 0 where the system does not tell."""
        longest = max(self._spoken, key=lambda one: one.seconds)
        start = measure_start(self._model(candidate), candidate.threads, longest.samples, candidate.settings)
        return start.peak_rss_mb or 0.0

    def _read(self, model: Recognizer, candidate: Candidate, number: int) -> Run:
        self._progress(f"{candidate}", self.n_runs, 0)
        self.n_runs += 1
        before, began = energy_j(), self._timer()
        text = model.transcribe(self._spoken[number].samples, language="en", **candidate.settings).text
        seconds, after = self._timer() - began, energy_j()
        joules = None if before is None or after is None or after < before else after - before
        return Run(max(seconds, 1e-9), count_edits(self._expected[number], plain(text)), joules)

    def _model(self, candidate: Candidate) -> Recognizer:
        if candidate.loaded not in self._loaded:
            name, precision, threads = candidate.loaded
            self._loaded[candidate.loaded] = load(
                name,
                kind="speech",
                precision=precision,
                threads=threads,
                offline=self._offline,
                progress=self._progress,
            )
        return self._loaded[candidate.loaded]
