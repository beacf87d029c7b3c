"""The program that holds a microphone open, in a process of its own, which can be ended whatever PortAudio does.

PortAudio hangs on dead devices, loops for ever when a sound server ends, and crashes now and then. Here that costs
nobody anything: this process is killed, and another one opens what is there then. Nor does a busy interpreter ever keep
the callback waiting.

It is run as a file, and imports nothing but the standard library and sounddevice, so that it is there at once. It reads
lines of JSON and writes messages: a letter, the length of what follows, and that. First `D`, the devices that there
are; then it waits for the number and the rates of the one to open. `O` says how it was opened, `R` why it was refused,
`B` is a block of sound, and `E` says that PortAudio ended the stream.
"""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import struct
import sys
import threading
import time
from array import array
from collections.abc import Iterator
from typing import Any

HEAD = struct.Struct("<cI")
"""Head of a message: its letter, and the length of what follows."""

BLOCK_HEAD = struct.Struct("<dIQ?")
"""Head of a block: clock, number of frames, frames lost before them for want of room, whether PortAudio lost some."""

RING_S = 30
"""Seconds of sound that are kept for a reader who does not come. What comes beyond that is lost, and counted."""

_LATENCY_S = 0.08
_BLOCKS_PER_S = 400
_SAMPLE_BYTES = 4
_MOST_CHANNELS = 2
_INVALID_RATE, _INVALID_CHANNELS = -9997, -9998


def now_s() -> float:
    """Read the clock that never goes back, and goes on while the computer sleeps where the system has such a one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Ring:
    """A ring through which sound passes from PortAudio's thread to another one, with no lock and no new memory."""

    def __init__(self, n_frames: int, frame_bytes: int, n_blocks: int) -> None:
        self._frame_bytes = frame_bytes
        self._sound = memoryview(bytearray(n_frames * frame_bytes))
        self._sizes, self._dropped = array("q", bytes(8 * n_blocks)), array("q", bytes(8 * n_blocks))
        self._times, self._overflowed = array("d", bytes(8 * n_blocks)), bytearray(n_blocks)
        # Counts since the beginning, each written by one side only, and by the writer last: what it covers is there.
        self._n_bytes_in = self._n_bytes_out = 0
        self._n_blocks_in = self._n_blocks_out = 0
        self._n_dropped = 0

    def write(self, frames: memoryview, n_frames: int, time_s: float, *, overflowed: bool) -> None:
        """Put frames in, or count them where there is no room."""
        n, size = len(frames), len(self._sound)
        at = self._n_blocks_in % len(self._sizes)
        room = size - (self._n_bytes_in - self._n_bytes_out)
        if n > room or self._n_blocks_in - self._n_blocks_out == len(self._sizes):
            self._n_dropped += n_frames
            return
        start = self._n_bytes_in % size
        n_first = min(n, size - start)
        self._sound[start : start + n_first] = frames[:n_first]
        self._sound[: n - n_first] = frames[n_first:]
        self._sizes[at], self._times[at], self._overflowed[at] = n_frames, time_s, overflowed
        self._dropped[at], self._n_dropped = self._n_dropped, 0
        self._n_bytes_in += n
        self._n_blocks_in += 1

    def read(self) -> Iterator[bytes]:
        """Take what is in the ring, block by block, each with its head."""
        while self._n_blocks_out < self._n_blocks_in:
            at = self._n_blocks_out % len(self._sizes)
            n_frames, size = self._sizes[at], len(self._sound)
            start, n = self._n_bytes_out % size, n_frames * self._frame_bytes
            head = BLOCK_HEAD.pack(self._times[at], n_frames, self._dropped[at], bool(self._overflowed[at]))
            frames = b"".join((self._sound[start : start + n], self._sound[: max(0, start + n - size)]))
            self._n_bytes_out += n
            self._n_blocks_out += 1
            yield head + frames


