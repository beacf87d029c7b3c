"""The parent's end of one engine's process."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from edge.bench.parts import Parts
from edge.bench.sets import Utterance

from ..checkout import ROOT
from ..errors import BenchmarkError
from .engines import ENGINES, EngineSettings

_REPLY_TIMEOUT_S = 3600.0
_LINES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Loaded:
    """Cost of loading a model."""

    load_s: float
    """Seconds of importing the engine and opening the model."""
    peak_rss_mb: float
    packages: dict[str, str]
    """Versions of what runs."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One recording, transcribed once."""

    text: str
    seconds: float
    """Wall-clock time of the transcription alone."""
    audio_s: float
    peak_rss_mb: float
    """Most memory that the whole process has held so far."""
    cpu_s: float = 0.0
    """Time of all processors for the transcription."""
    parts: Parts | None = None
    """Times of the parts; None where the engine does not report them."""


class EngineProcess:
    """One engine with one model in a process of its own, so that its memory is its own."""

    def __init__(self, engine: str, weights: Path, settings: EngineSettings) -> None:
        self._engine = engine
        self._weights = weights
        self._settings = settings
        threads = str(settings.threads)
        # Libraries under an engine (BLAS) would otherwise take every core, whatever the engine was told.
        environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        for option, variable in ENGINES[engine].variables.items():
            if option in settings.options:
                environment[variable] = settings.options[option]
        self._log = tempfile.TemporaryFile(mode="w+", errors="replace")  # noqa: SIM115  closed in __exit__
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.peers.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=ROOT,
            env=environment,
            text=True,
            encoding="utf-8",
        )

    def load(self) -> Loaded:
        """Open the model."""
        reply = self._ask(
            {
                "do": "load",
                "engine": self._engine,
                "weights": str(self._weights),
                "settings": asdict(self._settings),
            }
        )
        return Loaded(**reply)

    def run(self, utterance: Utterance) -> Heard:
        """Transcribe one recording."""
        reply = self._ask({"do": "run", "utterance": asdict(utterance)})
        parts = reply.pop("parts")
        return Heard(**reply, parts=None if parts is None else Parts(**parts))

    def pause(self) -> None:
        """Stop the process until the next request: its threads may wait actively and slow another engine."""
        self._process.send_signal(signal.SIGSTOP)

    def __enter__(self) -> EngineProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(_REPLY_TIMEOUT_S):
                raise BenchmarkError(f"{self._engine} gave no answer in {_REPLY_TIMEOUT_S:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise self._died()
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise BenchmarkError(f"{self._engine} with {self._weights.name}: {reply['error']}")
        return reply

    def _died(self) -> BenchmarkError:
        status = self._process.wait()
        self._log.seek(0)
        last = "".join(f"\n  {line.rstrip()}" for line in self._log.readlines()[-_LINES_SHOWN:])
        return BenchmarkError(f"the process of {self._engine} ended with status {status}{last}")
