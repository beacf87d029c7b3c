"""Endurance: what a dictation needs while nobody speaks, and many dictations in a row."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import BenchmarkError
from ..progress import tell_steps
from .process import Memory, memory_of, processor_s
from .rig import Rig
from .speech import Clip

_PER_WINDOW = 40
"""Texts that go into one window before another one is opened: windows get slow with long texts."""
_WARM = 20
"""Dictations after which memory is measured for the first time."""
_SETTLES_S = 1.5
_ARRIVES_S = 10.0


@dataclass(frozen=True, slots=True)
class Idle:
    """Needs of a dictation that waits for its key."""

    closed_share: float
    """Share of a core, with the microphone closed."""
    open_share: float
    """Share of a core, with the microphone still open after a dictation."""
    memory: Memory


@dataclass(frozen=True, slots=True)
class Row:
    """Result of many dictations in a row."""

    n_asked: int
    n_written: int
    n_missed: int
    """Number of dictations after which no text came."""
    n_odd: int
    """Number of windows that do not show what the history says, character by character."""
    n_characters: int
    n_readings: int
    """Number of different texts that the clips were read as; their noise differs."""
    told: tuple[str, ...]
    """Messages that the dictation wrote meanwhile."""
    memories: tuple[tuple[int, Memory], ...]
    """Memory after so many dictations."""


def measure_idle(rig: Rig, seconds: float) -> Idle:
    """Measure what a dictation that was just started takes to wait, for so many seconds, and the same after a text."""
    pid = rig.dictating.process.pid

    def share() -> float:
        before_s = processor_s(pid)
        time.sleep(seconds)
        return (processor_s(pid) - before_s) / seconds

    closed, memory = share(), memory_of(pid)
    with rig.held():
        time.sleep(_SETTLES_S)
    time.sleep(_SETTLES_S)
    return Idle(closed, share(), memory)


def measure_row(rig: Rig, clips: Sequence[Clip], times: int, pause_s: float) -> Row:
    """Dictate so many times, into one window after the other."""
    pid = rig.dictating.process.pid
    texts: list[str] = []
    n_written = n_missed = n_odd = 0
    memories: list[tuple[int, Memory]] = []
    marks = {_WARM, times, *(times * tenth // 10 for tenth in range(1, 10))}
    newest = rig.history.find(most=1)
    number = newest[-1].number if newest else 0
    for done in range(1, times + 1):
        if (done - 1) % _PER_WINDOW == 0:
            rig.open_window()
            expected = ""
        tell_steps("dictations in a row", done, times)
        try:
            rig.dictate(clips[done % len(clips)], pause_s)
            entry = rig.text_after(number, _ARRIVES_S)
        except BenchmarkError as error:
            print(f"dictation {done}: {error}", flush=True)
            n_missed += 1
            continue
        n_written += entry.number - number
        number = entry.number
        texts.append(entry.text.strip())
        expected += entry.text
        if not _shows(rig, expected):
            n_odd += 1
            expected = rig.window.text
        if done in marks:
            time.sleep(_SETTLES_S)
            memories.append((done, memory_of(pid)))
    tell_steps("", 0, 0)
    return Row(
        times,
        n_written,
        n_missed,
        n_odd,
        sum(map(len, texts)),
        len(set(texts)),
        tuple(rig.dictating.told),
        tuple(memories),
    )


def _shows(rig: Rig, expected: str) -> bool:
    """Whether the window comes to show a text, and nothing more."""
    until_s = time.monotonic() + _ARRIVES_S
    while rig.window.text != expected and time.monotonic() < until_s:
        time.sleep(0.02)
    return rig.window.text == expected
