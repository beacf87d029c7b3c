"""Keeps a microphone open: watches its heartbeat, and opens it anew when it is gone."""

from __future__ import annotations

import threading
from collections import deque
from types import ModuleType

from ...errors import MicrophoneError
from .calls import has_hung
from .devices import Device, choose, listed
from .portaudio import look_again
from .ring import Block
from .stream import Stream, now_s, open_stream

HEARTBEAT_S = 1.0
"""Seconds without sound after which a stream counts as lost."""

_LOOK_S = 0.05
_MOST_PATIENCE_S = 8.0
_FIRST_REST_S, _MOST_REST_S = 0.1, 1.0
_FAILURES_BEFORE_LOOKING = 4

ENDED = "the microphone was disconnected, or the sound server ended"
SILENT = "the microphone gave nothing for a second: it was disconnected, suspended or taken by another program"


class Keeper:
    """A thread that has a microphone open, or tries to.

    Streams follow each other, and a reader takes their sound in order. A device that is open and gives nothing is left
    open longer each time, since it may only be suspended; one that cannot be opened is tried again after rests that
    grow.
    """

    def __init__(self, module: ModuleType, wanted: str | int | None, rate_hz: int | None) -> None:
        """Open the device.

        Raises:
            MicrophoneError: it is not there, or cannot be opened.
        """
        self._module = module
        self._wanted, self._rate_hz = wanted, rate_hz
        self.device: Device = choose(wanted, listed(module))
        """Device that was opened last."""
        self.is_lost = False
        """Whether nothing comes at the moment."""
        self.loss = ""
        """Reason why nothing comes, or came."""
        self._streams: deque[Stream] = deque([open_stream(module, self.device, rate_hz, "")])
        self._begun: Stream | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="edgewise-microphone", daemon=True)
        self._thread.start()

    def take(self) -> list[Block | str]:
        """Take the sound that came, in order; before that of a new stream stands the reason why there is one."""
        taken: list[Block | str] = []
        while self._streams:
            stream = self._streams[0]
            is_over = stream.is_over  # asked before the ring is read: what comes later is not missed
            blocks = stream.ring.read()
            if blocks and self._begun is not stream:
                if stream.reason:
                    taken.append(stream.reason)
                self._begun = stream
            taken += blocks
            if not is_over or len(self._streams) == 1:
                break
            self._streams.popleft()
        return taken

    def stop(self) -> None:
        """End it all; what has come can still be taken."""
        self._stopping.set()
        self._thread.join()

    def _keep(self) -> None:
        patience_s = HEARTBEAT_S
        stream: Stream | None = self._streams[-1]
        while stream is not None:
            reason = self._watch(stream, patience_s)
            patience_s = HEARTBEAT_S if stream.is_alive else min(2 * patience_s, _MOST_PATIENCE_S)
            stream.close()
            if not reason:
                return
            stream = self._reopen(reason)

    def _watch(self, stream: Stream, patience_s: float) -> str:
        """Wait while sound comes, and tell why it does not any more; "" where the end is wanted."""
        heard_s, looked_s, silent_s = stream.last_s, now_s(), 0.0
        while not self._stopping.wait(_LOOK_S):
            if stream.has_ended:
                return self._lose(ENDED)
            # Where this thread was late, or the computer asleep, the sound may be just about to come.
            silent_s += min(now_s() - looked_s, 2 * _LOOK_S)
            looked_s = now_s()
            if stream.last_s != heard_s:
                heard_s, silent_s = stream.last_s, 0.0
            if silent_s >= HEARTBEAT_S:
                self._lose(SILENT)
                if silent_s >= patience_s:
                    return SILENT
            elif stream.is_alive:
                self.is_lost = False
        return ""

    def _lose(self, reason: str) -> str:
        if not self.is_lost:
            self.is_lost, self.loss = True, reason
        return reason

    def _reopen(self, reason: str) -> Stream | None:
        """Try until the device is open again; None where the end is wanted."""
        rest_s, n_failures = 0.0, 0
        while not self._stopping.wait(rest_s):
            rest_s = min(2 * rest_s or _FIRST_REST_S, _MOST_REST_S)
            try:
                self.device = self._find(anew=n_failures % _FAILURES_BEFORE_LOOKING == _FAILURES_BEFORE_LOOKING - 1)
                stream = open_stream(self._module, self.device, self._rate_hz, reason)
            except (MicrophoneError, self._module.PortAudioError):
                n_failures += 1
                continue
            self._streams.append(stream)
            return stream
        return None

    def _find(self, *, anew: bool) -> Device:
        """Find the device; one that is plugged in again has another number, and is unknown until PortAudio looks."""
        try:
            if not anew:
                return choose(self._wanted, listed(self._module))
        except MicrophoneError:
            pass  # it may be there by now
        if not has_hung():
            look_again(self._module)
        return choose(self._wanted, listed(self._module))
