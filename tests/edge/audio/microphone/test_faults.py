"""A real microphone, by PortAudio and a sound server: exact to the sample, and whatever happens to it is told."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.desktop.cable import Cable, missing
from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ

from .faults import (
    Bench,
    Fault,
    change_rate,
    check,
    kill_server,
    stall_program,
    stall_server,
    stop_device,
    suspend,
    unplug,
    unplug_one_of_two,
)
from .recorder import Noise, Recorder, noise, stretches_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.loopback,
    pytest.mark.skipif(bool(missing()), reason=f"no virtual microphone without {missing()}"),
]

A_DOZEN: tuple[tuple[Fault, float], ...] = (
    (suspend, 1.3),
    (suspend, 0.15),
    (stall_server, 0.6),
    (stall_server, 1.5),
    (stall_program, 1.5),
    (unplug_one_of_two, 0.3),
    (unplug, 0.2),
    (unplug, 1.2),
    (kill_server, 0.0),
    (kill_server, 1.2),
    (change_rate, 0.4),
    (stop_device, 1.3),
)


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    with Cable(tmp_path / "server") as made:
        yield made


def run(cable: Cable, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], env=cable.environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_what_is_played_is_captured_to_the_sample(cable: Cable, tmp_path: Path) -> None:
    played = noise(2 * SAMPLE_RATE_HZ, seed=1)
    played.tofile(tmp_path / "noise.raw")
    recorder = Recorder(cable, tmp_path / "recording")
    cable.play(tmp_path / "noise.raw")
    cable.wait_played()
    time.sleep(0.3)
    recording = recorder.finish()
    (stretch,) = stretches_of(recording, [played])
    assert (stretch.first, stretch.length) == (0, len(played))
    assert recording.gaps == []
    assert recording.longest_wait_s < 0.5


@pytest.mark.parametrize(("rate_hz", "n_channels"), [(44100, 1), (44100, 2)])
def test_a_device_of_another_rate_is_converted_as_a_file_is(tmp_path: Path, rate_hz: int, n_channels: int) -> None:
    """Not only alike: where the first sample stands is searched for, and then all are the same."""
    values = noise(rate_hz, seed=2)
    np.repeat(values, n_channels).tofile(tmp_path / "noise.raw")
    with Cable(tmp_path / "server", rate_hz, n_channels) as cable:
        recorder = Recorder(cable, tmp_path / "recording", rate_hz=0)
        cable.play(tmp_path / "noise.raw")
        cable.wait_played()
        time.sleep(0.3)
        assert recorder.finish().gaps == []
    captured = np.load(tmp_path / "recording" / "samples.npy")
    begin = int(np.flatnonzero(np.abs(captured) > 0.01)[0]) * rate_hz // SAMPLE_RATE_HZ
    assert any(
        np.abs(_converted(values, begin + shift, rate_hz, len(captured)) - captured).max() < 1e-5
        for shift in range(-40, 40)
    )


def _converted(values: Noise, begin: int, rate_hz: int, n_samples: int) -> FloatArray:
    """What a file with the values from the sample `begin` on reads as, at 16 kHz."""
    import soxr

    samples = np.zeros(n_samples * rate_hz // SAMPLE_RATE_HZ + rate_hz, np.float32)
    samples[max(begin, 0) : max(begin, 0) + len(values)] = values / np.float32(32768)
    whole: FloatArray = soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ, quality="HQ")
    return whole[:n_samples]


def test_whatever_happens_is_told(cable: Cable, tmp_path: Path) -> None:
    """Twelve faults one after the other: no sample is missing but in a gap, and no call hangs or fails."""
    bench = Bench(cable, Recorder(cable, tmp_path / "recording"), tmp_path)
    check(bench, A_DOZEN)


def test_a_server_that_hangs_does_not_hang_the_end(cable: Cable, tmp_path: Path) -> None:
    recorder = Recorder(cable, tmp_path / "recording")
    with cable.halted():
        time.sleep(1.5)
        recording = recorder.finish()
    assert "lost" in recording.notices
    assert recording.gaps


def test_exact_silence_is_said_within_a_second(cable: Cable, tmp_path: Path) -> None:
    recorder = Recorder(cable, tmp_path / "recording")
    time.sleep(1.2)
    assert recorder.finish().notices == ["muted"]


def test_microphones_are_listed_and_chosen_by_name(cable: Cable) -> None:
    done = run(
        cable,
        "import edge; from edge.audio.microphone import devices\n"
        "print(*devices(), sep='\\n')\n"
        "with edge.Microphone('PUL') as microphone: print(microphone.device.name)\n"
        "try: edge.Microphone('nobody').__enter__()\n"
        "except edge.EdgeError as error: print(error)",
    )
    listed = ["0: pulse (ALSA, 44100 Hz, 32 channels)", "1: default (ALSA, 44100 Hz, 32 channels, the default)"]
    assert done.stdout.splitlines() == [
        *listed,
        "pulse",
        f"no microphone is called 'nobody'; choose one by its name or number: {'; '.join(listed)}",
    ]


def test_a_broken_configuration_is_one_line(cable: Cable, tmp_path: Path) -> None:
    (tmp_path / "asound.conf").write_text("pcm.!default {\n type nonsense\n")
    cable.environment["ALSA_CONFIG_PATH"] = str(tmp_path / "asound.conf")
    done = run(cable, "import edge\ntry: edge.Microphone().__enter__()\nexcept edge.EdgeError as error: print(error)")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert "microphone" in line or "PortAudio" in line


def test_without_a_server_no_microphone_is_there(cable: Cable) -> None:
    cable.kill()
    done = run(cable, "import edge\ntry: edge.Microphone().__enter__()\nexcept edge.EdgeError as error: print(error)")
    assert done.stdout.startswith("no microphone is there: connect one"), done.stderr
