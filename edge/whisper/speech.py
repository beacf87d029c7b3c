"""What the recording says where the decoder is not to be trusted: whether somebody speaks, and where.

Asked only in doubt, the detector costs ordinary clips nothing, not even the opening of its file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..audio import SAMPLE_RATE_HZ
from ..features import HOP_SAMPLES
from ..tokens import Tokenizer
from ..vad import FRAME_SAMPLES, Chunker, RegionFinder, SileroVad, VadOptions
from .decode import DecodedWindow
from .frames import FrameStream
from .guard import is_doubtful_segment, speech_needed_s, too_much
from .protocol import FloatArray
from .segments import Span

OpenVad = Callable[[], SileroVad | None]
"""Opens the detector when it is first needed; None where there is none."""


def no_vad() -> None:
    """There is no detector."""


_SHORT_SAMPLES = SAMPLE_RATE_HZ
_LEAD_IN_FRAMES = 4
"""Silence put before less than a second, whose first word the detector otherwise misses."""

_NEAR_S = 0.5
"""How far the times that Whisper writes may be off."""

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
        self._is_speech: NDArray[np.bool_] | None = None  # of the window at _seek, one for each 32 ms

    def bears_out(self, decoded: DecodedWindow, samples: FloatArray, seek: int) -> bool:
        """Whether the samples (n_samples,) of the window at `seek` hold the speech that its text needs.

        So they do where the text is in no doubt, and where there is no detector.
        """
        needed_s = speech_needed_s(decoded, len(samples) / SAMPLE_RATE_HZ, self._tokenizer)
        if not needed_s:
            return True
        is_speech = self._listen(samples, seek)
        if is_speech is None:
            return True
        heard_s = np.count_nonzero(is_speech) * FRAME_SAMPLES / SAMPLE_RATE_HZ
        n_tokens = sum(token < self._tokenizer.eot for token in decoded.tokens)
        return bool(heard_s >= needed_s) and not too_much(n_tokens, heard_s)

    def bears_out_segment(self, span: Span, samples: FloatArray, seek: int) -> bool:
        """Whether the window at `seek` holds any speech near a segment of its text, if that is in doubt.

        Where it holds none at all, it may be whispered, and `bears_out` has decided.
        """
        text = self._tokenizer.decode(span.tokens)
        if not is_doubtful_segment(span.tokens, text, span.end - span.start, self._tokenizer):
            return True
        is_speech = self._listen(samples, seek)
        if is_speech is None:
            return True
        first, last = ((at * SAMPLE_RATE_HZ) / FRAME_SAMPLES for at in (span.start - _NEAR_S, span.end + _NEAR_S))
        return bool(is_speech[max(0, math.floor(first)) : math.ceil(last)].any() or not is_speech.any())

    def _listen(self, samples: FloatArray, seek: int) -> NDArray[np.bool_] | None:
        """Which of the window's stretches of 32 ms are speech; None where there is no detector."""
        if seek != self._seek:
            self._seek, self._is_speech = seek, None
            vad = self._open_vad()
            if vad is not None:
                n_lead_in = _LEAD_IN_FRAMES if len(samples) < _SHORT_SAMPLES else 0
                led_in = np.concatenate([np.zeros(n_lead_in * FRAME_SAMPLES, np.float32), samples])
                self._is_speech = vad.probabilities(led_in)[n_lead_in:] >= self._threshold
        return self._is_speech


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
