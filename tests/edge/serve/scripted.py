"""A model whose text is a word for each second of sound."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.arrays import FloatArray
from edge.gaps import Gap
from edge.options import TranscribeOptions
from edge.transcript.events import End, Event, Final, Stable
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
        return ScriptedSession(self)


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
