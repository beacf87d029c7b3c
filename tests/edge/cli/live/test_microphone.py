"""A microphone as a source, with a stand-in for the device: what it says is passed on, and its end is its own."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from edge.arrays import FloatArray
from edge.audio.microphone import Device, Notice
from edge.cli.console.bar import Console
from edge.cli.live.listening import Listening, Output
from edge.cli.live.microphone import MicrophoneSource
from edge.cli.stops import Stop
from edge.gaps import Gap
from edge.transcript.options import OutputOptions

DEVICE = Device(1, "USB \x1b[2J mic", "ALSA", 48000, 1, is_default=True)
GAP = Gap(0.1, 0.2, "unplugged", "lost")
MUTED = Notice("muted", 0.2, "the microphone gives exact silence")


class Wired:
    """A microphone that gives the same for ever, and two more pieces after it is stopped."""

    device = DEVICE

    def __init__(self, wanted: str | int | None) -> None:
        self.n_left = 1000

    def __enter__(self) -> Wired:
        return self

    def __exit__(self, *error: object) -> None: ...

    def stop(self) -> None:
        self.n_left = min(self.n_left, 2)

    def sound(self, on_notice: Callable[[Notice], object]) -> Iterator[FloatArray | Gap]:
        yield np.zeros(1600, np.float32)
        yield GAP
        on_notice(MUTED)
        while self.n_left:
            self.n_left -= 1
            yield np.zeros(320, np.float32)


def test_what_was_said_when_the_end_is_asked_for_still_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.cli.live.microphone.Microphone", Wired)
    opened: list[Device] = []
    noticed: list[Notice] = []
    stop = Stop()
    found: list[object] = []
    for piece in MicrophoneSource(None, opened.append, noticed.append).pieces(stop):
        found.append(piece if isinstance(piece, Gap) else len(piece))
        if len(found) == 4:
            stop.ask()
    stop.close()
    assert found == [1600, GAP, 320, 320, 320, 320]
    assert (opened, noticed) == ([DEVICE], [MUTED])


def test_people_are_told_of_the_device_and_its_troubles() -> None:
    said = io.StringIO()
    for pushes in (False, True):
        listening = Listening(Output("txt", OutputOptions(), None, shows=False), Console(said), pushes=pushes)
        listening.opened(DEVICE)
    listening.noticed(MUTED)
    assert said.getvalue().splitlines() == [
        "edgewise: listening to USB \\x1b[2J mic; Ctrl-C ends",
        "edgewise: listening to USB \\x1b[2J mic; press Enter to talk, and again to end; Ctrl-C ends",
        "edgewise: the microphone gives exact silence",
    ]
