"""Processes of an engine that share recordings among them, each of which reads one at a time."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from edge.bench.sets import Utterance

from ..peers.child import EngineProcess, Heard
from ..peers.engines import ENGINES, EngineSettings
from ..peers.specs import EngineSpec
from ..progress import tell


@dataclass(frozen=True, slots=True)
class Round:
    """All recordings, read once."""

    texts: list[str]
    per_s: float
    """Recordings a second."""
    cpu_ms: float
    """Milliseconds of all processors for a recording."""
    latency_ms: list[float]
    """Milliseconds of each recording."""
    calls_per_step: float | None = None
    """Calls that a step of the decoder served, on average; None for processes, which know nothing of each other."""


def settings_of(spec: EngineSpec, threads: int) -> EngineSettings:
    """Return the settings of an engine with so many threads; segments have their times, as by default with ours."""
    return EngineSettings(spec.precision, threads, timestamps=True, options=dict(spec.options))


class Processes:
    """Several numbers of processes of one engine and model; those that have as many threads are the same ones."""

    def __init__(
        self,
        spec: EngineSpec,
        model: str,
        numbers: Sequence[int],
        threads: int,
        scratch: Path,
        *,
        is_english: bool,
    ) -> None:
        """Prepare the weights; each of n processes has its share of the threads, at least one.

        `is_english` tells whether the model knows no other language.
        """
        self.spec = spec
        self._numbers = numbers
        self._threads = threads
        self._weights = ENGINES[spec.engine].weights(model, spec.precision, scratch)
        self._is_english = is_english
        self._closing = ExitStack()
        self._pools: dict[int, list[EngineProcess]] = {}

    def __enter__(self) -> Processes:
        try:
            for number in self._numbers:
                threads = self._threads_of(number)
                pool = self._pools.setdefault(threads, [])
                while len(pool) < number:
                    tell(f"process {len(pool) + 1} of {self.spec.label} with {threads} threads")
                    settings = settings_of(self.spec, threads)
                    process = EngineProcess(self.spec.engine, self._weights, settings)
                    pool.append(self._closing.enter_context(process))
                    process.load()
                    process.pause()
        except BaseException:
            self._closing.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def warm_up(self, utterance: Utterance) -> None:
        """Read a recording once in each process."""
        for process in (process for pool in self._pools.values() for process in pool):
            process.run(self._asked(utterance))
            process.pause()

    def read_all(self, utterances: Sequence[Utterance], number: int) -> Round:
        """Read all recordings with so many processes, each of which takes the next one when it is done with one."""
        pool = self._pools[self._threads_of(number)][:number]
        free: SimpleQueue[EngineProcess] = SimpleQueue()
        for process in pool:
            free.put(process)

        def read(utterance: Utterance) -> Heard:
            process = free.get()
            try:
                return process.run(self._asked(utterance))
            finally:
                free.put(process)

        began = time.perf_counter()
        with ThreadPoolExecutor(number) as threads:
            heard = list(threads.map(read, utterances))
        wall_s = time.perf_counter() - began
        for process in pool:
            process.pause()
        return Round(
            texts=[one.text for one in heard],
            per_s=len(heard) / wall_s,
            cpu_ms=1e3 * sum(one.cpu_s for one in heard) / len(heard),
            latency_ms=[1e3 * one.seconds for one in heard],
        )

    def _threads_of(self, number: int) -> int:
        return max(1, self._threads // number)

    def _asked(self, utterance: Utterance) -> Utterance:
        """Prepare what an engine hears: like our own, it detects the language where the model knows several."""
        return dataclasses.replace(utterance, language="en" if self._is_english else None)


def is_ours(spec: EngineSpec) -> bool:
    """Whether an engine has to give the words of ours in one process: it is ours, with its usual settings."""
    from edge.options import TranscribeOptions

    from ..peers.engines.edgewise import transcribe_options

    return spec.engine == "edgewise" and transcribe_options(settings_of(spec, 1)) == TranscribeOptions(beam_size=1)
