"""Reads a recording that was sent for words, in steps between which other work is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing
from typing import Any, BinaryIO

from ..arrays import FloatArray
from ..audio import AudioSource, open_audio
from ..audio.mono import SAMPLE_RATE_HZ
from ..errors import AudioError
from ..gaps import Gap
from ..recognizer import Recognizer
from ..session import Session
from ..transcript.events import End, Event, Final
from ..transcript.transcript import Transcript
from ..transcript.types import Segment
from .work import Work

_BLOCK_S = 10.0
"""Seconds of a recording that are read in a step."""


class _Reading:
    """A recording on its way through a session."""

    def __init__(self, model: Recognizer, file: BinaryIO, settings: Mapping[str, Any], longest_s: float) -> None:
        self._session: Session = model.session(**settings)
        try:
            self.source: AudioSource = open_audio(file, block_s=_BLOCK_S)
        except BaseException:
            self._session.close()
            raise
        self._blocks: Iterator[FloatArray] = iter(self.source)
        self._n_left = round(longest_s * SAMPLE_RATE_HZ)
        self._longest_s = longest_s

    def step(self) -> list[Event]:
        """Read the next block; the last step gives an `End`."""
        block = next(self._blocks, None)
        if block is None:
            return self._session.finish()
        self._n_left -= len(block)
        if self._n_left < 0:
            raise AudioError(f"expected a recording of at most {self._longest_s:g} s, found a longer one")
        return self._session.feed(block)

    def close(self) -> None:
        self._session.close()
        self.source.close()


async def events_of(
    model: Recognizer, file: BinaryIO, settings: Mapping[str, Any], work: Work, longest_s: float
) -> AsyncGenerator[Event | Transcript, None]:
    """Yield the events of a recording, and at its end the transcript.

    Raises:
        AudioError: it cannot be read, or is longer than `longest_s`.
        OptionError, UnsupportedModelError: the model cannot do what is asked.
    """
    reading = await work.run(lambda: _Reading(model, file, settings, longest_s))
    try:
        segments: list[Segment] = []
        gaps: list[Gap] = []
        end: End | None = None
        while end is None:
            for event in await work.run(reading.step):
                if isinstance(event, Final):
                    segments.append(event.segment)
                elif isinstance(event, Gap):
                    gaps.append(event)
                elif isinstance(event, End):
                    end = event
                yield event
        yield _transcript(segments, [*reading.source.gaps, *gaps], end)
    finally:
        reading.close()


def _transcript(segments: list[Segment], gaps: list[Gap], end: End) -> Transcript:
    text = "".join(segment.text for segment in segments).strip()
    ordered = tuple(sorted(gaps, key=lambda gap: (gap.start, gap.end)))
    return Transcript(
        *(text, end.language, tuple(segments), end.duration, end.timing, end.language_probabilities, end.peak, ordered)
    )


async def transcript_of(
    events: AsyncGenerator[Event | Transcript, None], has_left: Callable[[], Coroutine[Any, Any, None]]
) -> Transcript | None:
    """Wait for the transcript; None where whoever wants it leaves before."""
    gone = asyncio.ensure_future(has_left())
    reading = asyncio.ensure_future(_last(events))
    try:
        await asyncio.wait([reading, gone], return_when=asyncio.FIRST_COMPLETED)
        return reading.result() if reading.done() else None
    finally:
        for task in (gone, reading):
            task.cancel()
        await asyncio.wait([gone, reading])


async def _last(events: AsyncGenerator[Event | Transcript, None]) -> Transcript:
    async with aclosing(events) as all_of_them:
        async for event in all_of_them:
            if isinstance(event, Transcript):
                return event
    raise RuntimeError("the recording ended without saying so")
