"""The stretch of a recording that a window is read from."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays import FloatArray
from .features import FRAMES_PER_SECOND, HOP_SAMPLES


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch of a recording, at most one window long."""

    seek: int
    """Mel frame of the recording at which the stretch begins."""
    n_frames: int
    """Number of frames that begin in the stretch."""
    raw: FloatArray
    """Raw mel frames (n, n_mels); at the end of a recording a few more than `n_frames`, which reach past the end."""
    samples: FloatArray
    """Samples (n_samples,) in which the frames begin."""
    end_s: float
    """Second of the recording beyond which no text of the stretch reaches."""

    def part(self, first: int, stop: int) -> Sound:
        """Give the part from frame `first` of the stretch to before frame `stop`."""
        stop = min(stop, self.n_frames)
        raw = self.raw[first:] if stop == self.n_frames else self.raw[first:stop]
        samples = self.samples[first * HOP_SAMPLES : stop * HOP_SAMPLES]
        end_s = self.end_s if stop == self.n_frames else (self.seek + stop) / FRAMES_PER_SECOND
        return Sound(self.seek + first, stop - first, raw, samples, end_s)
