"""Sessions in an event loop: it goes on, one piece is read at a time, and what is left is closed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pytest

import edge
from edge.arrays import FloatArray
from edge.audio.pieces import SoundPieces
from edge.gaps import Gap
from edge.live import alisten
from edge.session import Session
from edge.transcript.events import End, Event, Final, Silence
from edge.transcript.types import Timing


class Counting:
    """A session that counts samples, slowly, and knows who works on it."""

    done_s = quiet_s = 0.0

    def __init__(self, slow_s: float = 0.02) -> None:
        self.slow_s = slow_s
        self.is_closed = self.was_disturbed = False
        self.threads: set[int] = set()
        self._lock = threading.Lock()
        self._n_samples = 0

    def feed(self, samples: FloatArray) -> list[Event]:
        with self._lock:
            self.threads.add(threading.get_ident())
            time.sleep(self.slow_s)
            if np.isnan(samples).any():
                raise ValueError("no numbers")
            self._n_samples += len(samples)
            return [Silence(float(self._n_samples))]

    def skip(self, gap: Gap) -> list[Event]:
        return [gap]

    def finish(self) -> list[Event]:
        return [End("en", float(self._n_samples), Timing())]

    def ahead(self) -> list[Event]:
        return []

    def listen(self, sound: SoundPieces) -> Iterator[Event]:
        yield from ()

    def close(self) -> None:
        self.was_disturbed = self.was_disturbed or self._lock.locked()
        self.is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


GAP = Gap(1.0, 2.0, "unplugged", "lost")


async def pieces(n: int = 3) -> AsyncIterator[FloatArray | Gap]:
    for number in range(n):
        yield np.zeros(10 * (number + 1), np.float32)
        await asyncio.sleep(0)
    yield GAP


async def events_of(session: Session, sound: AsyncIterator[FloatArray | Gap]) -> list[Event]:
    return [event async for event in alisten(session, sound)]


def test_events_come_in_order_and_the_session_is_closed() -> None:
    session = Counting()
    found = asyncio.run(events_of(session, pieces()))
    assert found == [Silence(10.0), Silence(30.0), Silence(60.0), GAP, End("en", 60.0, Timing())]
    assert session.is_closed
    assert threading.get_ident() not in session.threads


def test_the_loop_goes_on_meanwhile() -> None:
    async def main() -> int:
        n_turns = 0
        listening = asyncio.ensure_future(events_of(Counting(slow_s=0.1), pieces()))
        while not listening.done():
            await asyncio.sleep(0.01)
            n_turns += 1
        return n_turns

    assert asyncio.run(main()) > 5


@pytest.mark.parametrize("n_cancels", [1, 3])
def test_a_cancelled_one_is_closed_once_nobody_works_on_it(n_cancels: int) -> None:
    session = Counting(slow_s=0.2)

    async def main() -> None:
        listening = asyncio.ensure_future(events_of(session, pieces()))
        for _ in range(n_cancels):
            await asyncio.sleep(0.05)
            listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening

    asyncio.run(main())
    assert session.is_closed
    assert not session.was_disturbed


def test_one_that_is_left_is_closed() -> None:
    session = Counting()

    async def main() -> None:
        async with aclosing(alisten(session, pieces())) as events:
            async for _ in events:
                break

    asyncio.run(main())
    assert session.is_closed


def test_an_error_comes_through_and_closes_it() -> None:
    async def bad() -> AsyncIterator[FloatArray | Gap]:
        yield np.full(10, np.nan, np.float32)

    session = Counting()
    with pytest.raises(ValueError, match="no numbers"):
        asyncio.run(events_of(session, bad()))
    assert session.is_closed


def test_two_real_sessions_beside_each_other(tiny_en_int8: Path, jfk_clip: Path) -> None:
    model = edge.load(tiny_en_int8)
    expected = model.transcribe(jfk_clip, vad=False).segments

    async def sound() -> AsyncIterator[FloatArray | Gap]:
        with edge.open_audio(jfk_clip, block_s=0.5) as source:
            for piece in source:
                yield piece
                await asyncio.sleep(0)

    async def main() -> list[list[Event]]:
        return await asyncio.gather(*(events_of(model.session(vad=False), sound()) for _ in range(2)))

    for events in asyncio.run(main()):
        assert tuple(event.segment for event in events if isinstance(event, Final)) == expected
