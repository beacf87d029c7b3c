"""Decodes what libsndfile cannot (AAC, M4A, WebM, WMA, video files) through PyAV, where it is installed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from ..arrays import FloatArray
from ..errors import AudioError
from ..gaps import Gap
from .clocks import guessed_duration, last_stamp, leaps_by_intent, promised_end, zero_of
from .containers import Bytes, open_av
from .frames import ToMono
from .mono import SAMPLE_RATE_HZ, Opened
from .packets import Decoded, Decoder
from .timeline import MOST_SILENCE_S, Timeline
from .tracks import choose_track, describe_tracks

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

_LOG = logging.getLogger("edge.audio")

_SILENCE_SAMPLES = 30 * SAMPLE_RATE_HZ
_SHORTEST_LEAP_S = 0.15
"""Leaps of the time stamps shorter than this are filled with silence and not reported."""

_PAUSING_CODECS = {"opus": 0.5, "libopus": 0.5, "speex": 0.5}
"""Codecs that send nothing while nobody speaks, with the longest pause in seconds between two packets."""

_CUT_SHORT_S = 1.0
"""Seconds that may be missing of the promised length: headers round, and count what a codec pads."""


def open_with_pyav(file: BinaryIO, name: str, reason: str, track: int | None = None) -> Opened:
    """Open what libsndfile refused for `reason`; without PyAV the error names the extra that brings it.

    `track` counts audio tracks from 1.
    """
    try:
        import av  # noqa: F401
    except ImportError:
        raise AudioError(
            f"{name} is not audio that can be read here ({reason}): expected WAV, FLAC, OGG, MP3, AIFF or "
            'the like. If it is AAC, M4A, WebM or video: pip install "edgewise[codecs]"'
        ) from None
    source = Bytes(file)
    container = open_av(source, name, reason)
    try:
        stream = choose_track(container, track, name)
    except BaseException:
        container.close()
        raise

    def close() -> None:
        source.is_closed = True
        container.close()
        file.close()

    reading = _Reading(name, container, stream, source, is_chosen=track is not None)
    return Opened(name, reading.blocks(), reading.duration_s, close, reading.gaps)


class _Reading:
    """One audio track on its way to blocks: what is missing becomes silence and a gap."""

    def __init__(
        self, name: str, container: InputContainer, stream: AudioStream, source: Bytes, *, is_chosen: bool
    ) -> None:
        self.gaps: list[Gap] = []
        """Stretches that are missing, in order."""
        self._name = name
        self._container = container
        self._stream = stream
        self._source = source
        self._is_chosen = is_chosen  # or the user has been told of the others
        self._zero_s = zero_of(container)
        end_s = promised_end(container, stream, source)
        self._promised_s = None if end_s is None else end_s - self._zero_s
        self.duration_s = self._promised_s or guessed_duration(container)
        """Length in seconds, as far as the container states it."""
        self._leaps_by_intent = leaps_by_intent(container, source)
        self._timeline = Timeline(self._zero_s, self._promised_s)
        self._decoder = Decoder(container, stream, source)
        self._to_mono = ToMono(name)
        self._n_samples = 0

    def blocks(self) -> Iterator[FloatArray]:
        """Decode the track to mono at 16 kHz, with silence where the time stamps leave room."""
        for decoded, next_stamp_s in _with_next_stamp(self._decoder.frames()):
            if self._source.is_closed:
                return
            if self._n_samples:  # it is being read by now, not only tried
                self._mention_tracks()
            begins_s = self._timeline.at_s
            silence_s, leaps = self._place(decoded, next_stamp_s)
            ends_s = begins_s + silence_s
            self._note_gap(begins_s, ends_s, decoded.trouble, leaps=leaps and not self._leaps_by_intent)
            if silence_s:
                yield from self._counted(self._to_mono.flush())
                yield from self._counted(_silence(round(ends_s * SAMPLE_RATE_HZ) - self._n_samples))
            yield from self._counted(self._to_mono.feed(decoded.frame))
        if self._source.is_closed:
            return
        yield from self._counted(self._to_mono.flush())
        self._end()

    def _place(self, decoded: Decoded, next_stamp_s: float | None) -> tuple[float, bool]:
        """Give the seconds of silence before a frame, and whether its time stamp leaps over them."""
        frame = decoded.frame
        duration_s = frame.samples / frame.sample_rate
        lost_s = self._timeline.skip(decoded.lost_s)
        exactly = decoded.trouble is not None
        silence_s, leaps = self._timeline.place(decoded.stamp_s, duration_s, next_stamp_s, exactly=exactly)
        return lost_s + silence_s, leaps

    def _note_gap(self, begins_s: float, ends_s: float, trouble: str | None, *, leaps: bool) -> None:
        if trouble is None and (not leaps or ends_s <= begins_s or begins_s == 0):
            return  # clocks drift, and sound that begins later than the film loses nothing
        shortest_s = _PAUSING_CODECS.get(self._stream.codec_context.name, _SHORTEST_LEAP_S)
        if trouble is not None or ends_s - begins_s >= shortest_s:
            self.gaps.append(Gap(begins_s, ends_s, trouble or "packets are missing: the time stamps leap", "damage"))

    def _counted(self, blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
        for block in blocks:
            self._n_samples += len(block)
            yield block

    def _end(self) -> None:
        self._mention_tracks()
        decoder, failure, at_s = self._decoder, self._source.failure, self._timeline.at_s
        if failure is not None and not isinstance(failure, OSError):
            raise failure
        if not self._n_samples and (failure is not None or decoder.trouble is not None):
            codec = self._stream.codec_context.name
            raise AudioError(
                f"{self._name} cannot be decoded: {failure or decoder.trouble} ({decoder.n_bad} packets of {codec} "
                "were tried); get a complete copy of it, without encryption"
            )
        end_s = self._missing_until()
        if failure is not None:
            self.gaps.append(Gap(at_s, end_s, f"reading failed: {failure.strerror or failure}", "failure"))
        elif end_s > at_s:
            self.gaps.append(Gap(at_s, end_s, decoder.trouble or "cut short", "damage"))
        elif decoder.trouble is not None:
            self.gaps.append(Gap(at_s, at_s + decoder.bad_s, decoder.trouble, "damage"))
        self._tell()

    def _missing_until(self) -> float:
        """Find where the sound should have ended; where it did end if nothing shows that it was cut short."""
        at_s = self._timeline.at_s
        missing_s = (self._promised_s or 0.0) - at_s
        if not _CUT_SHORT_S < missing_s <= MOST_SILENCE_S:
            return at_s
        # A track may be shorter than its film: then the rest of the film is still there.
        film_s = last_stamp(self._container, at_s + self._zero_s) - self._zero_s
        return at_s if film_s > at_s + missing_s - _CUT_SHORT_S else at_s + missing_s

    def _mention_tracks(self) -> None:
        if self._is_chosen:
            return
        self._is_chosen = True
        tracks = self._container.streams.audio
        if len(tracks) > 1:
            number = 1 + [track.index for track in tracks].index(self._stream.index)
            _LOG.warning(
                "%s has %d audio tracks, of which track %d is read; choose another with --track N: %s",
                *(self._name, len(tracks), number, describe_tracks(tracks)),
            )

    def _tell(self) -> None:
        if self._timeline.disbelieved_s:
            _LOG.warning(
                "%s: time stamps leap by %.0f s in all, which is not plausible and is ignored; times may be off",
                *(self._name, self._timeline.disbelieved_s),
            )
        if self.gaps:
            first, missing_s = self.gaps[0], sum(gap.end - gap.start for gap in self.gaps)
            _LOG.warning(
                "%s is damaged or cut short: %.2f s are missing, the first at %.2f s (%s)",
                *(self._name, missing_s, first.start, first.reason),
            )


def _silence(n_samples: int) -> Iterator[FloatArray]:
    for start in range(0, n_samples, _SILENCE_SAMPLES):
        yield np.zeros(min(_SILENCE_SAMPLES, n_samples - start), np.float32)


def _with_next_stamp(frames: Iterator[Decoded]) -> Iterator[tuple[Decoded, float | None]]:
    """Pair each frame with the time stamp of the frame after it."""
    before = next(frames, None)
    if before is None:
        return
    for frame in frames:
        yield before, frame.stamp_s
        before = frame
    yield before, None
