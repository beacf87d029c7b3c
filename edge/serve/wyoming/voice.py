"""Tells a peer when somebody begins and stops to speak."""

from __future__ import annotations

from collections.abc import Iterator

from wyoming.event import Event
from wyoming.vad import VoiceStarted, VoiceStopped

from ...arrays import FloatArray
from ...audio.mono import SAMPLE_RATE_HZ
from ...listen.vad.silero import SileroVad
from ...live.hearing import Hearing
from ...live.turns import TurnFinder


class Voice:
    """A listener to one stream."""

    def __init__(self, vad: SileroVad, endpoint_s: float) -> None:
        """Begin; whoever is silent for `endpoint_s` has stopped."""
        self._hearing = Hearing(vad)
        self._turns = TurnFinder(endpoint_s, cuts=False)
        self._speaks = False
        self._n_samples = 0

    def feed(self, samples: FloatArray) -> list[Event]:
        """Take samples (n_samples,) at 16 kHz, and return what is to be told."""
        self._n_samples += len(samples)
        return list(self._told(samples))

    def finish(self) -> list[Event]:
        """Return what is to be told at the end of the sound."""
        if not self._speaks:
            return []
        self._speaks = False
        return [VoiceStopped(timestamp=_ms(self._n_samples)).event()]

    def _told(self, samples: FloatArray) -> Iterator[Event]:
        for frame in self._hearing.feed(samples):
            for turn in self._turns.step(frame):
                if turn.kind == "begin":
                    self._speaks = True
                    yield VoiceStarted(timestamp=_ms(turn.at)).event()
                elif turn.kind == "end":
                    self._speaks = False
                    yield VoiceStopped(timestamp=_ms(turn.at)).event()


def _ms(n_samples: int) -> int:
    return round(1000 * n_samples / SAMPLE_RATE_HZ)
