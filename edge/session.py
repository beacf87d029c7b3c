"""Sessions, into which sound is pushed piece by piece; a whole recording is transcribed by feeding it to one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from .arrays import FloatArray
from .audio.pieces import SoundPieces
from .audio.source import AudioSource
from .gaps import Gap
from .live.options import LiveSettings
from .options import Settings
from .progress import Progress
from .transcript.events import End, Event, Final
from .transcript.transcript import Transcript
from .transcript.types import Segment

OnSegment = Callable[[Segment], None]


class SessionSettings(Settings, LiveSettings, total=False):
    """Settings of a session: of transcription, and where it is live, of that."""


class Reader(Protocol):
    """The part of a session that reads a recording, which is fed to it from its first sample to its end."""

    @property
    def done_s(self) -> float:
        """Seconds of the sound that have been read for words."""
        ...

    def feed(self, samples: FloatArray) -> list[Event]:
        """Take samples (n_samples,), mono at 16 kHz, of any number, and return what was found by now."""
        ...

    def finish(self) -> list[Event]:
        """Take the end of the sound, and return the rest, the last of which is an `End`."""
        ...


class Session(Reader, Protocol):
    """A recording that comes in piece by piece. A session belongs to one thread at a time, and starts no threads."""

    @property
    def quiet_s(self) -> float:
        """Seconds at the end of the sound in which nobody speaks; 0 where that is not listened for."""
        ...

    def skip(self, gap: Gap) -> list[Event]:
        """Take note that sound is missing, and return it with what was found by now; what comes is `gap` later."""
        ...

    def ahead(self) -> list[Event]:
        """Return what `finish` would return if the sound ended here; the session goes on as if nobody had asked."""
        ...

    def listen(self, sound: SoundPieces) -> Iterator[Event]:
        """Yield the events of sound that comes in pieces, such as from a microphone, and of its end."""
        ...

    def close(self) -> None:
        """Give up the session; harmless after its end."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def transcribe(
    session: Reader,
    source: AudioSource,
    *,
    on_segment: OnSegment | None = None,
    progress: Progress | None = None,
    load_s: float = 0.0,
) -> Transcript:
    """Feed a recording to a session, from its first sample to its end.

    `on_segment` is called with each segment as it is found, and `progress` with the seconds that are done; `load_s` is
    passed on into the result's timing.
    """
    began = time.perf_counter()
    total_s = round(source.duration_s or 0)
    gathered = Gathered(on_segment)
    done_s = 0.0
    blocks = _Timed(source)
    for events in _batches(session, blocks):
        gathered.add(events)
        if progress is not None and session.done_s > done_s:
            done_s = session.done_s
            progress("transcribe", int(done_s), total_s)
    found = gathered.transcript(source.peak, source.gaps)
    timing = replace(found.timing, load_s=load_s, audio_s=blocks.seconds, total_s=time.perf_counter() - began)
    return replace(found, timing=timing)


class Gathered:
    """Events of a recording, which are made into its transcript."""

    def __init__(self, on_segment: OnSegment | None = None) -> None:
        """Begin; `on_segment` is called with each segment."""
        self._on_segment = on_segment
        self._segments: list[Segment] = []
        self._gaps: list[Gap] = []
        self._end: End | None = None

    def add(self, events: Iterable[Event]) -> None:
        """Take what comes next."""
        for event in events:
            if isinstance(event, Final):
                self._segments.append(event.segment)
                if self._on_segment is not None:
                    self._on_segment(event.segment)
            elif isinstance(event, Gap):
                self._gaps.append(event)
            elif isinstance(event, End):
                self._end = event

    def transcript(self, peak: float, damage: Iterable[Gap]) -> Transcript:
        """Make the transcript of a recording with this peak, of which `damage` is missing."""
        end = self._end
        if end is None:
            raise RuntimeError("the session ended without saying so")
        return Transcript(
            text="".join(segment.text for segment in self._segments).strip(),
            language=end.language,
            segments=tuple(self._segments),
            duration=end.duration,
            timing=end.timing,
            language_probabilities=end.language_probabilities,
            peak=peak,
            notes=end.notes,
            gaps=tuple(sorted([*damage, *self._gaps], key=lambda gap: (gap.start, gap.end))),
        )


def segments_of(session: Reader, source: AudioSource) -> Iterator[Segment]:
    """Yield the segments of `transcribe`, each as soon as it is found; the recording is read as they are taken."""
    for events in _batches(session, source):
        for event in events:
            if isinstance(event, Final):
                yield event.segment


def _batches(session: Reader, blocks: Iterable[FloatArray]) -> Iterator[list[Event]]:
    for block in blocks:
        yield session.feed(block)
    yield session.finish()


class _Timed:
    """Blocks, and the time that it took to get them."""

    def __init__(self, blocks: Iterable[FloatArray]) -> None:
        self._blocks = blocks
        self.seconds = 0.0
        """Seconds spent waiting for blocks."""

    def __iter__(self) -> Iterator[FloatArray]:
        began = time.perf_counter()
        for block in self._blocks:
            self.seconds += time.perf_counter() - began
            yield block
            began = time.perf_counter()
        self.seconds += time.perf_counter() - began
