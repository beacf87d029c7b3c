"""The assistant's command on a virtual microphone, which hears the loudspeaker as well."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.desktop.cable import Cable
from edge.arrays import FloatArray
from tests.edge.assist.speech import RATE_HZ

HOME = os.environ.get("EDGEWISE_HOME")
"""The home with the models; a test's own has none."""

WITHIN_S = 15.0


class Dialogue:
    """`edgewise assist` in a process of its own, on a cable; what it says is kept, with what its microphone hears."""

    def __init__(self, cable: Cable, folder: Path, *options: object, settings: str = "") -> None:
        self._cable, self._folder = cable, folder
        self.lines: list[str] = []
        (folder / "assist.toml").write_text(settings)
        environment = cable.environment | {"XDG_STATE_HOME": str(folder / "state"), "EDGEWISE_OFFLINE": "1"}
        environment |= {} if HOME is None else {"EDGEWISE_HOME": HOME}
        command = [sys.executable, "-P", "-m", "edge.cli", "assist", *map(str, options)]
        command += ["--settings", str(folder / "assist.toml")]
        self._process = subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, cwd=folder
        )
        form = ["--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1", "--latency-msec=50"]
        self._recorder = subprocess.Popen(
            ["parecord", *form, "--device=cable.monitor", str(folder / "heard.raw")],
            env=cable.environment,
            stderr=subprocess.DEVNULL,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def say(self, *parts: FloatArray) -> int:
        """Speak into the microphone; the number of lines before that."""
        path = self._folder / f"said-{len(list(self._folder.glob('said-*')))}.raw"
        (np.concatenate(parts) * 32767).astype("<i2").tofile(path)
        self._cable.play(path)
        return len(self.lines)

    def wait_for(self, text: str, after: int = 0) -> int:
        """Wait for a line with a text in it; the number of the line behind it."""
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline:
            for number, line in enumerate(self.lines[after:], after):
                if text in line:
                    return number + 1
            time.sleep(0.02)
        raise AssertionError(f"{text!r} is not among {self.lines[after:]}")

    @property
    def heard_s(self) -> float:
        """Seconds that were recorded."""
        path = self._folder / "heard.raw"
        return path.stat().st_size / 2 / RATE_HZ if path.exists() else 0.0

    def sound(self, from_s: float) -> FloatArray:
        """What the microphone heard since then."""
        whole = np.fromfile(self._folder / "heard.raw", "<i2")
        return (whole[round(from_s * RATE_HZ) :] / 32768).astype(np.float32)

    @property
    def peak_mb(self) -> float:
        """Megabytes that the process held at most."""
        status = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024

    @property
    def processor_s(self) -> float:
        """Seconds that processors worked for the process."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> int:
        """Ask for the end; the exit status."""
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(WITHIN_S)
        finally:
            self._process.kill()
            self._recorder.terminate()
            self._recorder.wait()
            self._reader.join()

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as errors:
            for line in errors:
                self.lines.append(line.strip())

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something."""
        deadline = time.monotonic() + WITHIN_S
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.02)
