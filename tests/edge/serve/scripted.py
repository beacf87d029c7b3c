"""A model whose text is a word for each second of sound; where it finds turns, quiet seconds are silence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from edge.arrays import FloatArray
from edge.gaps import Gap
from edge.options import TranscribeOptions
from edge.transcript.events import End, Event, Final, Partial, Silence, Speech, Stable
from edge.transcript.types import Segment, Timing, Word

RATE_HZ = 16000


class Scripted:
    """A recognizer of seconds."""

    name, precision, path, load_s = "tiny.en", "int8", Path("tiny.en.gguf"), 0.0
    languages = ("en", "de")

    def __init__(self, step_s: float = 0.0) -> None:
        self.step_s = step_s
        self.asked: list[dict[str, Any]] = []
        self.n_open = 0

    def session(self, **settings: Any) -> ScriptedSession:
        live: dict[str, Any] = {name: settings.pop(name) for name in ("endpoint", "trim") if name in settings}
        TranscribeOptions(**settings)
        self.asked.append({**settings, **live})
        self.n_open += 1
        return ScriptedSession(self) if live.get("endpoint") is None else ScriptedTurns(self)


class ScriptedSession:
    """A session of seconds."""

    done_s = quiet_s = 0.0

    def __init__(self, model: Scripted) -> None:
        self._model = model
        self._n_samples = self._n_words = 0
        self._is_open = True

    def feed(self, samples: FloatArray) -> list[Event]:
        assert self._is_open
        time.sleep(self._model.step_s)
        self._n_samples += len(samples)
        events: list[Event] = []
        while self._n_words < self._n_samples // RATE_HZ:
            events.append(Stable(self._n_words, self._n_words + 1, f" w{self._n_words}"))
            self._n_words += 1
        return events

    def finish(self) -> list[Event]:
        seconds = self._n_samples / RATE_HZ
        words = tuple(Word(at, at + 0.5, f" w{at}", 0.5) for at in range(int(seconds)))
        finals = [Final(Segment(0, 0.0, seconds, "".join(word.text for word in words), words))] if words else []
        return [*finals, End("en", seconds, Timing())]

    def skip(self, gap: Gap) -> list[Event]:
        return [gap]

    def ahead(self) -> list[Event]:
        return []

    def listen(self, sound: Any) -> Iterator[Event]:
        yield from ()

    def close(self) -> None:
        self._model.n_open -= self._is_open
        self._is_open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ScriptedTurns(ScriptedSession):
    """A session that divides seconds into turns."""

    def __init__(self, model: Scripted) -> None:
        super().__init__(model)
        self._left = np.zeros(0, np.float32)
        self._began: int | None = None

    def feed(self, samples: FloatArray) -> list[Event]:
        assert self._is_open
        time.sleep(self._model.step_s)
        self._left = np.concatenate([self._left, samples])
        events: list[Event] = []
        while len(self._left) >= RATE_HZ:
            events += self._hear(float(np.abs(self._left[:RATE_HZ]).mean()) > 0.01)
            self._left = self._left[RATE_HZ:]
            self._n_samples += RATE_HZ
        return events

    def finish(self) -> list[Event]:
        return [*self._finals(), End("en", (self._n_samples + len(self._left)) / RATE_HZ, Timing())]

    def _hear(self, is_loud: bool) -> list[Event]:
        at = self._n_samples // RATE_HZ
        if is_loud:
            begins: list[Event] = [] if self._began is not None else [Speech(at)]
            self._began = at if self._began is None else self._began
            return [*begins, Partial(self._began, at + 1, f" w{at}?"), Stable(at, at + 1, f" w{at}")]
        return [*self._finals(), Silence(at)] if self._began is not None else []

    def _finals(self) -> list[Event]:
        if self._began is None:
            return []
        stop = self._n_samples // RATE_HZ
        words = tuple(Word(at, at + 0.5, f" w{at}", 0.5) for at in range(self._began, stop))
        text = "".join(word.text for word in words) + "."
        found = Final(Segment(0, self._began, stop, text, words))
        self._began = None
        return [found]
