"""A process that holds a microphone open, seen from ours: what it says, and its end."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ...errors import MicrophoneError
from . import child
from .child import now_s
from .clock import Block
from .devices import Device, choose

LIST_WITHIN_S = 15.0
"""Seconds in which a process has to start and to list the devices; a small computer that is busy takes some."""

OPEN_WITHIN_S = 6.0
"""Seconds in which a device has to open; some sleep."""

_USUAL_RATES_HZ = (48000, 44100, 16000)
_READ_BYTES = 1 << 18
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of what a process says."""


Said: TypeAlias = Block | Ended
"""Sound, or the end of it."""


class Process:
    """A process of `child.py`, from its start to its end."""

    def __init__(self, unwanted: threading.Event) -> None:
        """Begin it; nobody waits for its answers once it is `unwanted`.

        Raises:
            MicrophoneError: no process can be started.
        """
        self._unwanted = unwanted
        command = [sys.executable, "-P", str(Path(child.__file__))]
        pipe = subprocess.PIPE
        try:  # in a group of its own, which Ctrl-C in a terminal does not reach
            self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, process_group=0)
        except OSError as error:
            raise MicrophoneError(f"no process can be started for the microphone: {error}") from error
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._stdin, self._out = self._child.stdin, self._child.stdout.fileno()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._out, selectors.EVENT_READ)
        self._data = bytearray()
        self._rate_hz = self._n_channels = 0
        self._tell(path=[place for place in sys.path if place])  # but not the working folder

    def devices(self) -> tuple[Device, ...]:
        """List the microphones that are there.

        Raises:
            MicrophoneError: PortAudio is missing, cannot start or hangs.
        """
        said = self._facts(b"D", LIST_WITHIN_S)
        return tuple(Device(**each) for each in said["devices"])

    def open(self, device: Device, rate_hz: int | None) -> None:
        """Open one of the devices at its own rate or the one given, or at another where it refuses that.

        Raises:
            MicrophoneError: it cannot be opened, or not in time.
        """
        rates = [rate_hz or device.rate_hz, device.rate_hz, *_USUAL_RATES_HZ]
        self._tell(index=device.index, rates_hz=rates, n_channels=device.n_channels)
        try:
            said = self._facts(b"O", OPEN_WITHIN_S)
        except MicrophoneError as error:
            raise MicrophoneError(f"the microphone {device.name!r} cannot be opened: {error}") from error
        self._rate_hz, self._n_channels = said["rate_hz"], said["n_channels"]

    def read(self, within_s: float) -> list[Said]:
        """Wait for sound, and take what has come; nothing where nothing comes in time."""
        said: list[Said] = []
        is_over = not self._receive(within_s)
        for letter, data in self._messages():
            if letter == b"B":
                said.append(self._block(data))
            is_over = is_over or letter != b"B"
        return [*said, Ended()] if is_over else said

    def end(self) -> None:
        """End the process, whatever it does."""
        self._child.kill()
        self._child.wait()
        self._selector.close()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()

    def _tell(self, **facts: object) -> None:
        try:
            self._stdin.write(json.dumps(facts).encode() + b"\n")
            self._stdin.flush()
        except BrokenPipeError:
            return  # its end is seen where it is read from

    def _facts(self, letter: bytes, within_s: float) -> dict[str, Any]:
        """Wait for facts under a letter."""
        deadline_s = now_s() + within_s
        while now_s() < deadline_s and not self._unwanted.is_set():
            is_there = self._receive(_LOOK_S)
            for found, data in self._messages():
                facts: dict[str, Any] = json.loads(data)
                if found == letter:
                    return facts
                raise MicrophoneError(facts["reason"])
            if not is_there:
                raise MicrophoneError("PortAudio ended the process in which it ran")
        raise MicrophoneError(f"PortAudio did not answer within {within_s:g} s; is the device in use?")

    def _receive(self, within_s: float) -> bool:
        """Wait for bytes and take them; tells whether there may be more."""
        if self._selector.select(within_s):
            data = os.read(self._out, _READ_BYTES)
            self._data += data
            return bool(data)
        return True

    def _messages(self) -> Iterator[tuple[bytes, bytes]]:
        """Take the messages that are there as a whole."""
        while len(self._data) >= child.HEAD.size:
            letter, length = child.HEAD.unpack_from(self._data)
            end = child.HEAD.size + length
            if len(self._data) < end:
                return
            message = bytes(self._data[child.HEAD.size : end])
            del self._data[:end]
            yield letter, message

    def _block(self, data: bytes) -> Block:
        time_s, n_frames, n_dropped, overflowed = child.BLOCK_HEAD.unpack_from(data)
        samples = np.frombuffer(data, np.float32, offset=child.BLOCK_HEAD.size).reshape(n_frames, self._n_channels)
        return Block(samples, self._rate_hz, time_s, overflowed, n_dropped)


def devices() -> tuple[Device, ...]:
    """List the microphones, in the order of their numbers.

    Raises:
        MicrophoneError: PortAudio is missing or cannot start.
    """
    process = Process(threading.Event())
    try:
        return process.devices()
    finally:
        process.end()


def opened(wanted: str | int | None, rate_hz: int | None, unwanted: threading.Event) -> tuple[Process, Device]:
    """Make a process that has a microphone open, unless it becomes `unwanted` meanwhile.

    Raises:
        MicrophoneError: it is not there, or cannot be opened.
    """
    process = Process(unwanted)
    try:
        device = choose(wanted, process.devices())
        process.open(device, rate_hz)
    except BaseException:
        process.end()
        raise
    return process, device
