"""Live sound of one connection: samples go to a session step by step, and events come back.

While a step is done, samples wait; they go together into the next one, so that whoever falls behind catches up. Whoever
sends faster than that has to wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import numpy as np

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from ..errors import AudioError
from ..session import Session
from ..transcript.events import Event
from .work import Work

TakeEvents = Callable[[Sequence[Event]], None]
"""Function that takes the events of a step."""

_MOST_WAITING_S = 60.0
"""Seconds of sound that wait to be read; then who sends it has to wait, and what it sends behind it as well."""


class LiveSound:
    """The sound of one connection on its way through a session."""

    def __init__(self, session: Session, work: Work, take: TakeEvents, longest_s: float) -> None:
        self._session = session
        self._work = work
        self._take = take
        self._left = round(longest_s * SAMPLE_RATE_HZ)
        self._pieces: list[FloatArray] = []
        self._n_waiting = 0
        self._stepping: asyncio.Task[None] | None = None
        self._longest_s = longest_s

    async def feed(self, samples: FloatArray) -> None:
        """Take samples (n_samples,), mono at 16 kHz; this waits while too many wait to be read.

        Raises:
            AudioError: the session has had as much sound as it may.
        """
        self._left -= len(samples)
        if self._left < 0:
            raise AudioError(f"expected at most {self._longest_s:g} s of sound in one session, found more")
        if not len(samples):
            return
        self._pieces.append(samples)
        self._n_waiting += len(samples)
        if self._stepping is not None and self._stepping.done():
            await self._settled()  # an error comes through here
        if self._stepping is None:
            self._stepping = asyncio.create_task(self._steps())
        elif self._n_waiting > _MOST_WAITING_S * SAMPLE_RATE_HZ:
            await self._settled()

    async def finish(self) -> None:
        """Take the end of the sound, and wait until all of it is read."""
        await self._settled()
        self._take(await self._work.run(self._session.finish, live=True))

    async def close(self) -> None:
        """Give up the session, once nobody works on it."""
        if self._stepping is not None:
            self._stepping.cancel()
            await asyncio.wait([self._stepping])
            if not self._stepping.cancelled():
                self._stepping.exception()  # who feeds has been told, or has left
        self._session.close()

    async def _settled(self) -> None:
        while self._stepping is not None or self._pieces:
            stepping = self._stepping or asyncio.create_task(self._steps())
            self._stepping = stepping
            await asyncio.shield(stepping)
            if self._stepping is stepping:
                self._stepping = None

    async def _steps(self) -> None:
        while self._pieces:
            samples = np.concatenate(self._pieces)
            self._pieces, self._n_waiting = [], 0
            self._take(await self._work.run(partial(self._session.feed, samples), live=True))


@asynccontextmanager
async def live_sound(
    begin: Callable[[], Session], work: Work, take: TakeEvents, longest_s: float
) -> AsyncIterator[LiveSound]:
    """Begin a session; it is closed when the block ends, however that is."""
    session = await work.run(begin, live=True)
    sound = LiveSound(session, work, take, longest_s)
    try:
        yield sound
    finally:
        await sound.close()
