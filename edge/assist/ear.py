"""Hears one command: where it begins and ends, and its words, which are read in the pause before it is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from ..listen.vad.silero import SileroVad
from ..live.hearing import Hearing
from ..live.turns import Turn, TurnFinder

_LEAST_S = 0.2
"""Seconds that have to sound like speech for a command to be one."""
_FINISHED_S = 0.35
"""Seconds of silence that end a command that is a whole sentence of those that are known."""
_UNFINISHED = 1.5
"""Factor by which an end waits longer after words that are no known sentence."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Words of a command, and what they mean where that is known."""

    kind: Literal["sentence", "free", "nothing"]
    """Whether it is a sentence that is known, other words, or none."""
    text: str = ""
    intent: str = ""
    """Name of the intent; empty where it is not known."""
    slots: Mapping[str, Any] = field(default_factory=dict)


Read = Callable[[FloatArray], Heard]
"""Function that reads the words of samples (n_samples,), mono at 16 kHz."""

NOTHING = Heard("nothing")


class Ear:
    """A listener to one command; it belongs to one thread at a time."""

    def __init__(
        self,
        vad: SileroVad,
        read: Read,
        *,
        endpoint_s: float,
        patience_s: float,
        longest_s: float,
        on_pause: Callable[[Heard], object] = lambda heard: None,
    ) -> None:
        """Begin to listen.

        A command ends after `endpoint_s` of silence, or sooner or later by how whole its words are. Nobody who has said
        nothing after `patience_s` says anything, and what lasts `longest_s` is over. `on_pause` is told the words as
        soon as they are read, when they may still go on.
        """
        self._read, self._on_pause = read, on_pause
        self._endpoint_s, self._patience_s, self._longest_s = endpoint_s, patience_s, longest_s
        self._hearing = Hearing(vad)
        self._turns = TurnFinder(endpoint_s, cuts=False)
        self._sound = np.zeros(0, np.float32)
        self._begin: int | None = None
        self._heard: Heard | None = None

    @property
    def is_spoken(self) -> bool:
        """Whether somebody has begun to speak."""
        return self._begin is not None

    def feed(self, samples: FloatArray) -> Heard | None:
        """Take samples (n_samples,), mono at 16 kHz; gives the command once it is over."""
        self._sound = np.concatenate([self._sound, samples])
        for frame in self._hearing.feed(samples):
            for turn in self._turns.step(frame):
                over = self._follow(turn)
                if over is not None:
                    return over
        heard_s = len(self._sound) / SAMPLE_RATE_HZ
        if self._begin is None:
            return NOTHING if heard_s >= self._patience_s else None
        if heard_s - self._begin / SAMPLE_RATE_HZ >= self._longest_s:
            return self._heard or self._words(len(self._sound))
        return None

    def _follow(self, turn: Turn) -> Heard | None:
        if turn.kind == "begin":
            self._begin = turn.at if self._begin is None else self._begin
        elif turn.kind == "pause":
            self._heard = self._words(turn.at)
            is_whole = self._heard.kind == "sentence"
            self._turns.endpoint_s = min(_FINISHED_S, self._endpoint_s) if is_whole else self._endpoint_s * _UNFINISHED
            self._on_pause(self._heard)
        elif turn.kind == "resume":
            self._heard = None
        elif turn.kind == "end":
            heard, self._heard = self._heard or NOTHING, None
            if heard.kind != "nothing":
                return heard
            self._begin = None  # a cough, or a word that was none: whoever was called may still speak
        return None

    def _words(self, stop: int) -> Heard:
        begin = self._begin or 0
        if self._turns.heard_s() < _LEAST_S:
            return NOTHING
        return self._read(self._sound[begin:stop])
