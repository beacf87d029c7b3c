"""Sessions and readers of recordings whose segments are joined as they come."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from ..arrays import FloatArray
from ..audio.pieces import SoundPieces, pieces_of
from ..gaps import Gap
from ..session import Reader, Session
from ..transcript.events import Event
from .joining import PAUSE_S, Joiner


class Recording(Reader, Protocol):
    """A reader that is closed at its end."""

    def close(self) -> None:
        """Give up the recording; harmless after its end."""
        ...


class JoinedRecording:
    """A reader of a recording (edge.session.Reader) whose segments are joined."""

    def __init__(self, inner: Recording, joiner: Joiner) -> None:
        self._inner = inner
        self._joiner = joiner

    @property
    def done_s(self) -> float:
        """Seconds of the sound that have been read for words."""
        return self._inner.done_s

    def feed(self, samples: FloatArray) -> list[Event]:
        """Take samples (n_samples,), mono at 16 kHz, of any number; gives what is sure by now."""
        return self._joiner.pass_on(self._inner.feed(samples))

    def finish(self) -> list[Event]:
        """Take the end of the sound; gives the rest, the last of which is an `End`."""
        return self._joiner.pass_on(self._inner.finish())

    def close(self) -> None:
        """Give up the recording; harmless after its end."""
        self._inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class JoinedSession(JoinedRecording):
    """A session (edge.session.Session) whose segments are joined."""

    def __init__(self, inner: Session, joiner: Joiner) -> None:
        super().__init__(inner, joiner)
        self._session = inner

    @property
    def quiet_s(self) -> float:
        """Seconds at the end of the sound in which nobody speaks; 0 where that is not listened for."""
        return self._session.quiet_s

    def feed(self, samples: FloatArray) -> list[Event]:
        """Take samples (n_samples,), mono at 16 kHz, of any number; gives what is sure by now.

        After a pause nothing is held: what follows is not joined to what was said before.
        """
        events = super().feed(samples)
        return [*events, *self._joiner.release()] if self.quiet_s >= PAUSE_S else events

    def skip(self, gap: Gap) -> list[Event]:
        """Take note that sound is missing; what was said before is not joined to what comes."""
        events = self._joiner.pass_on(self._session.skip(gap))
        return [*events, *self._joiner.release()]

    def ahead(self) -> list[Event]:
        """Return what `finish` would give if the sound ended here; the session goes on as if nobody had asked."""
        twin = self._joiner.copy()
        return [*twin.pass_on(self._session.ahead()), *twin.release()]

    def listen(self, sound: SoundPieces) -> Iterator[Event]:
        """Yield the events of sound that comes in pieces, such as from a microphone, and of its end."""
        for piece in pieces_of(sound):
            yield from self.skip(piece) if isinstance(piece, Gap) else self.feed(piece)
        yield from self.finish()
