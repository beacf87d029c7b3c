"""A microphone is kept open whatever PortAudio does, with a stand-in for it that does what no sound server can be told.

What a real one does is in test_faults.py.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import edge
from edge.audio.microphone import devices, keeper, process
from edge.audio.microphone.clock import Block
from edge.audio.microphone.keeper import Keeper
from edge.errors import MicrophoneError

pytestmark = pytest.mark.slow

STAND = Path(__file__).with_name("stand")


class Stand:
    """What the stand-in does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.set("Built-in", "Yeti")

    def set(self, *names: str, **facts: object) -> None:
        """Say which devices there are, and what is wrong."""
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps({"names": names, **facts}))
        beside.replace(self._path)


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    monkeypatch.setenv("STAND", str(tmp_path / "stand.json"))
    monkeypatch.syspath_prepend(STAND)
    monkeypatch.setattr(keeper, "HEARTBEAT_S", 0.2)
    monkeypatch.setattr(process, "OPEN_WITHIN_S", 0.3)
    return Stand(tmp_path / "stand.json")


def kept(wanted: str | int | None = None) -> Keeper:
    return Keeper(wanted, None)


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def wait_for_sound(held: Keeper) -> list[object]:
    """What came up to the first block: the shape of it at the end."""
    seen: list[object] = []
    wait_for(lambda: bool(held._taken))
    while not seen or isinstance(seen[-1], str):
        wait_for(lambda: bool(held._taken))
        item = held._taken.popleft()
        seen.append(item.samples.shape if isinstance(item, Block) else item)
    return seen


def test_the_device_is_opened_at_its_own_rate_with_two_channels_at_most(stand: Stand) -> None:
    held = kept()
    assert wait_for_sound(held) == [(882, 2)]
    assert held.device.name == "Built-in"
    held.stop()


def test_another_rate_or_number_of_channels_is_tried_where_its_own_is_refused(stand: Stand) -> None:
    stand.set("Built-in", **{"refused rates": [44100], "refused channels": [2]})
    held = kept()
    assert wait_for_sound(held) == [(960, 1)]
    held.stop()


def test_a_device_that_refuses_everything_is_an_error(stand: Stand) -> None:
    stand.set("Built-in", **{"refused channels": [1, 2, 4]})
    with pytest.raises(MicrophoneError, match=r"'Built-in' cannot be opened: .*Invalid number of channels"):
        kept()


def test_one_that_hangs_when_it_is_opened_is_an_error(stand: Stand) -> None:
    stand.set("Built-in", fault="hangs when opened")
    with pytest.raises(MicrophoneError, match=r"did not answer within 0\.3 s; is the device in use"):
        kept()


def test_one_that_was_plugged_in_again_has_another_number(stand: Stand) -> None:
    held = kept("yeti")
    assert held.device.index == 1
    wait_for_sound(held)
    stand.set("Built-in")
    wait_for(lambda: held.is_lost)
    stand.set("Headset", "Built-in", "Webcam", "Yeti")
    wait_for(lambda: not held.is_lost)
    assert held.device.index == 3
    while (seen := wait_for_sound(held)) == [(882, 2)]:
        pass
    assert seen == [keeper.ENDED, (882, 2)]
    held.stop()


def test_the_default_is_followed_when_the_device_is_gone(stand: Stand) -> None:
    held = kept()
    stand.set("Webcam")
    wait_for(lambda: held.is_lost)
    wait_for(lambda: not held.is_lost)
    assert held.device.name == "Webcam"
    held.stop()


@pytest.mark.parametrize(("fault", "reason"), [("crashes", keeper.ENDED), ("loops", keeper.SILENT)])
def test_a_portaudio_that_goes_wrong_costs_a_gap(stand: Stand, fault: str, reason: str) -> None:
    held = kept()
    wait_for_sound(held)
    stand.set("Built-in", fault=fault)
    wait_for(lambda: held.is_lost)
    assert held.loss == reason
    stand.set("Built-in")
    wait_for(lambda: not held.is_lost)
    held.stop()


def test_a_silent_device_is_opened_again_after_times_that_grow(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    follow = Keeper._follow

    def noted(self: Keeper, process: process.Process, patience_s: float) -> tuple[str, bool]:
        waits.append(patience_s)
        return follow(self, process, patience_s)

    monkeypatch.setattr(Keeper, "_follow", noted)
    stand.set("Built-in", fault="silent")
    held = kept()
    wait_for(lambda: len(waits) == 3)
    assert held.is_lost
    stand.set("Built-in")
    wait_for(lambda: not held.is_lost)
    held.stop()
    assert waits[:3] == pytest.approx([0.2, 0.4, 0.8])


def test_the_end_waits_for_nobody(stand: Stand) -> None:
    held = kept()
    stand.set("Built-in", fault="loops")
    wait_for(lambda: held.is_lost)
    stand.set("Built-in", fault="hangs when opened")
    time.sleep(0.4)
    began = time.monotonic()
    held.stop()
    assert time.monotonic() - began < 2


def test_who_does_not_come_for_sound_finds_it_later(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "_AHEAD_S", 0.1)
    with edge.Microphone() as microphone:
        time.sleep(1)
        microphone.stop()
        pieces = list(microphone)
    assert [piece for piece in pieces if isinstance(piece, edge.Gap)] == []
    assert sum(len(piece.samples) for piece in pieces if isinstance(piece, edge.Captured)) > 0.8 * 16000


def test_an_iteration_may_be_left_and_begun_again(stand: Stand) -> None:
    end = 0
    with edge.Microphone() as microphone:
        while end < 16000:
            for piece in microphone:
                if isinstance(piece, edge.Captured):
                    assert piece.start == end
                    end = piece.end
                break


def test_sound_alone_is_what_a_session_takes(stand: Stand) -> None:
    told: list[edge.Notice] = []
    with edge.Microphone() as microphone:
        n_samples = 0
        for samples in microphone.sound(told.append):
            n_samples += 0 if isinstance(samples, edge.Gap) else len(samples)
            if n_samples > 16000:
                microphone.stop()
    assert [notice.kind for notice in told] == ["muted"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("no sounddevice", r"needs sounddevice .*: pip install 'edgewise\[mic\]'"),
        ("no library", "needs PortAudio's library .*: apt install libportaudio2"),
        ("broken", "PortAudio cannot start .*asoundrc"),
    ],
)
def test_what_is_missing_is_one_line(stand: Stand, fault: str, message: str) -> None:
    stand.set(fault=fault)
    with pytest.raises(MicrophoneError, match=message) as caught:
        devices()
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="it is found in /proc")
def test_the_process_goes_with_the_program(stand: Stand) -> None:
    """Even with one that is killed."""
    program = "import edge, os, time\nwith edge.Microphone() as microphone:\n"
    program += "    print(open(f'/proc/self/task/{os.getpid()}/children').read(), flush=True)\n    time.sleep(60)"
    environment = os.environ | {"PYTHONPATH": str(STAND)}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as asking:
        assert asking.stdout is not None
        child = int(asking.stdout.readline())
        asking.send_signal(signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{child}").exists())


def test_a_microphone_makes_one_recording(stand: Stand) -> None:
    with edge.Microphone() as microphone:
        pass
    with pytest.raises(RuntimeError, match="one recording"):
        microphone.__enter__()
    with pytest.raises(RuntimeError, match="not open"):
        next(iter(edge.Microphone()))
