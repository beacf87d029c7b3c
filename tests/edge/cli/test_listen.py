"""`edgewise listen` in processes of its own, on pipes and a terminal, with a real model where it is here."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from benchmarks.desktop.cable import Cable, missing
from edge.errors import MicrophoneError
from edge.store import Store

from .conftest import FakeModel, Run
from .live.screen import Screen

if sys.platform == "win32":
    pytest.skip("needs signals and terminals", allow_module_level=True)

import fcntl
import pty
import termios

HOME = os.environ.get("EDGEWISE_HOME")
"""The home with the models; a test's own has none."""

WORDS = "ask what you can do for your country"

Listen = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(scope="session")
def detector(tiny_en_int8: Path) -> None:
    if not Store().is_here("silero-vad"):
        pytest.skip("the detector of speech is not in the store: run `edgewise transcribe --demo` once")


@pytest.fixture(scope="session")
def samples(jfk_clip: Path) -> bytes:
    """The clip as raw PCM."""
    with wave.open(str(jfk_clip)) as file:
        return bytes(file.readframes(file.getnframes()))


@pytest.fixture
def environment() -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != "EDGEWISE_HOME"}
    return environment | ({} if HOME is None else {"EDGEWISE_HOME": HOME})


@pytest.fixture
def listen(detector: None, tiny_en_int8: Path, tmp_path: Path, environment: dict[str, str]) -> Iterator[Listen]:
    """Starts the command; what is not given is a pipe."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: object, **streams: Any) -> subprocess.Popen[bytes]:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-m", "edge.cli", "listen", *map(str, arguments), "--model", str(tiny_en_int8)]
        process: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            text=False,
            cwd=tmp_path,
            env=environment,
            bufsize=0,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            **pipes | streams,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def send(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(data)


def speak(process: subprocess.Popen[bytes], data: bytes) -> None:
    """Send raw PCM in pieces of a tenth of a second, several times as fast as it is spoken."""
    for at in range(0, len(data), 3200):
        send(process, data[at : at + 3200])
        time.sleep(0.03)


def line_of(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode()


def outcome(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


def send_all(process: subprocess.Popen[bytes], data: bytes, sizes: Callable[[int], int]) -> None:
    """Send data from a thread of its own, in pieces of the sizes that a function of their number gives."""

    def run() -> None:
        assert process.stdin is not None
        at = number = 0
        while at < len(data):
            process.stdin.write(data[at : at + sizes(number)])
            at, number = at + sizes(number), number + 1
        process.stdin.close()
        process.stdin = None

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)


@pytest.fixture(scope="session")
def transcribed(tiny_en_int8: Path, detector: None) -> Callable[[Path], str]:
    """Transcribes a file as `edgewise transcribe` does."""
    import edge

    model = edge.load(tiny_en_int8)
    return lambda path: model.transcribe(path).render("txt")


@pytest.mark.parametrize(
    ("seconds", "sizes"),
    [
        (11, lambda number: 1 << 20),
        (11, lambda number: (1, 70000, 3, 999)[number % 4]),
        (11, lambda number: 3201),
        (3, lambda number: 1),
    ],
    ids=["at once", "in bursts", "in odd pieces", "byte by byte"],
)
@pytest.mark.parametrize("arguments", [(), ("--format", "jsonl")], ids=["txt", "jsonl"])
def test_the_text_of_a_pipe_is_that_of_the_file(
    listen: Listen,
    transcribed: Callable[[Path], str],
    samples: bytes,
    tmp_path: Path,
    seconds: int,
    sizes: Callable[[int], int],
    arguments: tuple[str, ...],
) -> None:
    clip = tmp_path / "clip.wav"
    soundfile.write(clip, np.frombuffer(samples, np.int16)[: seconds * 16000], 16000)
    process = listen("-", *arguments)
    send_all(process, clip.read_bytes(), sizes)
    status, out, err = outcome(process)
    if arguments:
        events = [json.loads(line) for line in out.splitlines()]
        assert events[-1]["event"] == "end"
        out = "".join(f"{event['text'].strip()}\n" for event in events if event["event"] == "final")
    assert (status, out, err) == (0, transcribed(clip), "")


def test_the_text_of_stereo_at_another_rate_is_that_of_the_file(
    listen: Listen, transcribed: Callable[[Path], str], samples: bytes, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.wav"
    sound = np.repeat(np.frombuffer(samples, np.int16), 3) / 65536
    soundfile.write(clip, np.stack([sound, 0.7 * sound], axis=1), 48000, subtype="PCM_24")
    process = listen("-")
    send_all(process, clip.read_bytes(), lambda number: 4001)
    assert outcome(process) == (0, transcribed(clip), "")
    process = listen(clip)
    assert outcome(process) == (0, transcribed(clip), "")


def test_with_an_endpoint_text_is_final_in_the_pause(listen: Listen, samples: bytes) -> None:
    process = listen("-", "--endpoint", "0.5", "--raw")
    send(process, samples[: 4 * 32000])  # the speaker pauses after two seconds
    assert "fellow americans" in line_of(process).lower()
    send(process, samples[4 * 32000 :])
    status, out, _ = outcome(process)
    assert status == 0
    assert WORDS in out.lower()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_what_was_said(listen: Listen, samples: bytes, number: signal.Signals) -> None:
    process = listen("-", "--raw", "-f", "jsonl")
    send(process, samples[: 3 * 32000])
    while json.loads(line_of(process))["event"] != "partial":
        pass
    process.send_signal(number)  # while the pipe stays open, and gives nothing
    status, out, err = outcome(process)
    assert (status, err) == (0, "")
    final, end = [json.loads(line) for line in out.splitlines()][-2:]
    assert "fellow americans" in final["text"].lower()
    assert (end["event"], end["duration"]) == ("end", 3.0)


def test_a_recording_that_is_left_is_not_damaged(listen: Listen, jfk_clip: Path) -> None:
    process = listen("-", "-f", "jsonl")
    send(process, jfk_clip.read_bytes()[: 3 * 32000])  # whose header says that more follows
    while json.loads(line_of(process))["event"] != "partial":
        pass
    process.send_signal(signal.SIGINT)
    status, out, err = outcome(process)
    assert (status, err) == (0, "")
    assert "gap" not in [json.loads(line)["event"] for line in out.splitlines()]


def test_what_is_missing_is_told(listen: Listen, jfk_clip: Path) -> None:
    process = listen("-")
    send_all(process, jfk_clip.read_bytes()[: 3 * 32000], lambda number: 3200)
    status, out, err = outcome(process)
    assert (status, out.count("\n")) == (0, 1)
    assert err.splitlines()[-1].startswith("edgewise: something is missing: 3.00 to 11.00 s, damaged: it ends before")


def test_a_signal_before_there_was_anything_to_hear(listen: Listen, samples: bytes) -> None:
    process = listen("-", "-f", "vtt", "--raw")
    assert line_of(process) == "WEBVTT\n"  # it listens
    process.send_signal(signal.SIGINT)
    assert outcome(process) == (0, "\n", "")


def test_the_second_signal_ends_it_at_once(listen: Listen, samples: bytes, tmp_path: Path) -> None:
    process = listen("-", "-f", "vtt", "--raw")
    line_of(process)
    send(process, samples[: 9 * 32000])  # it ends with what it heard, which takes longer than the two signals
    process.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    assert process.wait(60) == -signal.SIGTERM


def test_captions_are_whole_whenever_somebody_looks(listen: Listen, samples: bytes, tmp_path: Path) -> None:
    captions, saved = tmp_path / "captions.srt", tmp_path / "saved.wav"
    process = listen("-", "--raw", "-o", captions, "--save", saved, "--endpoint", "quick")
    send(process, samples[: 9 * 32000])
    until = time.monotonic() + 60
    while not (captions.exists() and "country" in captions.read_text()):
        assert time.monotonic() < until
        time.sleep(0.01)
    process.kill()
    text = captions.read_text()
    assert re.match(r"1\n00:00:00,\d{3} --> 00:00:0\d,\d{3}\n\S", text)
    assert text.endswith("\n\n")
    with wave.open(str(saved)) as file:
        n_frames = file.getnframes()
        assert n_frames > 5 * 16000
        assert file.readframes(n_frames) == samples[: 2 * n_frames]


def test_a_named_pipe(listen: Listen, samples: bytes, transcribed: Callable[[Path], str], tmp_path: Path) -> None:
    pipe, clip = tmp_path / "pipe", tmp_path / "clip.wav"
    soundfile.write(clip, np.frombuffer(samples, np.int16), 16000)
    os.mkfifo(pipe)
    process = listen(pipe)
    pipe.write_bytes(clip.read_bytes())
    assert outcome(process) == (0, transcribed(clip), "")


@pytest.mark.skipif(sys.platform != "linux", reason="a named pipe is waited for when it is opened")
def test_a_named_pipe_that_nobody_writes_to_can_be_left(listen: Listen, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    process = listen(tmp_path / "pipe", "-f", "vtt")
    assert line_of(process) == "WEBVTT\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert outcome(process) == (0, "\n", "")


def test_a_reader_that_goes_away(listen: Listen, samples: bytes) -> None:
    process = listen("-", "--raw", "-f", "jsonl")
    line = threading.Thread(target=line_of, args=(process,))
    line.start()
    send(process, samples[: 2 * 32000])
    line.join(60)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    send(process, samples[2 * 32000 :][: 2 * 32000])
    assert process.wait(60) == 141


def test_an_empty_pipe_is_a_line(listen: Listen) -> None:
    status, out, err = outcome(listen("-"))
    assert (status, out) == (1, "")
    assert err.startswith("edgewise: standard input is empty: expected a recording")


class Terminal:
    """A terminal of 120 columns that shows what a process writes."""

    def __init__(self) -> None:
        self.screen = Screen(120, 12)
        self.written = ""
        self.reading, self.end = pty.openpty()
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 120, 0, 0))

    def wait_for(self, seen: Callable[[], bool]) -> None:
        """Read until something is seen."""
        until = time.monotonic() + 60
        while not seen():
            assert time.monotonic() < until, self.screen.text
            if select.select([self.reading], [], [], 0.1)[0]:
                text = os.read(self.reading, 65536).decode()
                self.written += text
                self.screen.write(text)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    os.close(terminal.reading)
    os.close(terminal.end)


def test_a_terminal_shows_text_while_it_is_said(
    listen: Listen, samples: bytes, terminal: Terminal, environment: dict[str, str]
) -> None:
    environment["TERM"] = "xterm"
    environment.pop("NO_COLOR", None)
    options = ("--raw", "--endpoint", "0.5", "--cpu-share", "1")
    process = listen("-", *options, stdout=terminal.end, stderr=terminal.end)
    send(process, bytes(3200))
    terminal.wait_for(lambda: terminal.screen.text[-1].startswith("listening  ["))
    speak(process, samples[: 2 * 32000])
    terminal.wait_for(lambda: terminal.screen.text[-1].startswith("speech  ["))
    terminal.wait_for(lambda: len(terminal.screen.text) == 2 and "my" in terminal.screen.text[0])
    assert "\x1b[2m" in terminal.written
    speak(process, samples[2 * 32000 : 3 * 32000])
    terminal.wait_for(lambda: terminal.screen.text[-1].startswith("silence  ["))
    assert "fellow Americans" in terminal.screen.text[0]
    process.send_signal(signal.SIGINT)
    terminal.wait_for(lambda: process.poll() is not None)
    terminal.wait_for(lambda: terminal.screen.text[-1] == "")
    assert process.returncode == 0
    assert len(terminal.screen.text) == 2
    assert "fellow Americans" in terminal.screen.text[0]


@pytest.fixture
def cable(tmp_path: Path, environment: dict[str, str]) -> Iterator[Cable]:
    """A microphone that hears what is played."""
    with Cable(tmp_path / "server") as cable:
        environment.update({name: value for name, value in cable.environment.items() if name.startswith("PULSE_")})
        yield cable


def played(samples: bytes, seconds: float, path: Path) -> Path:
    path.write_bytes(samples[: int(seconds * 16000) * 2])
    return path


needs_cable = pytest.mark.skipif(bool(missing()), reason=f"no virtual microphone without {missing()}")


@needs_cable
@pytest.mark.loopback
def test_a_microphone(listen: Listen, cable: Cable, samples: bytes, tmp_path: Path) -> None:
    status, out, _ = outcome(listen("--devices"))
    assert status == 0
    assert "default" in out
    journal, saved = tmp_path / "spoken", tmp_path / "saved.wav"
    process = listen("--endpoint", "0.5", "--journal", journal, "--save", saved)
    assert process.stderr is not None
    assert process.stderr.readline().endswith(b"; Ctrl-C ends\n")
    cable.play(played(samples, 4, tmp_path / "clip.raw"))
    assert "fellow americans" in line_of(process).lower()
    assert len(list(journal.iterdir())) == 2
    process.send_signal(signal.SIGINT)
    assert outcome(process)[0] == 0
    assert list(journal.iterdir()) == []
    with wave.open(str(saved)) as file:
        assert file.getnframes() > 2 * 16000


@needs_cable
@pytest.mark.loopback
def test_push_to_talk(
    listen: Listen, cable: Cable, samples: bytes, terminal: Terminal, environment: dict[str, str], tmp_path: Path
) -> None:
    environment["TERM"] = "xterm"
    process = listen("--push-to-talk", stdin=terminal.end, stdout=terminal.end, stderr=terminal.end)
    terminal.wait_for(lambda: "exact silence" in "".join(terminal.screen.text))
    terminal.wait_for(lambda: terminal.screen.text[-1].startswith("muted  press Enter to talk  ["))
    os.write(terminal.reading, b"\r")
    terminal.wait_for(lambda: "speech, Enter ends it" in terminal.screen.text[-1])
    clip = played(samples, 2.5, tmp_path / "clip.raw")
    cable.play(clip)
    cable.wait_played()
    os.write(terminal.reading, b" ")
    terminal.wait_for(lambda: "press Enter to talk" in terminal.screen.text[-1])
    assert "fellow Americans" in terminal.screen.text[-2]
    cable.play(clip)  # which nobody is to hear
    cable.wait_played()
    process.send_signal(signal.SIGINT)
    terminal.wait_for(lambda: process.poll() is not None)
    terminal.wait_for(lambda: terminal.screen.text[-1] == "")
    assert process.returncode == 0
    assert "".join(terminal.screen.text).count("fellow Americans") == 1


def test_without_a_microphone_there_is_a_line_before_a_model_is_loaded(
    run: Run, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise MicrophoneError("a microphone needs sounddevice: pip install 'edgewise[mic]'")

    monkeypatch.setattr("edge.cli.live.microphone.devices", fail)
    outcome = run("listen")
    assert (outcome.status, outcome.out, model.loaded_with) == (1, "", None)
    assert outcome.message == "edgewise: a microphone needs sounddevice: pip install 'edgewise[mic]'"


def test_a_file_that_is_not_there_is_a_line_before_a_model_is_loaded(
    run: Run, model: FakeModel, tmp_path: Path
) -> None:
    outcome = run("listen", tmp_path / "none.wav")
    assert (outcome.status, outcome.out, model.loaded_with) == (1, "", None)
    assert "none.wav does not exist" in outcome.message


@pytest.mark.parametrize("option", ["-o", "--save"])
def test_a_folder_that_is_not_there_is_a_line(
    run: Run, model: FakeModel, clip: Path, tmp_path: Path, option: str
) -> None:
    outcome = run("listen", clip, option, tmp_path / "none" / "x.wav", "-f", "txt")
    assert (outcome.status, model.loaded_with) == (1, None)
    assert "x.wav: its folder is not there; make it first" in outcome.message


def test_a_suffix_that_names_no_format_is_a_line(run: Run, model: FakeModel, clip: Path, tmp_path: Path) -> None:
    outcome = run("listen", clip, "-o", tmp_path / "words.docx")
    assert (outcome.status, model.loaded_with) == (1, None)
    assert "words.docx: its suffix names no format" in outcome.message
