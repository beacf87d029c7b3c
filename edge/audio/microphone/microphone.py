"""A microphone to iterate over: sound as it comes, and a record of all that did not come."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np

from ...gaps import Gap
from ..mono import SAMPLE_RATE_HZ
from .clock import PAUSED, Clock, Heard
from .devices import Device
from .keeper import Keeper
from .levels import LevelWatch
from .pieces import Captured, Notice, Piece
from .portaudio import sounddevice
from .stream import now_s
from .tape import Tape

WAKE_S = 0.1
"""Seconds after which an iteration goes on although nothing has come."""

_POLL_S = 0.01


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
        """
        self._wanted, self._rate_hz = device, rate_hz
        self._keeper: Keeper | None = None
        self._stopping = threading.Event()
        self._clock, self._tape, self._levels = Clock(now_s()), Tape(), LevelWatch()
        self._is_lost = self._is_finished = False

    def __enter__(self) -> Self:
        """Open the device.

        Raises:
            MicrophoneError: it is not there or cannot be opened, or a library for it is missing.
        """
        self._keeper = Keeper(sounddevice(), self._wanted, self._rate_hz)
        self._clock = Clock(now_s())
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
        self._stopping.set()

    def __iter__(self) -> Iterator[Piece]:
        keeper = self._open_keeper()
        woke_s = time.monotonic()
        while not self._is_finished:
            is_last = self._stopping.is_set()
            for piece in self._pieces(keeper, is_last):
                woke_s = time.monotonic()
                yield piece
            if is_last:
                self._is_finished = True
            elif time.monotonic() - woke_s >= WAKE_S:
                woke_s = time.monotonic()
                yield Captured(np.zeros(0, np.float32), self._tape.end)
            else:
                time.sleep(_POLL_S)

    def _pieces(self, keeper: Keeper, is_last: bool) -> Iterator[Piece]:
        """Give what has come since the last time, and the rest where it `is_last`."""
        if is_last:
            keeper.stop()
        for item in keeper.take():
            yield from self._placed(self._clock.begin(item) if isinstance(item, str) else self._clock.feed(item))
        now = now_s()
        yield from self._placed(
            self._clock.finish(now, keeper.loss if keeper.is_lost else PAUSED) if is_last else self._clock.wait(now)
        )
        if is_last:
            yield from self._watched(self._tape.cut())
        elif keeper.is_lost != self._is_lost and (keeper.is_lost or not self._clock.is_waiting):
            self._is_lost = keeper.is_lost
            yield self._lost_or_back(keeper)

    def _placed(self, heard: list[Heard]) -> Iterator[Piece]:
        for each in heard:
            yield from self._watched(self._tape.feed(each))

    def _watched(self, pieces: Iterator[Captured | Gap]) -> Iterator[Piece]:
        for piece in pieces:
            yield piece
            yield from self._levels.feed(piece)

    def _lost_or_back(self, keeper: Keeper) -> Notice:
        at_s = self._tape.end / SAMPLE_RATE_HZ
        if self._is_lost:
            return Notice("lost", at_s, f"{keeper.loss}; it is opened again as soon as it is there")
        return Notice("back", at_s, f"the microphone {keeper.device.name!r} gives sound again")

    def _open_keeper(self) -> Keeper:
        if self._keeper is None:
            raise RuntimeError("the microphone is not open: use it in a with statement")
        return self._keeper
