"""Ctrl-C and SIGTERM, at every moment of the command's life."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.cli import stops

from .conftest import FakeModel, MakeWav, Run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals")

AT_IMPORT = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{signal})

sys.meta_path.insert(0, Finder())
sys.argv = ["edgewise", "transcribe", {file!r}]
from edge.cli.start import main
sys.exit(main())
"""


def python(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.mark.parametrize("module", ["edge.cli.main", "edge.cli.commands", "argparse"])
def test_ctrl_c_while_the_command_is_loaded_is_quiet(clip: Path, tmp_path: Path, module: str) -> None:
    done = python(AT_IMPORT.format(module=module, signal="SIGINT", file=str(clip)), tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("module", ["edge.audio", "numpy", "soundfile", "numpy.linalg"])
@pytest.mark.parametrize(("name", "status", "word"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_a_signal_while_libraries_are_loaded_is_a_line(
    clip: Path, tmp_path: Path, module: str, name: str, status: int, word: str
) -> None:
    done = python(AT_IMPORT.format(module=module, signal=name, file=str(clip)), tmp_path)
    assert done.returncode == status
    assert (done.stdout, done.stderr.splitlines()[-1:]) == ("", [f"edgewise: {word}"])
    assert "Traceback" not in done.stderr


def test_the_second_signal_ends_it(tmp_path: Path) -> None:
    script = """
import os, signal
from edge.cli import stops
stops.listen()
try:
    os.kill(os.getpid(), signal.SIGTERM)
except stops.Stopped as stopped:
    print(stopped.status, flush=True)
    os.kill(os.getpid(), signal.SIGINT)
print("still here")
"""
    done = python(script, tmp_path)
    assert (done.returncode, done.stdout) == (-signal.SIGINT, "143\n")


def test_what_is_ignored_stays_ignored(tmp_path: Path) -> None:
    script = """
import os, signal
from edge.cli import stops
signal.signal(signal.SIGINT, signal.SIG_IGN)
stops.listen()
os.kill(os.getpid(), signal.SIGINT)
print("still here")
"""
    assert python(script, tmp_path).stdout == "still here\n"


def test_what_somebody_made_of_it_is_still_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    stops.check()
    monkeypatch.setattr(stops, "_stopped_by", int(signal.SIGTERM))
    with pytest.raises(stops.Stopped):
        stops.check()


def test_sigterm_ends_a_batch_with_its_summary(
    run: Run, model: FakeModel, clip: Path, wav: MakeWav, tmp_path: Path
) -> None:
    other = wav(0.5, tmp_path / "other.wav")
    model.fails_with = {"other.wav": stops.Stopped(signal.SIGTERM)}
    outcome = run("transcribe", clip, other, "--output-dir", tmp_path / "out")
    assert outcome.status == 143
    assert outcome.err.splitlines()[-2:] == [
        "edgewise: 1 of 2 recordings transcribed; 1 left; 1.5 s of audio in 0.5 s (3.0 x real time)",
        "edgewise: terminated",
    ]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["clip.txt"]


HELD = """
import os, select, signal
from edge.cli import stops
stops.listen()
with stops.held() as stop:
    stop.at_once = lambda: print("in order", flush=True)
    print(stop.is_asked, flush=True)
    os.kill(os.getpid(), signal.{first})
    print(stop.is_asked, select.select([stop], [], [], 0)[0] == [stop], flush=True)
    {then}
print(signal.getsignal(signal.SIGINT) is stops._stop)
"""


@pytest.mark.parametrize("first", ["SIGINT", "SIGTERM"])
def test_a_signal_that_is_held_asks_for_the_end(tmp_path: Path, first: str) -> None:
    done = python(HELD.format(first=first, then="pass"), tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\nTrue True\nTrue\n", "")


@pytest.mark.parametrize("second", ["SIGINT", "SIGTERM"])
def test_the_second_one_ends_it_in_order(tmp_path: Path, second: str) -> None:
    then = f"os.kill(os.getpid(), signal.{second})"
    done = python(HELD.format(first="SIGINT", then=then), tmp_path)
    assert done.returncode == -getattr(signal, second)
    assert done.stdout == "False\nTrue True\nin order\n"


def test_a_second_one_within_the_first_ones_handler_ends_it_too(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from edge.cli import stops

def at_first_call(frame, event, argument):
    if event == "call" and frame.f_code.co_filename == stops.__file__:
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGTERM)

with stops.held() as stop:
    stop.at_once = lambda: print("in order", flush=True)
    sys.setprofile(at_first_call)
    os.kill(os.getpid(), signal.SIGINT)
print("still here")
"""
    assert python(script, tmp_path).stdout == "in order\n"


def test_what_is_ignored_is_not_held(tmp_path: Path) -> None:
    script = """
import os, signal
from edge.cli import stops
signal.signal(signal.SIGINT, signal.SIG_IGN)
with stops.held() as stop:
    os.kill(os.getpid(), signal.SIGINT)
    print(stop.is_asked)
"""
    assert python(script, tmp_path).stdout == "False\n"
