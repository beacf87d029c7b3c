"""Kills at random moments, and what the next start has of what was said."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.audio import SAMPLE_RATE_HZ

from ..desktop.hands import hold
from ..progress import tell_steps
from .rig import KEY, Pressed, Rig
from .speech import Clip

_HEADER_BYTES, _SAMPLE_BYTES = 44, 4
_BEHIND_END_S = 0.4
"""Seconds after the end of the speech up to which it is killed: it is read and typed within them."""
_RELEASE_S = 0.15
_RECOVERED_S = 30.0

Where = Literal["window", "history", "window and history", "no words yet", "nowhere"]


@dataclass(frozen=True, slots=True)
class Killed:
    """Outcome of one kill."""

    after_s: float
    """Seconds from the first sample to the kill."""
    while_speaking: bool
    """Whether the key was still held."""
    lost_s: float
    """Seconds of sound that had come and are not in the journal; 0 where the text was written before."""
    where: Where
    """Place where the text was after the next start."""


def measure_kills(rig: Rig, clips: Sequence[Clip], times: int, seed: int) -> list[Killed]:
    """Kill it so many times, at moments from the first sample to shortly after the text is there."""
    chance = random.Random(seed)
    found = []
    rig.open_window()
    for number in range(times):
        tell_steps("kills", number, times)
        clip = clips[number % len(clips)]
        found.append(_kill_once(rig, clip, chance.uniform(0.2, clip.seconds + _BEHIND_END_S)))
    tell_steps("", 0, 0)
    return found


def _kill_once(rig: Rig, clip: Clip, after_s: float) -> Killed:
    before = rig.window.text
    newest = rig.history.find(most=1)
    number = newest[-1].number if newest else 0
    release_s = clip.seconds + _RELEASE_S
    with hold(rig.display, KEY) as release:
        pressed = Pressed(time.monotonic())
        rig.wait_until_heard(pressed)
        rig.cable.play(clip.path)
        _sleep_until(pressed.began_s + min(after_s, release_s))
        if after_s > release_s:
            release()
            _sleep_until(pressed.began_s + after_s)
        killed_s = rig.dictating.kill()
    rig.cable.stop_playing()
    journals = rig.journals
    heard_s = min(killed_s - pressed.began_s, release_s)
    kept_s = _seconds_of(journals[0]) if journals else None
    was_written = rig.window.text != before
    rig.start()
    until_s = time.monotonic() + _RECOVERED_S
    while journals and "before the dictation ended" not in rig.dictating.said and time.monotonic() < until_s:
        time.sleep(0.02)
    entries = [entry for entry in rig.history.find(most=2) if entry.number > number]
    where: Where = "nowhere"
    if was_written:
        where = "window and history" if entries else "window"
    elif entries:
        where = "history"
    elif "had no words" in rig.dictating.said:
        where = "no words yet"
    lost_s = 0.0 if was_written or (kept_s is None and entries) else max(0.0, heard_s - (kept_s or 0.0))
    return Killed(killed_s - pressed.began_s, after_s <= release_s, lost_s, where)


def _seconds_of(recording: Path) -> float:
    return (recording.stat().st_size - _HEADER_BYTES) / _SAMPLE_BYTES / SAMPLE_RATE_HZ


def _sleep_until(moment_s: float) -> None:
    time.sleep(max(0.0, moment_s - time.monotonic()))
