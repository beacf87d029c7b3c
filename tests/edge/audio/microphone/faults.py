"""What can happen to a microphone, done to a real sound server."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.desktop.cable import Cable
from edge.audio import SAMPLE_RATE_HZ

from .recorder import Noise, Recorder, check_nothing_unsaid, noise, stretches_of

_NOISE_S = 60


@dataclass(slots=True)
class Bench:
    """A cable, what records from it, and what is played into it."""

    cable: Cable
    recorder: Recorder
    folder: Path
    played: list[Noise] = field(default_factory=list)
    rate_hz: int = 16000

    def play(self) -> None:
        """Play new noise."""
        values = noise(_NOISE_S * self.rate_hz, len(self.played))
        path = self.folder / f"noise{len(self.played)}.raw"
        values.tofile(path)
        self.played.append(values)
        self.cable.play(path)


def suspend(bench: Bench, seconds: float) -> None:
    """The desktop suspends the microphone for a while."""
    bench.cable.ask("suspend-source", "mic", "1")
    time.sleep(seconds)
    bench.cable.ask("suspend-source", "mic", "0")


def stall_server(bench: Bench, seconds: float) -> None:
    """The sound server does nothing for a while."""
    with bench.cable.halted():
        time.sleep(seconds)


def stall_program(bench: Bench, seconds: float) -> None:
    """The program that records does nothing for a while, as on a computer that is too busy."""
    bench.recorder.process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    bench.recorder.process.send_signal(signal.SIGCONT)


def unplug_one_of_two(bench: Bench, seconds: float) -> None:
    """The microphone goes, and the server moves its streams to the other one."""
    bench.cable.ask("unload-module", "module-remap-source")
    time.sleep(seconds)
    bench.cable.plug_in()


def unplug(bench: Bench, seconds: float) -> None:
    """The only microphone goes, and comes again."""
    bench.cable.ask("unload-module", "module-remap-source")
    bench.cable.ask("unload-module", "module-null-sink")
    time.sleep(seconds)
    bench.cable.plug_in()
    bench.play()


def kill_server(bench: Bench, seconds: float) -> None:
    """The sound server dies, and another one is started."""
    bench.cable.kill()
    time.sleep(seconds)
    bench.cable.start()
    bench.play()


def change_rate(bench: Bench, seconds: float) -> None:
    """The microphone comes again as one of another rate, which what is played has too: its sound is not compared."""
    bench.cable.kill()
    bench.cable.rate_hz = 48000
    bench.cable.start()
    time.sleep(seconds)
    bench.cable.kill()
    bench.cable.rate_hz = 16000
    bench.cable.start()
    bench.play()


def stop_device(bench: Bench, seconds: float) -> None:
    """The device stays, and gives nothing; what is played waits meanwhile."""
    bench.cable.ask("suspend-sink", "cable", "1")
    time.sleep(seconds)
    bench.cable.ask("suspend-sink", "cable", "0")


Fault = Callable[[Bench, float], None]

FAULTS: tuple[Fault, ...] = (
    suspend,
    stall_server,
    stall_program,
    unplug_one_of_two,
    unplug,
    kill_server,
    change_rate,
    stop_device,
)

_SETTLE_S = 1.2
_BACK_WITHIN_S = 5.0
"""Seconds in which sound has to come again; a PortAudio that loops takes one to be seen, and a busy machine some."""


def check(bench: Bench, faults: Iterable[tuple[Fault, float]]) -> int:
    """Do what can happen, and check what the recording says of it; gives how many samples are missing."""
    bench.play()
    time.sleep(_SETTLE_S)
    began_s = time.monotonic()
    for fault, seconds in faults:
        fault(bench, seconds)
        time.sleep(_SETTLE_S)
    bench.recorder.wait_for_sound(_BACK_WITHIN_S)
    time.sleep(_SETTLE_S)
    elapsed_s = time.monotonic() - began_s
    recording = bench.recorder.finish()
    assert "Traceback" not in recording.stderr, recording.stderr
    n_missing = check_nothing_unsaid(recording, bench.played)
    last = stretches_of(recording, bench.played)[-1]
    assert last.play == len(bench.played) - 1, "it did not come back"
    assert last.at + last.length > recording.end - SAMPLE_RATE_HZ // 10, "nothing is heard at the end"
    assert recording.end / SAMPLE_RATE_HZ > elapsed_s, "time went on, the recording did not"
    return n_missing
