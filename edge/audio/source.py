"""Opens a recording as a stream of samples, wherever it comes from: a path, a pipe, an array."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatArray
from ..errors import AudioError
from .levels import set_levels
from .mono import SAMPLE_RATE_HZ, Opened
from .options import ReadOptions

AudioInput: TypeAlias = "str | os.PathLike[str] | BinaryIO | NDArray[Any]"

_ARRAY_NAME = "the array of samples"
_ARRAY_BLOCK_SAMPLES = 30 * SAMPLE_RATE_HZ


class AudioSource:
    """A recording to iterate over once: blocks (n_samples,) of finite float32, mono at 16 kHz."""

    def __init__(self, opened: Opened) -> None:
        self.name = opened.name
        """Name of the recording in messages."""
        self.duration_s = opened.duration_s
        """Length in seconds, as far as it is known beforehand; for progress only."""
        self.gaps = opened.gaps
        """Stretches that turned out to be missing so far; complete once all blocks have been taken."""
        self.peak = 0.0
        """Magnitude of the loudest sample so far."""
        self._blocks = opened.blocks
        self._close = opened.close

    def __iter__(self) -> Iterator[FloatArray]:
        n_samples = 0
        try:
            columns = (block[:, None] for block in self._blocks)
            for column in set_levels(columns, SAMPLE_RATE_HZ, self.name, self.gaps):
                block = column[:, 0]
                if not len(block):
                    continue
                self.peak = max(self.peak, float(block.max()), -float(block.min()))
                n_samples += len(block)
                yield block
        finally:
            self.close()
        if not n_samples:
            raise AudioError(f"{self.name} holds no audio: expected speech, found zero seconds")

    def close(self) -> None:
        """Release the file behind the stream; harmless when already done."""
        self._close()

    def __enter__(self) -> AudioSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_audio(
    audio: AudioInput, *, raw: bool = False, track: int | None = None, block_s: float | None = None
) -> AudioSource:
    """Open a path, a binary file object (WAV, any other container, or raw 16 kHz s16le PCM) or samples.

    Samples are a float array (n_samples,), mono at 16 kHz. With `raw` files and file objects hold raw PCM, whatever
    they begin with. `track` is the audio track to take, counted from 1. With `block_s` no block has more seconds, and
    what comes through a pipe is given as it comes.
    """
    options = ReadOptions(track, raw, block_s)
    opened = _open(audio, options)
    if block_s is not None:
        opened = replace(opened, blocks=_cut(opened.blocks, max(1, round(block_s * SAMPLE_RATE_HZ))))
    return AudioSource(opened)


def _open(audio: AudioInput, options: ReadOptions) -> Opened:
    if isinstance(audio, np.ndarray):
        options.check_only_track(_ARRAY_NAME)
        return _open_array(audio)
    # Imported here: an array needs neither soundfile nor soxr.
    if isinstance(audio, (str, os.PathLike)):
        from .paths import open_path

        return open_path(Path(audio), options)
    if hasattr(audio, "read"):
        from .pipes import open_pipe

        return open_pipe(audio, options=options)
    raise AudioError(f"expected a path, a binary file object or a float32 array as audio, found {type(audio).__name__}")


def check_samples(samples: NDArray[Any], name: str) -> None:
    """Refuse an array that does not hold mono samples as floats.

    Raises:
        AudioError: the type or shape is a different one.
    """
    if not isinstance(samples, np.ndarray):
        raise AudioError(f"{name}: expected a float32 array of samples, found {type(samples).__name__}")
    if samples.dtype.kind != "f":
        raise AudioError(
            f"{name}: expected float32 samples between -1 and 1, found {samples.dtype}; "
            "for 16-bit PCM pass samples.astype(np.float32) / 32768"
        )
    if samples.ndim != 1:
        raise AudioError(
            f"{name}: expected mono samples of shape (n_samples,), found shape {samples.shape}; "
            "mix the channels down first, e.g. samples.mean(axis=1)"
        )


def _cut(blocks: Iterator[FloatArray], n_samples: int) -> Iterator[FloatArray]:
    """Cut blocks that have more than `n_samples`."""
    for block in blocks:
        for start in range(0, len(block), n_samples):
            yield block[start : start + n_samples]


def _open_array(samples: NDArray[Any]) -> Opened:
    check_samples(samples, _ARRAY_NAME)
    blocks = (
        np.ascontiguousarray(samples[start : start + _ARRAY_BLOCK_SAMPLES], dtype=np.float32)
        for start in range(0, len(samples), _ARRAY_BLOCK_SAMPLES)
    )
    return Opened(_ARRAY_NAME, blocks, len(samples) / SAMPLE_RATE_HZ)
