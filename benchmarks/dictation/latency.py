"""Latency of dictations: from the key to the first sample, and from its release to the last character in the window."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import BenchmarkError
from ..progress import tell_steps
from .process import between, queues_of
from .rig import Rig
from .speech import Clip

_ARRIVES_S = 10.0
_LOOK_S = 0.005
_READ = re.compile(r"sound came until (-?[\d.]+) s after the stop; reading took ([\d.]+) s")
_DELIVERED = re.compile(r"\w+ after ([\d.]+) s, which took ([\d.]+) s")


@dataclass(frozen=True, slots=True)
class Taken:
    """Times of one dictation, in seconds."""

    clip: str
    length_s: float
    listens_s: float
    """Time from the key to when it says that it listens."""
    first_sample_s: float
    """Time from the key to the first sample that is kept, told by a counter to 0.02 s."""
    complete_s: float
    """Time from the release of the key to when the window shows the whole text."""
    sound_s: float
    """Time from the release to the last sound: our own waiting, and what is read in a pause meanwhile."""
    reading_s: float
    """Time that the decoder takes after that."""
    delivery_s: float
    """Time that the desktop takes: the focus is looked at, the clipboard lent, the keys pressed, the text fetched."""
    window_s: float
    """Time from then to when the window shows the text; negative where it does before we know."""
    ran_s: float
    """Processor time of all threads from the release to the whole text."""
    waited_s: float
    """Time in which threads could have run meanwhile and other programs had the processors, of all threads together."""


def measure_latency(rig: Rig, clips: Sequence[Clip], pause_s: float) -> list[Taken]:
    """Dictate each clip into a window, the first one for warmth alone."""
    rig.open_window()
    taken: list[Taken] = []
    for number, clip in enumerate((clips[0], *clips)):
        tell_steps(f"latency, {clip.seconds:.0f} s", number, len(clips) + 1)
        one = _dictate(rig, clip, pause_s)
        if number:
            taken.append(one)
    tell_steps("", 0, 0)
    return taken


def measure_opening(rig: Rig, times: int) -> list[float]:
    """Measure the time from the key to the first sample where the microphone has to be opened first."""
    seconds = []
    for _ in range(times):
        rig.wait_until("idle")
        with rig.held() as pressed:
            time.sleep(0.1)
        seconds.append(pressed.began_s - pressed.pressed_s)
    return seconds


def _dictate(rig: Rig, clip: Clip, pause_s: float) -> Taken:
    before = rig.window.text
    newest = rig.history.find(most=1)
    number = newest[-1].number if newest else 0
    n_changes, n_said = len(rig.changes()), len(rig.dictating.said)
    pid = rig.dictating.process.pid
    with rig.held() as pressed:
        rig.cable.play(clip.path)
        rig.cable.wait_played()
        time.sleep(pause_s)
        queues = queues_of(pid)
    complete_s = _wait_until_complete(rig, before, number, n_changes)
    ran_s, waited_s = between(queues, queues_of(pid))
    said = rig.dictating.said[n_said:]
    read, delivered = _READ.search(said), _DELIVERED.search(said)
    if read is None or delivered is None:
        raise BenchmarkError(f"the dictation did not tell what it took: {said[-500:]}")
    total_s = complete_s - pressed.released_s
    time.sleep(0.3)  # the clipboard is given back
    return Taken(
        clip=clip.name,
        length_s=clip.seconds,
        listens_s=pressed.listens_s - pressed.pressed_s,
        first_sample_s=pressed.began_s - pressed.pressed_s,
        complete_s=total_s,
        sound_s=float(read[1]),
        reading_s=float(read[2]),
        delivery_s=float(delivered[2]),
        window_s=total_s - float(delivered[1]),
        ran_s=ran_s,
        waited_s=waited_s,
    )


def _wait_until_complete(rig: Rig, before: str, number: int, n_changes: int) -> float:
    """Wait until the window shows all of the newest text; gives the time of its last change."""
    until_s = time.monotonic() + _ARRIVES_S
    while len(rig.changes()) == n_changes and time.monotonic() < until_s:
        time.sleep(_LOOK_S)
    expected = before + rig.text_after(number).text
    while rig.window.text != expected:
        if time.monotonic() > until_s:
            raise BenchmarkError(f"the window shows {rig.window.text!r} and not {expected!r}: {rig.dictating.said}")
        time.sleep(_LOOK_S)
    return next(when for when, n in rig.changes()[n_changes:] if n == len(expected))
