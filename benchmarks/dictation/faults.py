"""Faults in the middle of a dictation, done to real parts, and what was kept of the words."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from ..errors import BenchmarkError
from ..progress import tell
from .rig import Rig
from .speech import Clip

_GONE_S = 1.5
"""Seconds for which something is gone."""
_BACK_S = 3.0
_DISK_BYTES = 256 * 1024
_ARRIVES_S = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one fault."""

    fault: str
    kept: float
    """Share of the words, of those read from the same speech without a fault, that are in the text."""
    where: str
    """Place of the text at the end."""
    told: tuple[str, ...]
    """Messages of the dictation."""


Fault = Callable[[Rig, Clip], str]
"""Function that has a clip dictated while something goes wrong, and returns the text and no more."""


def kill_sound_server(rig: Rig, clip: Clip) -> str:
    """Kill the sound server between two times that the clip is said, and start another one."""

    def fault() -> None:
        rig.cable.kill()
        time.sleep(_GONE_S)
        rig.cable.start()
        rig.make_noise()

    return _said_twice(rig, clip, fault)


def unplug(rig: Rig, clip: Clip) -> str:
    """Take the microphone away between two times that the clip is said, and give it back."""

    def fault() -> None:
        for module in ("module-remap-source", "module-null-sink"):
            rig.cable.ask("unload-module", module)
        time.sleep(_GONE_S)
        rig.cable.plug_in()
        rig.make_noise()

    return _said_twice(rig, clip, fault)


def fill_disk(rig: Rig, clip: Clip) -> str:
    """Have the disk full from before the first word on."""
    filler = rig.state / "filler"
    with rig.held():
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass  # it is full
        rig.cable.play(clip.path)
        rig.cable.wait_played()
        time.sleep(0.2)
    text = _text_in(rig)
    filler.unlink()
    return text


def steal_focus(rig: Rig, clip: Clip) -> str:
    """Open another window while the clip is said."""
    meant = rig.window
    with rig.held():
        rig.cable.play(clip.path)
        thief = rig.open_window()
        rig.cable.wait_played()
        time.sleep(0.2)
    entry = rig.text_after(0)
    if meant.text or thief.text:
        raise BenchmarkError(f"the windows show {meant.text!r} and {thief.text!r}: nothing was to be typed")
    return entry.text


FAULTS: tuple[Fault, ...] = (kill_sound_server, unplug, fill_disk, steal_focus)


def do(fault: Fault, rig: Rig, clip: Clip, expected: str) -> Outcome:
    """Do a fault to a dictation that has just been started."""
    tell(fault.__name__)
    with small_disk(rig.state) if fault is fill_disk else _nothing():
        rig.start()
        rig.open_window()
        text = fault(rig, clip)
        entries = rig.history.find(most=1)
        told = tuple(rig.dictating.told)
        where = str(entries[-1].fate) if entries else "window alone"
        rig.dictating.end()
    times = 2 if fault in (kill_sound_server, unplug) else 1
    tell("")
    return Outcome(
        fault.__name__.replace("_", " "), share_of_words(expected.split() * times, text.split()), where, told
    )


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """Put a small disk at a place, which only root can do."""
    if os.getuid() != 0:
        raise BenchmarkError("a full disk is made by mounting a small one, which only root can do")
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "none", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _said_twice(rig: Rig, clip: Clip, fault: Callable[[], None]) -> str:
    with rig.held():
        rig.cable.play(clip.path)
        rig.cable.wait_played()
        time.sleep(0.5)
        fault()
        time.sleep(_BACK_S)
        rig.cable.play(clip.path)
        rig.cable.wait_played()
        time.sleep(0.2)
    return _text_in(rig)


def _text_in(rig: Rig) -> str:
    """Wait for a text in the window."""
    until_s = time.monotonic() + _ARRIVES_S
    while not rig.window.text and time.monotonic() < until_s:
        time.sleep(0.02)
    time.sleep(0.5)
    return rig.window.text


def share_of_words(expected: list[str], found: list[str]) -> float:
    """Count the words that are there, in their order, as a share of those expected."""

    def plain(words: list[str]) -> list[str]:
        return ["".join(letter for letter in word.lower() if letter.isalnum()) for word in words]

    blocks = SequenceMatcher(None, plain(expected), plain(found), autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / max(1, len(expected))
