"""One connection: sound that is appended goes into a live session, and what is found there is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial

from ...arrays import FloatArray
from ...audio.mono import SAMPLE_RATE_HZ
from ...errors import EdgeError
from ...transcript.events import End, Event
from ..live import LiveSound, live_sound
from ..names import names_of
from ..pcm import PcmStream
from ..shared import Shared
from .asked import Asked, updated
from .items import Items
from .wire import Message, WireError, read_sound

Tell = Callable[[Message], None]
"""Function that has a message sent."""

_LEAST_COMMIT_S = 0.1


class Conversation:
    """What is said on one connection."""

    def __init__(self, shared: Shared, tell: Tell, session_id: str) -> None:
        self._shared, self._tell, self._id = shared, tell, session_id
        self._asked = self._used = Asked(model=shared.model.name)  # `_used` is of the sound that is open
        self._items = Items()
        self._stack = AsyncExitStack()  # of the sound that is open
        self._sound: LiveSound | None = None
        self._pcm = PcmStream()
        self._n_samples = 0  # at 16 kHz, of the sound that is open
        self._past_s = 0.0  # seconds of the sound before it

    @property
    def is_live(self) -> bool:
        """Whether sound is open."""
        return self._sound is not None

    def greet(self) -> None:
        """Tell what the session is."""
        self._tell({"type": "session.created", "session": self._described()})

    async def take(self, message: Message) -> None:
        """Take a message.

        Raises:
            WireError: it is none that can be taken; the conversation goes on.
            BusyError: there are as many live sessions as there may be.
            AudioError: the sound is longer than it may be.
        """
        kind = message["type"]
        if kind in ("session.update", "transcription_session.update"):
            await self._update(message, kind.replace("update", "updated"))
        elif kind == "input_audio_buffer.append":
            await self._append(read_sound(message))
        elif kind == "input_audio_buffer.commit":
            await self._commit()
        elif kind == "input_audio_buffer.clear":
            await self._drop()
            self._tell({"type": "input_audio_buffer.cleared"})
        else:
            raise WireError(f"there is no event {kind[:80]!r} in a session that transcribes", code="unknown_event")

    async def finish(self) -> None:
        """End the sound that is open: what was said in it gets its text."""
        if self._sound is None:
            return
        try:
            await self._feed(self._sound, self._pcm.finish())
            await self._sound.finish()
        except EdgeError as error:
            self._tell_all(self._items.failed(error))
            raise
        finally:
            await self.close()

    async def close(self) -> None:
        """Give up the sound that is open."""
        await self._stack.aclose()
        self._sound = None
        self._past_s += self._n_samples / SAMPLE_RATE_HZ
        self._n_samples = 0

    async def _update(self, message: Message, answer: str) -> None:
        """Take other settings, for the sound that is appended from now on."""
        model = self._shared.model
        self._asked = updated(self._asked, message.get("session"), names_of(model), model.languages)
        if self._sound is not None and self._used.kind is not None and self._asked != self._used:
            await self.finish()  # a client that commits begins with its next item
        self._tell({"type": answer, "session": self._described()})

    async def _append(self, data: bytes) -> None:
        if self._sound is None:
            if not data:
                return
            await self._begin()
        assert self._sound is not None
        try:
            await self._feed(self._sound, self._pcm.feed(self._used.rate_hz, 2, 1, data))
        except Exception as error:
            self._tell_all(self._items.failed(error))
            await self.close()
            raise

    async def _feed(self, sound: LiveSound, samples: FloatArray) -> None:
        self._n_samples += len(samples)
        await sound.feed(samples)

    async def _begin(self) -> None:
        self._used = self._asked
        self._stack = AsyncExitStack()
        self._stack.enter_context(self._shared.live.taken())
        begin = partial(self._shared.model.session, **self._used.settings())
        sound = live_sound(begin, self._shared.work, self._heard, self._shared.options.longest)
        try:
            self._sound = await self._stack.enter_async_context(sound)
        except BaseException:
            await self._stack.aclose()
            raise
        self._pcm = PcmStream()
        self._items.begin_sound(self._past_s, self._used.include, has_turns=self._used.kind is not None)

    async def _commit(self) -> None:
        if self._sound is None or self._n_samples < _LEAST_COMMIT_S * SAMPLE_RATE_HZ:
            raise WireError(
                f"expected at least {1000 * _LEAST_COMMIT_S:g} ms of sound to commit, found "
                f"{1000 * self._n_samples / SAMPLE_RATE_HZ:.0f} ms",
                code="input_audio_buffer_commit_empty",
            )
        if self._used.kind is None:
            self._tell_all(self._items.committed())
        n_told = self._items.n_ended
        await self.finish()
        if self._items.n_ended == n_told:  # nobody spoke, and who commits waits for an item
            self._tell_all(self._items.empty())

    async def _drop(self) -> None:
        self._items.drop()
        await self.close()

    def _heard(self, events: Sequence[Event]) -> None:
        self._tell_all(self._items.told(events))
        for event in events:
            if isinstance(event, End):
                self._shared.metrics.add("audio_seconds", event.duration, face="realtime")

    def _tell_all(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._tell(message)

    def _described(self) -> Message:
        return {"id": self._id, "object": "realtime.transcription_session", **self._asked.described()}
