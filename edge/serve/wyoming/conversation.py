"""One connection of Wyoming: what is asked for, sound, and a transcript when the sound ends.

Sound is read while it comes, so that little is left to do when it stops. Without `transcribe`, the peer is told as well
when somebody begins and stops to speak, which is what a detector of voices does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from wyoming.asr import Transcribe, Transcript, TranscriptChunk, TranscriptStart, TranscriptStop
from wyoming.event import Event as WireEvent
from wyoming.event import async_write_event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong

from ...errors import OptionError
from ...languages import language_code
from ...listen.detector import Detector
from ...lists import MOST_LETTERS, MOST_WORDS
from ...live.options import ENDPOINTS
from ...session import Session
from ...transcript.events import End, Event, Final, Stable
from ..live import LiveSound, live_sound
from ..pcm import PcmStream
from ..shared import Shared
from .voice import Voice

_START, _CHUNK, _STOP = "audio-start", "audio-chunk", "audio-stop"
"""Events of sound; the library's classes for them drag in a module that Python has given up."""
_SLOWEST_WRITE_S = 10.0


class Conversation:
    """What is said on one connection."""

    def __init__(self, shared: Shared, info: Info, detector: Detector, writer: asyncio.StreamWriter) -> None:
        self._shared, self._info, self._detector, self._writer = shared, info, detector, writer
        self._wanted: Transcribe | None = None
        self._stack = AsyncExitStack()  # of the sound that comes
        self._sound: LiveSound | None = None
        self._pcm = PcmStream()
        self._voice: Voice | None = None
        self._told: asyncio.Queue[WireEvent] = asyncio.Queue()
        self._n_chunks = 0
        self._text = self._language = ""

    async def take(self, event: WireEvent) -> None:
        """Take an event; kinds that are not known are passed over."""
        if Describe.is_type(event.type):
            await self._send(self._info.event())
        elif Ping.is_type(event.type):
            await self._send(Pong(text=Ping.from_event(event).text).event())
        elif Transcribe.is_type(event.type):
            self._wanted = Transcribe.from_event(event)
        elif event.type == _START:
            await self._begin()
        elif event.type == _CHUNK:
            await self._hear(event)
        elif event.type == _STOP:
            await self._finish()
        await self._tell()

    async def close(self) -> None:
        """Give up what is being said."""
        await self._stack.aclose()
        self._sound = None

    async def _begin(self) -> None:
        """Begin a session for the sound that follows."""
        await self.close()
        self._stack = AsyncExitStack()
        self._stack.enter_context(self._shared.live.taken())
        settings = _settings_of(self._wanted, self._shared.model.languages)
        begin = partial(self._open, settings)
        sound = live_sound(begin, self._shared.work, self._heard, self._shared.options.longest)
        self._sound = await self._stack.enter_async_context(sound)
        self._pcm, self._n_chunks, self._text, self._language = PcmStream(), 0, "", ""

    def _open(self, settings: dict[str, Any]) -> Session:
        endpoint_s = _endpoint_s(self._wanted)
        if endpoint_s is not None:
            vad = self._detector.open(must=True)
            assert vad is not None
            self._voice = Voice(vad, endpoint_s)
        else:
            self._voice = None
        return self._shared.model.session(endpoint=None, trim=True, **settings)

    async def _hear(self, event: WireEvent) -> None:
        if self._sound is None:
            await self._begin()
        assert self._sound is not None
        data = event.data
        samples = self._pcm.feed(data.get("rate"), data.get("width"), data.get("channels"), event.payload or b"")
        if self._voice is not None:
            for told in await self._shared.work.run(partial(self._voice.feed, samples), live=True):
                self._told.put_nowait(told)
        await self._sound.feed(samples)

    async def _finish(self) -> None:
        """Send the transcript, exactly one; of no sound it is empty."""
        if self._sound is not None:
            await self._sound.feed(self._pcm.finish())
            await self._sound.finish()
        if self._voice is not None:
            for told in self._voice.finish():
                self._told.put_nowait(told)
        await self.close()
        await self._tell()
        if self._n_chunks:
            await self._send(TranscriptStop().event())
        await self._send(Transcript(text=self._text.strip(), language=self._language or None).event())
        self._n_chunks, self._text, self._language, self._wanted = 0, "", "", None

    def _heard(self, events: Sequence[Event]) -> None:
        """Take what was found in the sound."""
        for event in events:
            if isinstance(event, Stable):
                if not self._n_chunks:
                    self._told.put_nowait(TranscriptStart().event())
                self._n_chunks += 1
                self._told.put_nowait(TranscriptChunk(text=event.text).event())
            elif isinstance(event, Final):
                self._text += event.segment.text
            elif isinstance(event, End):
                self._language = event.language
                self._shared.metrics.add("audio_seconds", event.duration, face="wyoming")

    async def _tell(self) -> None:
        while not self._told.empty():
            await self._send(self._told.get_nowait())

    async def _send(self, event: WireEvent) -> None:
        async with asyncio.timeout(_SLOWEST_WRITE_S):
            await async_write_event(event, self._writer)


def _settings_of(wanted: Transcribe | None, languages: Sequence[str]) -> dict[str, Any]:
    """Turn a request into settings; OptionError where it cannot be fulfilled."""
    settings: dict[str, Any] = {}
    if wanted is None:
        return settings
    if isinstance(wanted.language, str) and wanted.language:
        code = language_code(wanted.language)
        if code not in languages:
            raise OptionError(f"the model knows {', '.join(languages)}, not {code!r}: load another with --model")
        settings["language"] = code
    words = [*_words(wanted.transcript_names), *_words(wanted.transcript_terms)]
    if words:
        settings["vocabulary"] = tuple(dict.fromkeys(words))[:MOST_WORDS]
    return settings


def _words(given: object) -> list[str]:
    """Return words of a list; a name that is another form of itself comes as an object with a text."""
    found = given if isinstance(given, list) else []
    named = (one.get("name") or one.get("text") if isinstance(one, dict) else one for one in found[:MOST_WORDS])
    return [word.strip() for word in named if isinstance(word, str) and 0 < len(word.strip()) <= MOST_LETTERS]


def _endpoint_s(wanted: Transcribe | None) -> float | None:
    """Return the silence after which somebody has stopped; None where the peer does not ask when."""
    if wanted is None:
        return ENDPOINTS["default"]
    sensitivity = str(getattr(wanted.vad_sensitivity, "value", wanted.vad_sensitivity))
    return ENDPOINTS.get(sensitivity)
