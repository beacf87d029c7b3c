"""A microphone without a sound card: a sound server of our own, into whose microphone a recording is played."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAMS = ("pulseaudio", "pactl", "paplay")
_PLUGIN = "alsa-lib/libasound_module_pcm_pulse.so"
_WITHIN_S = 20.0


def missing() -> str:
    """Name what has to be installed before a cable can be made; empty where all is there."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if not absent and find_library("portaudio") is None:
        absent = ["PortAudio"]
    if not absent and not any(any(Path("/usr").glob(f"{folder}/{_PLUGIN}")) for folder in ("lib*", "lib/*")):
        absent = ["ALSA's plugin for PulseAudio"]
    if absent:
        return f"{', '.join(absent)}: apt install pulseaudio pulseaudio-utils libportaudio2 libasound2-plugins"
    return "" if find_spec("sounddevice") else "sounddevice: pip install 'edgewise[mic]'"


class Cable:
    """A sound server whose default microphone, `mic`, hears what is played to `cable`, to the sample."""

    def __init__(self, folder: Path, rate_hz: int = 16000, n_channels: int = 1) -> None:
        self.folder, self.rate_hz, self.n_channels = folder, rate_hz, n_channels
        (folder / "run").mkdir(parents=True, mode=0o700, exist_ok=True)
        (folder / "cookie").write_bytes(os.urandom(256))
        self.environment = os.environ | {
            "PULSE_SERVER": f"unix:{folder}/native",
            "PULSE_RUNTIME_PATH": f"{folder}/run",
            "PULSE_STATE_PATH": f"{folder}/state",
            "PULSE_COOKIE": f"{folder}/cookie",
        }
        self._server: subprocess.Popen[bytes] | None = None
        self._players: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self.stop_playing()

    def start(self) -> None:
        """Start the server, with the cable and its microphone."""
        (self.folder / "native").unlink(missing_ok=True)
        script = self.folder / "default.pa"
        socket = f"module-native-protocol-unix socket={self.folder}/native auth-anonymous=1"
        script.write_text("\n".join(f"load-module {module}" for module in (socket, *self._modules())) + "\n")
        options = "-n --daemonize=no --exit-idle-time=-1 --use-pid-file=no --disable-shm=yes --realtime=no"
        options += f" --high-priority=no --log-target=newfile:{self.folder}/log"
        command = ["pulseaudio", *options.split(), "-F", str(script)]
        self._server = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + _WITHIN_S
        while time.monotonic() < deadline:
            if self.ask("get-default-source", check=False).strip() in ("mic", "cable.monitor"):
                self.ask("set-default-source", "mic")
                return
            time.sleep(0.02)
        raise TimeoutError("the sound server does not start")

    def _modules(self) -> tuple[str, str]:
        # Without norewinds the sink renders 2 s ahead, and loses what is played first.
        form = f"rate={self.rate_hz} channels={self.n_channels} format=s16le norewinds=1"
        return (
            f"module-null-sink sink_name=cable {form}",
            "module-remap-source source_name=mic master=cable.monitor remix=no",
        )

    def plug_in(self) -> None:
        """Load the cable and the microphone where they are gone."""
        loaded = self.ask("list", "short", "modules")
        for module in self._modules():
            name, *arguments = module.split()
            if name not in loaded:
                self.ask("load-module", name, *arguments)
        self.ask("set-default-source", "mic")

    def ask(self, *words: str, check: bool = True) -> str:
        """Run pactl, and return what it says."""
        done = subprocess.run(
            ["pactl", *words], env=self.environment, capture_output=True, text=True, timeout=_WITHIN_S, check=check
        )
        return done.stdout

    def play(self, recording: Path) -> None:
        """Begin to play a recording of raw 16-bit samples at the cable's rate and channels."""
        form = ["--raw", "--format=s16le", f"--rate={self.rate_hz}", f"--channels={self.n_channels}"]
        command = ["paplay", *form, "--device=cable", str(recording)]
        self._players.append(
            subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )

    def wait_played(self) -> None:
        """Wait until all is played."""
        for player in self._players:
            player.wait(120)
        self._players.clear()

    def stop_playing(self) -> None:
        """Stop what is played."""
        for player in self._players:
            player.kill()
            player.wait()
        self._players.clear()

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Let the server do nothing for a while."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._server.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill the server."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None
