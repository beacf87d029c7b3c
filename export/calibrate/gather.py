"""Calibration: the moments of a model's inputs, from recordings of speech and the model's own words for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ, open_audio
from edge.progress import Progress, silent
from edge.whisper.features import FRAMES_PER_SECOND, raw_log_mel, window_features
from edge.whisper.file.dims import FRAMES_PER_POSITION

from ..checkpoint.types import Checkpoint
from ..errors import CalibrationError
from .forward import Forward
from .moments import Moments, MomentSum
from .recordings import Recording
from .words import OwnWords

MOST_SECONDS = 1200
"""Seconds of speech to listen to: more changes nothing that shows, and takes as long again."""

_SHORTEST_S = 0.1


def gather_moments(
    checkpoint: Checkpoint,
    recordings: Sequence[Recording],
    progress: Progress | None = None,
    most_s: float = MOST_SECONDS,
) -> Moments:
    """Run the checkpoint over the first `most_s` seconds of the recordings, taken from each in turn, and sum up.

    Of each window there is what the runtime encodes: the clip and the landmarks of the padding behind it. The decoder
    reads the model's own greedy transcript, with timestamps and without.

    Raises:
        AudioError: a recording cannot be read.
        CalibrationError: nothing in them is long enough.
    """
    tell = progress or silent
    tell("calibrating", 0, 0)
    run = _Run(checkpoint)
    clips = clips_of(recordings, checkpoint.dims.n_audio_ctx * FRAMES_PER_POSITION / FRAMES_PER_SECOND)
    total_s = min(round(most_s), length_s(recordings))
    done_s = 0.0
    for samples in clips:
        run.add(samples)
        done_s += len(samples) / SAMPLE_RATE_HZ
        tell("calibrating (seconds of speech)", min(round(done_s), total_s), total_s)
        if done_s >= most_s:
            break
    if not done_s:
        raise CalibrationError(f"the recordings are all shorter than {_SHORTEST_S} s; expected minutes of speech")
    return run.total.mean()


def length_s(recordings: Sequence[Recording]) -> int:
    """Sum up the seconds of all recordings; 0 where one does not tell its length."""
    seconds = []
    for recording in recordings:
        with open_audio(recording.path) as source:
            seconds.append(source.duration_s)
    return round(sum(length or 0.0 for length in seconds)) if None not in seconds else 0


def clips_of(recordings: Sequence[Recording], window_s: float) -> Iterator[FloatArray]:
    """Give a window of each recording, then the second of each that has one, and so on."""
    streams = [_windows(recording.path, round(window_s * SAMPLE_RATE_HZ)) for recording in recordings]
    while streams:
        left = []
        for stream in streams:
            window = next(stream, None)
            if window is not None:
                left.append(stream)
                yield window
        streams = left


def _windows(path: Path, n_samples: int) -> Iterator[FloatArray]:
    """Cut a recording into windows; it is opened anew for each, so that many recordings need few open files."""
    number = 0
    while True:
        with open_audio(path) as source:
            window = _window(iter(source), number * n_samples, n_samples)
        if len(window) < _SHORTEST_S * SAMPLE_RATE_HZ:
            return
        yield window
        number += 1


def _window(blocks: Iterator[FloatArray], first: int, n_samples: int) -> FloatArray:
    parts = [np.zeros(0, np.float32)]
    at = 0
    for block in blocks:
        parts.append(block[max(0, first - at) : max(0, first + n_samples - at)])
        at += len(block)
        if at >= first + n_samples:
            break
    return np.concatenate(parts)


class _Run:
    """A checkpoint at work, in float32."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.total = MomentSum()
        self._dims = checkpoint.dims
        self._mel_filters = checkpoint.mel_filters
        self._words = OwnWords(checkpoint)
        self._forward = Forward(checkpoint.dims, checkpoint.tensors, self.total, self._words.tail)

    def add(self, samples: FloatArray) -> None:
        """Count a clip of at most a window."""
        n_window = self._dims.n_audio_ctx * FRAMES_PER_POSITION
        raw = raw_log_mel(samples, self._mel_filters)[:n_window]
        heard = self._forward.encode(window_features(raw, n_window), self._words.n_positions(len(raw)))
        for tokens, _ in self._words.listen(raw).values():
            self._forward.decode(tokens, heard)
