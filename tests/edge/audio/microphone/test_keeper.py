"""A microphone is kept open whatever PortAudio does, with a stand-in for it that does what no sound server can be told.

What a real one does is in test_faults.py.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from edge.audio.microphone import calls, keeper, stream
from edge.audio.microphone.calls import within
from edge.audio.microphone.keeper import Keeper
from edge.audio.microphone.ring import Block
from edge.errors import MicrophoneError


class PortAudioError(Exception):
    """The error of the stand-in."""


class Stand:
    """A stand-in for the module sounddevice: a list of devices, which it sees when it starts."""

    PortAudioError = PortAudioError

    def __init__(self, *names: str) -> None:
        self.plugged = list(names)
        self.seen = list(names)
        self.opened: list[Any] = []
        self.refused_rates: set[int] = set()
        self.refused_channels: set[int] = set()
        self.hangs = threading.Event()
        self.released = threading.Event()

    def _exit_handler(self) -> None: ...

    def _terminate(self) -> None: ...

    def _initialize(self) -> None:
        self.seen = list(self.plugged)

    def query_hostapis(self) -> list[dict[str, str]]:
        return [{"name": "Stand"}]

    def query_devices(self, kind: str | None = None) -> Any:
        listed = [
            {"name": name, "hostapi": 0, "default_samplerate": 44100.0, "max_input_channels": 4, "index": index}
            for index, name in enumerate(self.seen)
        ]
        if kind is None:
            return listed
        if not listed:
            raise PortAudioError("none")
        return listed[0]

    def InputStream(self, **given: Any) -> Any:  # noqa: N802
        if self.seen[given["device"]] not in self.plugged:
            raise PortAudioError("gone", -9996)
        if given["samplerate"] in self.refused_rates:
            raise PortAudioError("rate", -9997)
        if given["channels"] in self.refused_channels:
            raise PortAudioError("channels", -9998)

        def end(**_: object) -> None:
            if self.hangs.is_set():
                self.released.wait(20)

        made = SimpleNamespace(**given, name=self.seen[given["device"]], start=lambda: None, abort=end, close=end)
        self.opened.append(made)
        return made

    def give(self, n_blocks: int = 3) -> None:
        """Give sound, as PortAudio's thread does."""
        latest = self.opened[-1]
        for _ in range(n_blocks):
            samples = np.zeros((882, latest.channels), np.float32)
            latest.callback(samples, len(samples), None, SimpleNamespace(input_overflow=False))

    def unplug(self) -> None:
        """Take the device away: its stream ends."""
        self.plugged = []
        self.opened[-1].finished_callback()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "HEARTBEAT_S", 0.1)
    monkeypatch.setattr(keeper, "_LOOK_S", 0.01)
    monkeypatch.setattr(keeper, "_MOST_REST_S", 0.05)
    monkeypatch.setattr(keeper, "_FIRST_REST_S", 0.01)
    monkeypatch.setattr(stream, "_CLOSE_WITHIN_S", 0.1)
    monkeypatch.setattr(stream, "OPEN_WITHIN_S", 0.2)
    monkeypatch.setattr(calls, "_HUNG", threading.Event())


pytestmark = pytest.mark.usefixtures("quick")


def kept(stand: Stand, wanted: str | int | None = None) -> Keeper:
    return Keeper(cast(Any, stand), wanted, None)


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def stand() -> Iterator[Stand]:
    made = Stand("Built-in", "Yeti")
    yield made
    made.released.set()


def shapes(keeper: Keeper) -> list[object]:
    return [item.samples.shape if isinstance(item, Block) else item for item in keeper.take()]


def test_the_device_is_opened_at_its_own_rate_with_two_channels_at_most(stand: Stand) -> None:
    held = kept(stand)
    stand.give(2)
    assert shapes(held) == [(882, 2), (882, 2)]
    held.stop()


def test_another_rate_or_number_of_channels_is_tried_where_its_own_is_refused(stand: Stand) -> None:
    stand.refused_rates, stand.refused_channels = {44100}, {2}
    held = kept(stand)
    assert (stand.opened[-1].samplerate, stand.opened[-1].channels) == (48000, 1)
    held.stop()


def test_a_device_that_refuses_everything_is_an_error(stand: Stand) -> None:
    stand.refused_channels = {1, 2, 4}
    with pytest.raises(MicrophoneError, match="'Built-in' cannot be opened"):
        kept(stand)


def test_one_that_was_plugged_in_again_has_another_number(stand: Stand) -> None:
    held = kept(stand, "yeti")
    stand.give(1)
    stand.unplug()
    wait_for(lambda: held.is_lost)
    time.sleep(0.2)
    stand.plugged = ["Headset", "Built-in", "Webcam", "Yeti"]
    wait_for(lambda: len(stand.opened) == 2)
    assert stand.opened[-1].device == 3
    stand.give(1)
    wait_for(lambda: not held.is_lost)
    assert shapes(held) == [(882, 2), keeper.ENDED, (882, 2)]
    held.stop()


def test_the_default_is_followed_when_the_device_is_gone(stand: Stand) -> None:
    held = kept(stand)
    stand.unplug()
    wait_for(lambda: held.is_lost)
    stand.plugged = ["Webcam"]
    wait_for(lambda: len(stand.opened) == 2)
    assert held.device.name == "Webcam"
    held.stop()


def test_a_silent_device_is_opened_again_after_times_that_grow(stand: Stand) -> None:
    held = kept(stand)
    began = time.monotonic()
    wait_for(lambda: len(stand.opened) == 4)
    assert held.is_lost
    assert time.monotonic() - began > 0.1 + 0.2 + 0.4
    stand.give(1)
    wait_for(lambda: not held.is_lost)
    held.stop()


def test_an_end_that_hangs_holds_nobody_up(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    spared: list[object] = []
    monkeypatch.setattr(atexit, "unregister", spared.append)
    held = kept(stand)
    stand.give(1)
    stand.hangs.set()
    began = time.monotonic()
    held.stop()
    assert time.monotonic() - began < 2
    assert spared == [stand._exit_handler]  # which would hang as well
    stand.give(1)
    assert len(shapes(held)) == 1  # what comes after the end is not taken


def test_what_opens_too_late_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atexit, "unregister", lambda handler: None)
    given_up: list[str] = []
    go = threading.Event()

    def open_late() -> str:
        go.wait(10)
        return "late"

    attempt = within(0.02, cast(Any, SimpleNamespace(_exit_handler=None)), open_late, given_up.append)
    assert not attempt.is_done
    assert calls.has_hung()
    go.set()
    wait_for(lambda: given_up == ["late"])
    assert attempt.result is None


def test_an_error_in_a_call_comes_back() -> None:
    attempt = within(5, cast(Any, None), lambda: 1 // 0)
    assert attempt.is_done
    assert isinstance(attempt.error, ZeroDivisionError)
