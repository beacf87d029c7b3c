"""What the recording says where the decoder is not to be trusted: whether somebody speaks, and where.

Asked only in doubt, the detector costs ordinary clips nothing, not even the opening of its file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..audio import SAMPLE_RATE_HZ
from ..features import HOP_SAMPLES
from ..tokens import Tokenizer
from ..vad import FRAME_SAMPLES, Chunker, RegionFinder, SileroVad, VadOptions
from .decode import DecodedWindow
from .frames import FrameStream
from .guard import speech_needed_s, too_much
from .protocol import FloatArray

OpenVad = Callable[[], SileroVad | None]
"""Opens the detector when it is first needed; None where there is none."""


def no_vad() -> None:
    """There is no detector."""


_SHORT_SAMPLES = SAMPLE_RATE_HZ
_LEAD_IN_SAMPLES = 4 * FRAME_SAMPLES
"""Silence put before less than a second, whose first word the detector otherwise misses."""

_MOST_IN_CHUNK_S = 30.0
_LONGEST_PAUSE_S = 3.0
"""A chunk holds no longer pause: it is there that Whisper writes what nobody says."""


class Listener:
    """Listens to the windows of one recording, where their text is in doubt."""

    def __init__(self, open_vad: OpenVad, threshold: float, tokenizer: Tokenizer) -> None:
        self._open_vad = open_vad
        self._threshold = threshold
        self._tokenizer = tokenizer
        self._seek = -1
        self._heard_s: float | None = None

    def bears_out(self, decoded: DecodedWindow, samples: FloatArray, seek: int) -> bool:
        """Whether the samples (n_samples,) of the window at `seek` hold the speech that its text needs.

        So they do where the text is in no doubt, and where there is no detector.
        """
        needed_s = speech_needed_s(decoded, len(samples) / SAMPLE_RATE_HZ, self._tokenizer)
        if not needed_s:
            return True
        if seek != self._seek:
            self._seek, self._heard_s = seek, self.speech_s(samples)
        if self._heard_s is None:
            return True
        n_tokens = sum(token < self._tokenizer.eot for token in decoded.tokens)
        return self._heard_s >= needed_s and not too_much(n_tokens, self._heard_s)

    def speech_s(self, samples: FloatArray) -> float | None:
        """Seconds of speech in samples (n_samples,); None where there is no detector."""
        vad = self._open_vad()
        if vad is None:
            return None
        if len(samples) < _SHORT_SAMPLES:
            samples = np.concatenate([np.zeros(_LEAD_IN_SAMPLES, np.float32), samples])
        n_frames = int(np.count_nonzero(vad.probabilities(samples) >= self._threshold))
        return n_frames * FRAME_SAMPLES / SAMPLE_RATE_HZ


def speech_chunks(frames: FrameStream, vad: SileroVad, options: VadOptions) -> Iterator[tuple[int, int]]:
    """Where to look for words: (start, stop) in mel frames, in order, each at most one window long.

    Reads the recording as far ahead as the chunk needs; what lies between chunks is forgotten.
    """
    stream, finder, chunker = vad.stream(), RegionFinder(options), Chunker(_MOST_IN_CHUNK_S, _LONGEST_PAUSE_S)
    while True:
        samples = frames.read_ahead()
        if samples is None:
            chunks = chunker.feed(finder.feed(stream.finish().tolist()) + finder.finish(), finder.settled)
            chunks += chunker.finish()
        else:
            chunks = chunker.feed(finder.feed(stream.feed(samples).tolist()), finder.settled)
        for chunk in chunks:
            yield chunk.start // HOP_SAMPLES, min(chunk.end // HOP_SAMPLES, frames.n_content)
        if samples is None:
            return
        frames.forget(chunker.settled // HOP_SAMPLES)
