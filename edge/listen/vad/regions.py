"""Turns probabilities into stretches of speech, and those into chunks of at most one window, as they come.

Hysteresis and padding are Silero's own reading of its probabilities; the cut of long speech at its least likely
frame, and the merging of neighbors up to a window, are WhisperX's (Bain et al. 2023, "cut & merge").
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ...audio.mono import SAMPLE_RATE_HZ
from .options import VadOptions
from .silero import FRAME_SAMPLES

_SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a recording, in samples at 16 kHz."""

    start: int
    end: int
    """End, one past the last sample."""


class RegionFinder:
    """A finder of stretches of speech in a stream of probabilities; gives each as soon as its end is certain."""

    def __init__(self, options: VadOptions) -> None:
        self._threshold, self._silence_threshold = options.threshold, options.silence_threshold
        self._min_speech = options.min_speech_ms * _SAMPLES_PER_MS
        self._min_silence = options.min_silence_ms * _SAMPLES_PER_MS
        self._pad = options.speech_pad_ms * _SAMPLES_PER_MS
        self._max_frames = math.inf
        if math.isfinite(options.max_speech_s):
            self._max_frames = (round(options.max_speech_s * 1000 * _SAMPLES_PER_MS) - 2 * self._pad) // FRAME_SAMPLES
        self._n_frames = 0
        self._start: int | None = None  # frame at which somebody began to speak
        self._quiet: int | None = None  # frame at which a pause, or the end of speech, began
        self._scores: list[float] = []  # from _start on
        self._waiting: Region | None = None  # padded in front, not yet at its end

    @property
    def settled(self) -> int:
        """Sample before which no later region begins."""
        if self._waiting is not None:
            return self._waiting.start
        return max(0, self._next_start() - self._pad)

    def feed(self, probabilities: Iterable[float]) -> list[Region]:
        """Take the next frames' probabilities, and return the regions that are certain now, in order."""
        found: list[Region] = []
        for probability in probabilities:
            found += self._step(float(probability))
            if self._waiting is not None and self._next_start() - self._waiting.end >= 2 * self._pad:
                found.append(Region(self._waiting.start, self._waiting.end + self._pad))
                self._waiting = None
        return found

    def finish(self) -> list[Region]:
        """Return the regions that the end of the recording leaves; its last frame may reach past it."""
        found = self._close(self._n_frames if self._quiet is None else self._quiet) if self._start is not None else []
        if self._waiting is not None:
            end = min(self._waiting.end + self._pad, self._n_frames * FRAME_SAMPLES)
            found.append(Region(self._waiting.start, end))
            self._waiting = None
        return found

    def _step(self, probability: float) -> list[Region]:
        index = self._n_frames
        self._n_frames += 1
        if self._start is None:
            if probability >= self._threshold:
                self._start, self._quiet, self._scores = index, None, [probability]
            return []
        self._scores.append(probability)
        if probability >= self._threshold:
            self._quiet = None
        elif probability < self._silence_threshold and self._quiet is None:
            self._quiet = index
        if self._quiet is not None and (self._n_frames - self._quiet) * FRAME_SAMPLES >= self._min_silence:
            return self._close(self._quiet)
        if len(self._scores) >= self._max_frames:
            return self._cut()
        return []

    def _cut(self) -> list[Region]:
        """Divide the speech at the least likely frame of its second half."""
        assert self._start is not None
        middle = len(self._scores) // 2
        at = min(range(middle, len(self._scores)), key=self._scores.__getitem__)
        start, quiet, scores = self._start + at, self._quiet, self._scores[at:]
        found = self._close(start)
        self._start, self._scores = start, scores
        self._quiet = None if quiet is None else max(quiet, start)
        return found

    def _close(self, end_frame: int) -> list[Region]:
        """End the speech, and return the region before it, if that waited for the pause between them."""
        assert self._start is not None
        start, end = self._start * FRAME_SAMPLES, end_frame * FRAME_SAMPLES
        self._start, self._quiet, self._scores = None, None, []
        if end - start < max(self._min_speech, 1):
            return []
        before, self._waiting = self._waiting, Region(max(0, start - self._pad), end)
        if before is None:
            return []
        # The regions are near: each takes half of the pause.
        middle = (before.end + start) // 2
        self._waiting = Region(middle, end)
        return [Region(before.start, middle)]

    def _next_start(self) -> int:
        """Return the sample before which no speech begins that is still to be closed."""
        return (self._n_frames if self._start is None else self._start) * FRAME_SAMPLES


class Chunker:
    """Merges neighboring regions into chunks, each transcribed by itself, while they fit into one window."""

    def __init__(self, max_s: float = 30.0, max_gap_s: float = math.inf) -> None:
        """Begin without a chunk; `max_gap_s` is the longest pause that a chunk may hold."""
        self._max = round(max_s * 1000) * _SAMPLES_PER_MS
        self._max_gap = max_gap_s * 1000 * _SAMPLES_PER_MS
        self._open: Region | None = None
        self._settled = 0

    @property
    def settled(self) -> int:
        """Sample before which no later chunk begins."""
        return self._settled if self._open is None else self._open.start

    def feed(self, regions: Iterable[Region], settled: int) -> list[Region]:
        """Take the next regions, and return the chunks that are complete. No region to come begins before `settled`."""
        done: list[Region] = []
        for region in regions:
            if self._open is None:
                self._open = region
            elif self._fits(region.start, region.end):
                self._open = Region(self._open.start, region.end)
            else:
                done.append(self._open)
                self._open = region
        self._settled = settled
        if self._open is not None and not self._fits(settled, settled):
            done += self.finish()
        return done

    def finish(self) -> list[Region]:
        """Return the chunk that is still open, if there is one."""
        done = [] if self._open is None else [self._open]
        self._open = None
        return done

    def _fits(self, start: int, end: int) -> bool:
        assert self._open is not None
        return end - self._open.start <= self._max and start - self._open.end <= self._max_gap
