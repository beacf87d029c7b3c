"""Finds turns of speech while sound comes in: where somebody begins, pauses, goes on and has ended.

Decisions hang on what is heard in each frame alone, so the same sound has the same turns however fast and in whatever
pieces it comes. A turn without a pause is cut where it is least likely to be inside a word: long texts take longer to
read, and more so above 15 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..audio.mono import SAMPLE_RATE_HZ
from ..listen.vad.silero import FRAME_SAMPLES
from .hearing import HeardFrame

Kind = Literal["begin", "pause", "resume", "end", "cut"]

SPEECH, SILENCE = 0.5, 0.35
"""Probabilities at which speech begins, and below which it ends."""

_FRAMES_PER_S = SAMPLE_RATE_HZ / FRAME_SAMPLES
_LEAD_FRAMES = round(0.3 * _FRAMES_PER_S)
"""Frames before the first that sounds like speech that belong to a turn: consonants are quiet."""
_PAUSE_FRAMES = round(0.2 * _FRAMES_PER_S)
"""Frames of silence after which a turn may be over, so that its text is read while the silence goes on."""

_CUTS = ((15.0, 0.16), (20.0, 0.06))
"""Seconds from which on a turn is cut at its longest pause, if that has as many seconds."""
_LONGEST_S = 27.0
"""Seconds after which a turn is cut at the frame that is least like speech."""
_LEAST_BEFORE_S, _LEAST_AFTER_S = 5.0, 0.5
"""Seconds that are left of a turn before and after a cut, at least."""
_LATE_FRAMES = 4
"""Frames by which the detector may be late to hear that somebody stops or begins."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that happened in a turn of speech."""

    kind: Kind
    at: int
    """Sample at which it happened, counted from the first that the finder was shown."""


class TurnFinder:
    """A finder of turns in the detector's probabilities of one stream."""

    def __init__(self, endpoint_s: float, *, cuts: bool = True) -> None:
        """Begin in silence; a turn ends after `endpoint_s` of silence, and with `cuts` long ones are cut."""
        self.endpoint_s = endpoint_s
        self._cuts = cuts
        self._n_frames = 0
        self._begin: int | None = None  # frame with which the turn begins; None in silence
        self._spoken = 0  # frame after the last one of speech
        self._is_speech = False
        self._is_paused = False
        self._paused = 0  # frame at which it paused
        self._ended = 0  # frame up to which the last turn was read
        self._heard: list[HeardFrame] = []  # of the turn

    @property
    def silence_s(self) -> float:
        """Seconds since somebody last spoke; 0 while somebody speaks, and before anybody has."""
        if self._is_speech or not self._spoken:
            return 0.0
        return (self._n_frames - self._spoken) / _FRAMES_PER_S

    @property
    def is_paused(self) -> bool:
        """Whether the turn may be over by now."""
        return self._is_paused

    def heard_s(self, first: int = 0) -> float:
        """Count the seconds that sound like speech in the turn, from a sample on."""
        if self._begin is None:
            return 0.0
        heard = self._heard[max(0, first // FRAME_SAMPLES - self._begin) :]
        return sum(frame.probability >= SPEECH for frame in heard) / _FRAMES_PER_S

    def step(self, frame: HeardFrame) -> list[Turn]:
        """Take what is heard in the next frame, and return what happened, in order."""
        index = self._n_frames
        self._n_frames += 1
        if self._begin is None:
            if frame.probability < SPEECH:
                return []
            self._begin = max(self._ended, index - _LEAD_FRAMES)
            self._heard = [HeardFrame(0.0, 0.0)] * (index - self._begin) + [frame]
            self._spoken, self._is_speech, self._is_paused = index + 1, True, False
            return [Turn("begin", self._begin * FRAME_SAMPLES)]
        self._heard.append(frame)
        return [*self._hear(frame.probability), *self._cut()]

    def _hear(self, probability: float) -> list[Turn]:
        now = self._n_frames * FRAME_SAMPLES
        if probability >= (SILENCE if self._is_speech else SPEECH):
            self._spoken, self._is_speech = self._n_frames, True
            was_paused, self._is_paused = self._is_paused, False
            return [Turn("resume", now)] if was_paused else []
        self._is_speech = False
        silent = self._n_frames - self._spoken
        found = []
        if silent >= _PAUSE_FRAMES and not self._is_paused:
            self._is_paused, self._paused = True, self._n_frames
            found.append(Turn("pause", now))
        if silent >= self.endpoint_s * _FRAMES_PER_S:
            self._begin, self._ended, self._is_paused = None, self._paused, False
            found.append(Turn("end", now))
        return found

    def _cut(self) -> list[Turn]:
        """Cut a turn that is long by now; what follows the cut is a turn of its own."""
        heard = self._heard
        seconds = len(heard) / _FRAMES_PER_S
        if self._begin is None or not self._cuts or self._is_paused or seconds < _CUTS[0][0]:
            return []
        first, stop = round(_LEAST_BEFORE_S * _FRAMES_PER_S), len(heard) - round(_LEAST_AFTER_S * _FRAMES_PER_S)
        pause = _longest_pause(heard, first, stop)
        least_s = min(least for from_s, least in _CUTS if seconds >= from_s)
        if pause is not None and (pause[1] - pause[0]) / _FRAMES_PER_S >= least_s:
            at = _quietest(heard, pause[0] - _LATE_FRAMES, pause[1] - 1)
        elif seconds >= _LONGEST_S:
            at = _quietest(heard, len(heard) // 3, stop)
        else:
            return []
        self._begin += at
        self._heard = heard[at:]
        return [Turn("cut", self._begin * FRAME_SAMPLES)]


def _longest_pause(heard: Sequence[HeardFrame], first: int, stop: int) -> tuple[int, int] | None:
    """Find the longest run of frames unlike speech between two frames, the later one of two that are equal."""
    best: tuple[int, int] | None = None
    begin: int | None = None
    for index in range(first, stop + 1):
        if index < stop and heard[index].probability < SILENCE:
            begin = index if begin is None else begin
        elif begin is not None:
            if best is None or index - begin >= best[1] - best[0]:
                best = (begin, index)
            begin = None
    return best


def _quietest(heard: Sequence[HeardFrame], first: int, stop: int) -> int:
    """Find the frame that is quietest with those next to it."""

    def power(index: int) -> float:
        return sum(frame.power for frame in heard[index - 1 : index + 2])

    return min(range(max(first, 1), stop), key=power)
