"""A microphone to iterate over: sound as it comes, and a record of all that did not come."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from math import inf
from types import TracebackType
from typing import Self

import numpy as np

from ...arrays import FloatArray
from ...errors import OptionError
from ...gaps import Gap
from ..mono import SAMPLE_RATE_HZ
from .child import now_s
from .clock import PAUSED, Clock, Heard
from .devices import Device
from .keeper import Keeper
from .levels import LevelWatch
from .pieces import Captured, Notice, Piece
from .tape import Tape

_LOG = logging.getLogger("edge.audio")

WAKE_S = 0.1
"""Seconds after which an iteration goes on although nothing has come."""

_POLL_S = 0.01
_GATHER_S = 0.03
"""Seconds for which more sound is waited for: small pieces cost more of the processor than large ones."""
_LAST_WITHIN_S = 0.2


class Microphone:
    """A microphone, open from `with` on; iterating over it gives sound, gaps and notices in their order.

    The index of a sample is the only clock. Sound that did not come, for whatever reason, is a `Gap` as long as the
    time that passed, and the sound behind it has the index that it would have without. Where nothing comes, an empty
    `Captured` does every tenth of a second, so that who iterates can look at other things. 30 s are kept for one who
    does not come back for more in time; then the newest sound is lost, and a gap says so.
    """

    def __init__(self, device: str | int | None = None, *, rate_hz: int | None = None) -> None:
        """Choose a device by its number, or by its name or a part of it; None takes the default of the system.

        It is opened at `rate_hz`, or at the rate that it prefers.

        Raises:
            OptionError: no device has such a rate.
        """
        if rate_hz is not None and not 1000 <= rate_hz <= 768000:
            raise OptionError(f"rate_hz is {rate_hz}; expected 1000 to 768000, or None for the device's own")
        self._wanted, self._rate_hz = device, rate_hz
        self._keeper: Keeper | None = None
        self._stopping = threading.Event()
        self._clock, self._tape, self._levels = Clock(now_s()), Tape(), LevelWatch()
        self._ready: deque[Piece] = deque()
        self._is_lost = self._is_finished = False
        self._stopped_s, self._news_s = inf, -inf

    def __enter__(self) -> Self:
        """Open the device.

        Raises:
            MicrophoneError: it is not there or cannot be opened, or a library for it is missing.
        """
        if self._keeper is not None:
            raise RuntimeError("a microphone makes one recording; make another one")
        self._keeper = Keeper(self._wanted, self._rate_hz)
        self._clock = Clock(self._keeper.opened_s)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._keeper is not None:
            self._keeper.stop()

    @property
    def device(self) -> Device:
        """Device that was opened last; it changes when the default does while the microphone is gone."""
        return self._open_keeper().device

    @property
    def position(self) -> int:
        """Index of the sample that comes next."""
        return self._tape.end

    def stop(self) -> None:
        """Let the iteration end after what has been said by now; any thread may call this."""
        self._stopped_s = min(self._stopped_s, now_s())
        self._stopping.set()

    def __iter__(self) -> Iterator[Piece]:
        keeper = self._open_keeper()
        woke_s = time.monotonic()
        while True:
            while self._ready:  # an iteration that is left and begun again goes on where it was
                yield self._ready.popleft()
                woke_s = time.monotonic()
            if self._is_finished:
                return
            self._fill(keeper)
            late_s = time.monotonic() - woke_s
            if not self._ready and late_s >= WAKE_S:
                self._ready.append(Captured(np.zeros(0, np.float32), self._tape.end))
            elif not self._ready and not self._is_finished:
                has_news = keeper.has_news.wait(_POLL_S if self._stopping.is_set() else WAKE_S - late_s)
                self._stopping.wait(_GATHER_S if has_news else 0)

    def sound(self, on_notice: Callable[[Notice], object] | None = None) -> Iterator[FloatArray | Gap]:
        """Yield samples and gaps alone, as `Session.listen` takes them; notices go to `on_notice`, or into the log."""
        for piece in self:
            if isinstance(piece, Captured):
                yield piece.samples
            elif isinstance(piece, Gap):
                yield piece
            elif on_notice is not None:
                on_notice(piece)
            else:
                _LOG.warning("%s", piece.text)

    def _fill(self, keeper: Keeper) -> None:
        """Take what has come since the last time, and the rest where the end is wanted."""
        is_last = self._stopping.is_set() and self._is_all_heard(keeper)
        if is_last:
            keeper.stop()
        taken = keeper.take()
        if taken:
            self._news_s = now_s()
        for item in taken:
            self._place(self._clock.begin(item) if isinstance(item, str) else self._clock.feed(item))
        if is_last:
            self._place(self._clock.finish(self._stopped_s, keeper.loss if keeper.is_lost else PAUSED))
            self._keep(self._tape.cut())
            self._is_finished = True
            return
        self._place(self._clock.wait(now_s()))
        if keeper.is_lost != self._is_lost and (keeper.is_lost or not self._clock.is_waiting):
            self._is_lost = keeper.is_lost
            self._ready.append(self._lost_or_back(keeper))

    def _is_all_heard(self, keeper: Keeper) -> bool:
        """Whether what was said before the end was wanted has come, or will not come."""
        late_s = now_s() - max(self._stopped_s, self._news_s)
        return late_s > _LAST_WITHIN_S or keeper.is_lost or self._clock.heard_s >= self._stopped_s

    def _place(self, heard: list[Heard]) -> None:
        for each in heard:
            self._keep(self._tape.feed(each))

    def _keep(self, pieces: Iterable[Captured | Gap]) -> None:
        for piece in pieces:
            self._ready.append(piece)
            self._ready.extend(self._levels.feed(piece))

    def _lost_or_back(self, keeper: Keeper) -> Notice:
        at_s = self._tape.end / SAMPLE_RATE_HZ
        if self._is_lost:
            return Notice("lost", at_s, f"{keeper.loss}; it is opened again as soon as it is there")
        return Notice("back", at_s, f"the microphone {keeper.device.name!r} gives sound again")

    def _open_keeper(self) -> Keeper:
        if self._keeper is None:
            raise RuntimeError("the microphone is not open: use it in a with statement")
        return self._keeper