class Output:
    """The pipe to the program that asked."""

    def __init__(self) -> None:
        """Keep it for messages: what libraries print goes elsewhere."""
        self._descriptor = os.dup(1)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)

    def send(self, letter: bytes, data: bytes) -> None:
        """Send a message."""
        view = memoryview(HEAD.pack(letter, len(data)) + data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def tell(self, letter: bytes, **facts: object) -> None:
        """Send facts."""
        self.send(letter, json.dumps(facts).encode())


def load() -> Any:
    """Import sounddevice, which starts PortAudio; RuntimeError says what is missing for that."""
    try:
        import sounddevice
    except ImportError as error:
        raise RuntimeError(f"a microphone needs sounddevice ({error}): pip install 'edgewise[mic]'") from error
    except OSError as error:
        raise RuntimeError(
            f"a microphone needs PortAudio's library ({error}): apt install libportaudio2, "
            "or what your system calls it (portaudio)"
        ) from error
    except Exception as error:  # PortAudioError, of the module that could not be imported
        raise RuntimeError(
            f"PortAudio cannot start ({error}): the sound configuration is broken; look at ~/.asoundrc, "
            "/etc/asound.conf and what `arecord -l` says"
        ) from error
    return sounddevice


def listed(module: Any) -> list[dict[str, object]]:
    """List the devices that record."""
    systems = module.query_hostapis()
    try:
        default = module.query_devices(kind="input")["index"]
    except (module.PortAudioError, ValueError):  # there is none
        default = -1
    return [
        {
            "index": index,
            "name": found["name"],
            "system": systems[found["hostapi"]]["name"],
            "rate_hz": round(found["default_samplerate"]),
            "n_channels": found["max_input_channels"],
            "is_default": index == default,
        }
        for index, found in enumerate(module.query_devices())
        if found["max_input_channels"] > 0
    ]


class Stream:
    """A stream of a device, whose sound goes into a ring."""

    def __init__(self, module: Any, index: int, rate_hz: int, n_channels: int) -> None:
        self._wake_by, self._woken_by = os.pipe()
        os.set_blocking(self._woken_by, False)
        frame_bytes = n_channels * _SAMPLE_BYTES
        self._ring = Ring(RING_S * rate_hz, frame_bytes, RING_S * _BLOCKS_PER_S)
        self._has_ended = False
        self._stream = module.RawInputStream(
            samplerate=rate_hz,
            channels=n_channels,
            dtype="float32",
            # Blocks of one size would leave frames over, with which PortAudio up to 19.7 loops for ever when a device
            # of ALSA fails. A quarter of the latency, 20 ms, comes at a time all the same.
            blocksize=0,
            latency=_LATENCY_S,
            device=index,
            callback=self._take,
            finished_callback=self._end,
        )
        self._stream.start()

    def send_to(self, output: Output) -> None:
        """Send all that comes, to the end of the stream."""
        while not self._has_ended:
            select.select([self._wake_by], [], [])
            os.read(self._wake_by, 1 << 16)
            for block in self._ring.read():
                output.send(b"B", block)
        output.send(b"E", b"")

    def _take(self, frames: Any, n_frames: int, times: object, status: Any) -> None:
        """Take frames in PortAudio's thread, which must not wait."""
        self._ring.write(memoryview(frames), n_frames, now_s(), overflowed=bool(status.input_overflow))
        self._wake()

    def _end(self) -> None:
        self._has_ended = True
        self._wake()

    def _wake(self) -> None:
        try:
            os.write(self._woken_by, b"w")
        except BlockingIOError:
            return  # it has been told often enough


def opened(module: Any, index: int, rates_hz: list[int], n_channels: int) -> tuple[Stream, int, int]:
    """Open a device at the first of some rates that it takes; gives the rate and the number of channels as well."""
    refusal: Exception | None = None
    for rate_hz in dict.fromkeys(rates_hz):
        for channels in dict.fromkeys([min(n_channels, _MOST_CHANNELS), 1, n_channels]):
            try:
                return Stream(module, index, rate_hz, channels), rate_hz, channels
            except module.PortAudioError as error:
                refusal = refusal or error
                if error.args[-1] not in (_INVALID_RATE, _INVALID_CHANNELS):
                    raise
    raise refusal or ValueError("no rate was asked for")


def _read_lines(lines: queue.SimpleQueue[str]) -> None:
    """Pass on lines; when there are no more, who asked is gone, and so is this process."""
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def main() -> None:
    """List the devices, open the one that is wanted, and send what it gives."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for who asked, who ends this process
    output, lines = Output(), queue.SimpleQueue[str]()
    threading.Thread(target=_read_lines, args=(lines,), daemon=True).start()
    sys.path[:] = json.loads(lines.get())["path"]
    try:
        module = load()
        output.tell(b"D", devices=listed(module))
        wanted = json.loads(lines.get())
        stream, rate_hz, n_channels = opened(module, wanted["index"], wanted["rates_hz"], wanted["n_channels"])
        output.tell(b"O", rate_hz=rate_hz, n_channels=n_channels)
        stream.send_to(output)
    except BrokenPipeError:
        pass  # nobody wants it any more
    except Exception as error:  # whatever it is, who asked shall know
        output.tell(b"R", reason=str(error))
    os._exit(0)  # PortAudio's own way of ending may hang


if __name__ == "__main__":
    main()
