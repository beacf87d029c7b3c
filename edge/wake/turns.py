"""Turns of speech, each with its sound: what a wake word is made of."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray
from ..listen.vad.silero import SileroVad
from ..live.hearing import Hearing
from ..live.sound import HeldSound
from ..live.turns import TurnFinder

_PAUSE_S = 0.5


class SpokenTurns:
    """A finder of turns in one stream."""

    def __init__(self, vad: SileroVad) -> None:
        self._hearing = Hearing(vad)
        self._turns = TurnFinder(_PAUSE_S, cuts=False)
        self._sound = HeldSound()
        self._begin = 0

    def feed(self, samples: FloatArray) -> list[FloatArray]:
        """Take samples (n_samples,), mono at 16 kHz; gives the turns that are over."""
        found = []
        self._sound.append(np.asarray(samples, np.float32))
        for frame in self._hearing.feed(samples):
            for turn in self._turns.step(frame):
                if turn.kind == "begin":
                    self._begin = turn.at
                elif turn.kind == "end":
                    found.append(self._sound.between(self._begin, turn.at))
        return found
