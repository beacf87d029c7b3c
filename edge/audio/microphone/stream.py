"""One open stream of PortAudio: its callback, its heartbeat, and an end that cannot hang."""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any

from ...arrays import FloatArray
from ...errors import MicrophoneError
from .calls import within
from .devices import Device
from .ring import Ring

OPEN_WITHIN_S = 5.0
"""Seconds after which opening a device is given up; some sleep."""

_CLOSE_WITHIN_S = 1.0
_LATENCY_S = 0.08
_USUAL_RATES_HZ = (48000, 44100, 16000)
_MOST_CHANNELS = 2
_INVALID_RATE, _INVALID_CHANNELS = -9997, -9998


def now_s() -> float:
    """Read the clock that never goes back, and goes on while the computer sleeps where the system has such a one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Stream:
    """A stream of a device, from the moment in which it is open; PortAudio's thread fills its ring."""

    def __init__(self, module: ModuleType, device: Device, rate_hz: int, n_channels: int, reason: str) -> None:
        """Open the device; `reason` says why a new stream was needed.

        Raises:
            PortAudioError: it cannot be opened so.
        """
        self.reason = reason
        self.ring = Ring(rate_hz, n_channels)
        self.last_s = now_s()
        """Clock when sound came last, or when the stream was opened."""
        self.is_alive = False
        """Whether sound has come."""
        self.has_ended = False
        """Whether PortAudio has ended it by itself."""
        self.is_over = False
        """Whether nothing will come any more."""
        self._module = module
        self._stream: Any = module.InputStream(
            samplerate=rate_hz,
            channels=n_channels,
            dtype="float32",
            # Blocks of one size would leave frames over, and PortAudio 19.6 and 19.7 with some left loop for ever in
            # their thread when ALSA's device fails. A quarter of the latency, 20 ms, comes at a time all the same.
            blocksize=0,
            latency=_LATENCY_S,
            device=device.index,
            callback=self._take,
            finished_callback=self._end,
        )
        try:
            self._stream.start()
        except module.PortAudioError:
            self._stream.close(ignore_errors=True)
            raise

    def _take(self, samples: FloatArray, n_frames: int, times: Any, status: Any) -> None:
        """Take frames in PortAudio's thread, which must neither wait nor fail."""
        if self.is_over:
            return
        self.last_s = now = now_s()
        self.is_alive = True
        self.ring.write(samples, now, overflowed=bool(status.input_overflow))

    def _end(self) -> None:
        self.has_ended = True

    def close(self) -> None:
        """End the stream; nothing comes from now on, even where PortAudio does not end it in time."""
        self.is_over = True
        within(_CLOSE_WITHIN_S, self._module, self._abort)

    def _abort(self) -> None:
        # Not stop(), which waits for ever for what a dead source should still give.
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)


def open_stream(module: ModuleType, device: Device, rate_hz: int | None, reason: str) -> Stream:
    """Open a device at its own rate, or at another one where it refuses that.

    Raises:
        MicrophoneError: it cannot be opened, or not in time.
    """
    attempt = within(OPEN_WITHIN_S, module, lambda: _open(module, device, rate_hz, reason), Stream.close)
    if attempt.error is not None:
        raise MicrophoneError(f"the microphone {device.name!r} cannot be opened: {attempt.error}") from attempt.error
    if attempt.result is None:
        raise MicrophoneError(f"the microphone {device.name!r} did not open within {OPEN_WITHIN_S:g} s; is it in use?")
    return attempt.result


def _open(module: ModuleType, device: Device, rate_hz: int | None, reason: str) -> Stream:
    rates = dict.fromkeys([rate_hz or device.rate_hz, device.rate_hz, *_USUAL_RATES_HZ])
    channels = dict.fromkeys([min(device.n_channels, _MOST_CHANNELS), 1, device.n_channels])
    refusal: Exception | None = None
    for rate in rates:
        for n_channels in channels:
            try:
                return Stream(module, device, rate, n_channels, reason)
            except module.PortAudioError as error:
                if error.args[-1] not in (_INVALID_RATE, _INVALID_CHANNELS):
                    raise
                refusal = refusal or error
    raise refusal or MicrophoneError(f"no rate of {device.name!r} is known")
