"""Keeps a microphone open: watches its heartbeat, and opens it anew when it is gone."""

from __future__ import annotations

import threading
from collections import deque

from ...errors import MicrophoneError
from .child import now_s
from .clock import Block
from .process import Ended, Process, opened

HEARTBEAT_S = 1.0
"""Seconds without sound after which a stream counts as lost."""

_LOOK_S = 0.05
_MOST_PATIENCE_S = 8.0
_FIRST_REST_S, _MOST_REST_S = 0.1, 1.0
_AHEAD_S = 1.0

ENDED = "the microphone was disconnected, or the sound server ended"
SILENT = "the microphone gave nothing for a second: it was disconnected, suspended or taken by another program"


class Keeper:
    """A thread that has a microphone open, or tries to.

    A device that is open and gives nothing is left open longer each time, since it may only be suspended; one that
    cannot be opened is tried again after rests that grow.
    """

    def __init__(self, wanted: str | int | None, rate_hz: int | None) -> None:
        """Open the device.

        Raises:
            MicrophoneError: it is not there, or cannot be opened.
        """
        self._wanted, self._rate_hz = wanted, rate_hz
        self._stopping = threading.Event()
        process, self.device = opened(wanted, rate_hz, self._stopping)
        self.opened_s = now_s()
        """Clock when the device was open for the first time."""
        self.is_lost = False
        """Whether nothing comes at the moment."""
        self.loss = ""
        """Reason why nothing comes, or came."""
        self.has_news = threading.Event()
        """Event that is set when something has come."""
        self._has_room = threading.Event()
        self._taken: deque[Block | str] = deque()
        self._ahead_s = 0.0
        self._thread = threading.Thread(target=self._keep, args=(process,), name="edgewise-microphone", daemon=True)
        self._thread.start()

    def take(self) -> list[Block | str]:
        """Take what came, in order; before the sound of a new stream stands the reason why there is one."""
        self.has_news.clear()
        taken: list[Block | str] = []
        while self._taken:
            taken.append(self._taken.popleft())
        self._ahead_s = 0.0
        self._has_room.set()
        return taken

    def stop(self) -> None:
        """End it all; what has come can still be taken."""
        self._stopping.set()
        self._thread.join()

    def _keep(self, first: Process) -> None:
        process: Process | None = first
        patience_s = HEARTBEAT_S
        while process is not None:
            try:
                reason, has_heard = self._follow(process, patience_s)
            finally:
                process.end()
            patience_s = HEARTBEAT_S if has_heard else min(2 * patience_s, _MOST_PATIENCE_S)
            process = self._reopen(reason) if reason else None
            if process is not None:
                self._pass(reason)

    def _follow(self, process: Process, patience_s: float) -> tuple[str, bool]:
        """Pass on what comes, until nothing does.

        Gives the reason, "" where the end is wanted, and whether anything came.
        """
        silent_s, has_heard = 0.0, False
        while not self._stopping.is_set():
            if self._ahead_s >= _AHEAD_S:  # the process has more room, and counts what it has none for
                self._has_room.clear()
                self._has_room.wait(_LOOK_S)
                continue
            looked_s = now_s()
            said = process.read(_LOOK_S)
            for each in said:
                if isinstance(each, Ended):
                    return self._lose(ENDED), has_heard
                self._pass(each)
            if said:
                silent_s, has_heard, self.is_lost = 0.0, True, False
                continue
            # Where this thread was late, or the computer asleep, the sound may be just about to come.
            silent_s += min(now_s() - looked_s, 2 * _LOOK_S)
            if silent_s >= HEARTBEAT_S:
                self._lose(SILENT)
            if silent_s >= patience_s:
                return SILENT, has_heard
        return "", has_heard

    def _pass(self, item: Block | str) -> None:
        self._taken.append(item)
        if isinstance(item, Block):
            self._ahead_s += item.seconds
        self.has_news.set()

    def _lose(self, reason: str) -> str:
        if not self.is_lost:
            self.loss, self.is_lost = reason, True
            self.has_news.set()
        return reason

    def _reopen(self, reason: str) -> Process | None:
        """Try until the device is open again; None where the end is wanted."""
        rest_s = 0.0
        while not self._stopping.wait(rest_s):
            rest_s = min(2 * rest_s or _FIRST_REST_S, _MOST_REST_S)
            try:
                process, self.device = opened(self._wanted, self._rate_hz, self._stopping)
            except MicrophoneError:
                continue
            return process
        return None
