"""Parts of a live session with scripts in place of a model and a detector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge.arrays import FloatArray
from edge.gaps import Gap
from edge.live.evidence import Weights
from edge.live.passes import HeardWord, Pass
from edge.transcript.events import End, Event, Final
from edge.transcript.types import Segment, Timing

RATE_HZ = 16_000
WEIGHTS = Weights(
    *(0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    shown=-2.0,
    quick=-1.0,
    sure=-0.1,
)
"""Weights by which the log-probability of a word is its score."""


def word(said: str, end: float, logprob: float = 0.0, signs: str = "") -> HeardWord:
    return HeardWord(f" {said}", signs, end - 0.2, end, logprob)


def read_as(*words: HeardWord, seconds: float = 10.0) -> Pass:
    return Pass(words, seconds, -0.1, is_believed=True)


def sound(*parts: tuple[float, float]) -> FloatArray:
    """Seconds at a level, one after the other: what is louder than 0.1 is speech to `LoudIsSpeech`."""
    return np.concatenate([np.full(round(seconds * RATE_HZ), level, np.float32) for seconds, level in parts])


class LoudIsSpeech:
    """A detector to which what is loud is speech."""

    def stream(self) -> LoudIsSpeech:
        return self

    def feed(self, samples: FloatArray) -> FloatArray:
        loudness: FloatArray = np.abs(samples.reshape(-1, 512)).mean(axis=1)
        return np.where(loudness > 0.1, np.float32(1), np.float32(0))


class CountingReader:
    """A reader of a turn that reads a word for every whole second, and is sure of all but the last."""

    opened: int = 0
    closed: int = 0

    def __init__(self) -> None:
        self.n_samples = 0

    def feed(self, samples: FloatArray) -> None:
        self.n_samples += len(samples)

    def read(self, kept: Sequence[HeardWord], heard_s: float) -> Pass:
        seconds = self.n_samples / RATE_HZ
        new = [word(f"w{number}", number + 1.0) for number in range(len(kept), int(seconds))]
        if new:
            new[-1] = word(f"w{int(seconds) - 1}", float(int(seconds)), logprob=-1.5, signs=".")
        return Pass((*kept, *new), seconds, -0.1, is_believed=bool(kept or new))

    def words(self, text: str, at_s: float) -> tuple[HeardWord, ...]:
        return tuple(
            HeardWord(f" {one.rstrip('.')}", one[len(one.rstrip(".")) :], at_s, at_s, 0.0) for one in text.split()
        )

    def close(self) -> None:
        pass


class CountingFinals:
    """A session whose text is a word for every whole second."""

    def __init__(self, language: str | None = None) -> None:
        self.n_samples = 0

    @property
    def done_s(self) -> float:
        return 0.0

    @property
    def quiet_s(self) -> float:
        return 0.0

    def feed(self, samples: FloatArray) -> list[Event]:
        self.n_samples += len(samples)
        return []

    def ahead(self) -> list[Event]:
        seconds = self.n_samples / RATE_HZ
        text = "".join(f" w{number}" for number in range(int(seconds)))
        segments = [Final(Segment(0, 0.0, seconds, f"{text}.", language="de"))] if text else []
        return [*segments, End("de", seconds, Timing(n_windows=1))]

    def finish(self) -> list[Event]:
        return self.ahead()

    def skip(self, gap: Gap) -> list[Event]:
        raise NotImplementedError

    def listen(self, sound: Any) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        pass

    def __enter__(self) -> CountingFinals:
        return self

    def __exit__(self, *how: object) -> None:
        pass
