"""A peer that streams: whisper_streaming's policy (Macháček et al. 2023) on faster-whisper, in its authors' settings.

Each second of new sound the buffer is read again; words that two readings in a row agree on are stable, and a buffer
above 15 s is cut behind the last segment of which all is stable. The text before the buffer is its prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ
from edge.live.evidence import letters_of
from edge.transcript.events import Event, Final, Partial, Stable
from edge.transcript.types import Segment

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

_CHUNK_S, _LONGEST_S = 1.0, 15.0
_PROMPT_LETTERS = 200
_NEAR_S = 0.1
"""Seconds by which a word may begin before the last stable one ends."""

_Word = tuple[float, float, str]


class LocalAgreement:
    """A session of faster-whisper: `feed` and `finish` as of edge.session.Session."""

    def __init__(self, model: WhisperModel, language: str | None) -> None:
        self._model = model
        self._language = language
        self._sound = np.zeros(0, np.float32)
        self._began_s = 0.0  # of the buffer
        self._new_s = 0.0
        self._stable: list[_Word] = []
        self._before: list[_Word] = []  # the last reading, behind what is stable

    def feed(self, samples: FloatArray) -> list[Event]:
        """Take samples (n_samples,), mono at 16 kHz; gives what has become stable, and what is read."""
        self._sound = np.concatenate([self._sound, samples])
        self._new_s += len(samples) / SAMPLE_RATE_HZ
        return self._read() if self._new_s >= _CHUNK_S else []

    def finish(self) -> list[Event]:
        """Take the end of the sound: what was read last is stable."""
        events = self._read() if self._new_s else []
        events += self._keep(self._before)
        text = "".join(word for _, _, word in self._stable)
        end_s = self._began_s + len(self._sound) / SAMPLE_RATE_HZ
        return [*events, Final(Segment(0, 0.0, end_s, text))]

    def _read(self) -> list[Event]:
        self._new_s = 0.0
        segments, _ = self._model.transcribe(
            self._sound,
            language=self._language,
            initial_prompt=self._prompt(),
            beam_size=5,
            word_timestamps=True,
            condition_on_previous_text=True,
        )
        ends, words = [], []
        for segment in segments:
            if segment.no_speech_prob > 0.9:
                continue
            ends.append(self._began_s + segment.end)
            words += [(self._began_s + one.start, self._began_s + one.end, one.word) for one in segment.words or ()]
        new = self._behind(words)
        n_agreed = _n_equal(self._before, new)
        events = self._keep(new[:n_agreed])
        self._before = new[n_agreed:]
        if len(self._sound) > _LONGEST_S * SAMPLE_RATE_HZ:
            self._cut(ends)
        shown = "".join(word for _, _, word in (*self._stable, *self._before))
        n_stable = sum(len(word) for _, _, word in self._stable)
        return [*events, Partial(0.0, self._began_s + len(self._sound) / SAMPLE_RATE_HZ, shown, n_stable)]

    def _behind(self, words: Sequence[_Word]) -> list[_Word]:
        """Leave out the words that are stable already: by time, and those at the joint by their text."""
        if not self._stable:
            return list(words)
        end_s = self._stable[-1][1]
        new = [word for word in words if word[0] > end_s - _NEAR_S]
        for n in range(min(5, len(new), len(self._stable)), 0, -1):
            if new[0][0] < end_s + 1 and _n_equal(self._stable[-n:], new[:n]) == n:
                return new[n:]
        return new

    def _keep(self, words: Sequence[_Word]) -> list[Event]:
        self._stable += words
        return [Stable(words[0][0], words[-1][1], "".join(word for _, _, word in words))] if words else []

    def _cut(self, ends: Sequence[float]) -> None:
        whole = [end for end in ends[:-1] if self._stable and end <= self._stable[-1][1]]
        if whole:
            self._sound = self._sound[round((whole[-1] - self._began_s) * SAMPLE_RATE_HZ) :]
            self._began_s = whole[-1]

    def _prompt(self) -> str:
        text = "".join(word for _, end, word in self._stable if end <= self._began_s)
        return text[-_PROMPT_LETTERS:]


def _n_equal(one: Sequence[_Word], other: Sequence[_Word]) -> int:
    """Count the words at the beginning of which two texts agree."""
    n = 0
    for (_, _, a), (_, _, b) in zip(one, other, strict=False):
        if letters_of(a) != letters_of(b):
            break
        n += 1
    return n
