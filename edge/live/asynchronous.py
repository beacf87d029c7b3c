"""Sessions among other work of an event loop, such as a server's: sound is read in a thread beside it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from typing import TYPE_CHECKING, TypeVar

from ..gaps import Gap

if TYPE_CHECKING:
    from ..arrays import FloatArray
    from ..session import Session
    from ..transcript.events import Event

_T = TypeVar("_T")


async def alisten(session: Session, sound: AsyncIterable[FloatArray | Gap]) -> AsyncGenerator[Event, None]:
    """Yield the events of sound that comes in pieces, and of its end, as `Session.listen` does; then close the session.

    The loop goes on while sound is read for words. One piece is read at a time, in a thread, and the next is asked for
    after that. Who leaves the iteration or is cancelled gives up the session: leave with `contextlib.aclosing`, or the
    loop closes it when it gets to it.
    """
    try:
        async for piece in sound:
            found = _skipped(session, piece) if isinstance(piece, Gap) else _fed(session, piece)
            for event in await _in_thread(found):
                yield event
        for event in await _in_thread(session.finish):
            yield event
    finally:
        session.close()


def _fed(session: Session, samples: FloatArray) -> Callable[[], list[Event]]:
    return lambda: session.feed(samples)


def _skipped(session: Session, gap: Gap) -> Callable[[], list[Event]]:
    return lambda: session.skip(gap)


async def _in_thread(work: Callable[[], _T]) -> _T:
    """Wait for work in a thread; cancelled, this waits as well, since a session belongs to one thread at a time."""
    import asyncio  # few programs use it, and every one would pay for the import

    task = asyncio.ensure_future(asyncio.to_thread(work))
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    task.exception()  # nobody asks for it any more
    raise cancelled
