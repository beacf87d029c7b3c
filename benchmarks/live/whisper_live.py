"""A peer that streams: WhisperLive's policy (collabora/WhisperLive, its server's defaults) on faster-whisper.

The sound behind what is complete is read again without a pause between readings. All segments but the last are
complete, and the last one is when more than ten readings in a row gave it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ
from edge.transcript.events import Event, Final, Partial, Stable
from edge.transcript.types import Segment

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

_LEAST_S, _WAIT_S = 1.0, 0.1
_MOST_NO_SPEECH = 0.45
_SAME_READINGS = 10
_LONGEST_S, _DROPPED_S = 45.0, 30.0


class RepeatedReadings:
    """A session of faster-whisper: `feed` and `finish` as of edge.session.Session."""

    def __init__(self, model: WhisperModel, language: str | None) -> None:
        self._model = model
        self._language = language
        self._sound = np.zeros(0, np.float32)  # behind what is complete
        self._began_s = 0.0
        self._new_s = 0.0
        self._stable = ""
        self._last = ""
        self._n_same = 0

    def feed(self, samples: FloatArray) -> list[Event]:
        """Take samples (n_samples,), mono at 16 kHz; gives what is complete, and what is read behind it."""
        self._sound = np.concatenate([self._sound, samples])
        self._new_s += len(samples) / SAMPLE_RATE_HZ
        if len(self._sound) > _LONGEST_S * SAMPLE_RATE_HZ:
            self._drop(_DROPPED_S)
        if self._new_s < _WAIT_S or len(self._sound) < _LEAST_S * SAMPLE_RATE_HZ:
            return []
        return self._read()

    def finish(self) -> list[Event]:
        """Take the end of the sound: what was read last is complete."""
        events = self._read() if self._new_s and len(self._sound) else []
        events += self._complete(self._last)
        return [*events, Final(Segment(0, 0.0, self._end_s(), self._stable))]

    def _read(self) -> list[Event]:
        self._new_s = 0.0
        found, _ = self._model.transcribe(self._sound, language=self._language, vad_filter=True)
        segments = [one for one in found if one.no_speech_prob <= _MOST_NO_SPEECH]
        events: list[Event] = []
        for one in segments[:-1]:
            events += self._complete(one.text)
        last = segments[-1].text if segments else ""
        done_s = segments[-2].end if len(segments) > 1 else 0.0
        self._n_same = self._n_same + 1 if last and last.strip() == self._last.strip() else 0
        self._last = last
        if self._n_same > _SAME_READINGS:
            events += self._complete(last)
            done_s, self._last, self._n_same = segments[-1].end, "", 0
        self._drop(done_s)
        return [*events, Partial(0.0, self._end_s(), self._stable + self._last, len(self._stable))]

    def _complete(self, text: str) -> list[Event]:
        self._stable += text
        return [Stable(self._began_s, self._end_s(), text)] if text else []

    def _drop(self, seconds: float) -> None:
        n_samples = min(round(seconds * SAMPLE_RATE_HZ), len(self._sound))
        self._sound = self._sound[n_samples:]
        self._began_s += n_samples / SAMPLE_RATE_HZ

    def _end_s(self) -> float:
        return self._began_s + len(self._sound) / SAMPLE_RATE_HZ
