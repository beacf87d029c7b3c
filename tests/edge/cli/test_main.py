"""Arguments, exit statuses, and failures as one line."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import edge
from edge.cli.commands import COMMANDS
from edge.cli.failures import explain
from edge.errors import FormatError

from .conftest import Outcome, Run

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("frobnicate",),
        ("transcribe",),
        ("transcribe", "--threads", "0", "x.wav"),
        ("transcribe", "--threads", "many", "x.wav"),
        ("transcribe", "--format", "docx", "x.wav"),
        ("transcribe", "--precision", "int3", "x.wav"),
        ("transcribe", "--language", "klingon", "x.wav"),
        ("transcribe", "--demo", "x.wav"),
        ("transcribe", "-", "-"),
        ("transcribe", "--output-dir", "out", "a/talk.wav", "b/talk.mp3"),
        ("transcribe", "--output-dir", "out", "a/talk.wav", "a/talk.mp3"),
        ("transcribe", "--format", "srt,json", "x.wav"),
        ("transcribe", "--format", "srt,,json", "--output-dir", "out", "x.wav"),
        ("transcribe", "--format", "all", "x.wav"),
        ("transcribe", "--resume", "x.wav"),
        ("transcribe", "--max-line-count", "2", "x.wav"),
        ("transcribe", "--max-line-width", "0", "x.wav"),
        ("transcribe", "--demo", "--output-dir", "out"),
        ("listen", "--push-to-talk"),
        ("listen", "--push-to-talk", "--endpoint", "0.5"),
        ("listen", "--push-to-talk", "clip.wav"),
        ("listen", "--device", "1", "clip.wav"),
        ("listen", "--raw"),
        ("listen", "-", "--format", "docx"),
        ("listen", "-", "--format", "srt,vtt"),
        ("listen", "-", "--endpoint", "soon"),
        ("listen", "-", "--stable", "very"),
        ("listen", "-", "--max-line-count", "2"),
        ("listen", "-", "--language", "klingon"),
        ("models",),
        ("models", "pull"),
        ("export", "whisper", "base"),
        ("inspect",),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2(run: Run, arguments: tuple[str, ...]) -> None:
    outcome = run(*arguments)
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err.startswith("usage: edgewise")
    assert "error: " in outcome.err.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("transcribe",),
        ("listen",),
        ("models",),
        ("models", "pull"),
        ("export",),
        ("export", "whisper"),
        ("inspect",),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_help_is_on_standard_output(run: Run, arguments: tuple[str, ...]) -> None:
    outcome = run(*arguments, "--help")
    assert outcome.status == 0
    assert outcome.err == ""
    assert outcome.out.startswith("usage: edgewise")


def test_the_help_shows_examples(run: Run) -> None:
    for arguments in ((), ("transcribe",), ("listen",), ("models",), ("export", "whisper"), ("inspect",)):
        assert "example" in run(*arguments, "--help").out


def test_version(run: Run) -> None:
    assert run("--version").out == f"edgewise {edge.__version__}\n"


Failing = Callable[[BaseException], Outcome]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, run: Run) -> Failing:
    """Runs a command that raises."""

    def call(error: BaseException) -> Outcome:
        def fail(args: argparse.Namespace, console: object) -> int:
            raise error

        monkeypatch.setattr("edge.cli.doctor.run", fail)
        return run("doctor")

    return call


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (FormatError("x.gguf: is cut off;\n make it again"), "edgewise: x.gguf: is cut off; make it again"),
        (FileNotFoundError(2, "No such file or directory", "x"), "edgewise: x: No such file or directory"),
        (OSError("something odd"), "edgewise: something odd"),
        (OSError(28, "No space left on device", b"x"), "edgewise: x: No space left on device; make room"),
        (
            UnicodeEncodeError("ascii", "größer", 2, 4, "no"),
            "edgewise: 'öß' cannot be written as ascii: set ",
        ),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), "edgewise: expected text in utf-8, found other bytes ("),
        (ImportError("libx.so.2: cannot open"), "edgewise: a part of edgewise or of what it needs cannot be loaded"),
        (RuntimeError("can't start new thread"), "edgewise: the system allows no more threads"),
        (FormatError("x\x1b]2;y\x07.gguf: is cut off"), "edgewise: x\\x1b]2;y\\x07.gguf: is cut off"),
        (MemoryError(), "edgewise: not enough memory: close other programs, or choose a smaller model"),
        (RuntimeError("oh"), "edgewise: unexpected RuntimeError: oh (a bug; EDGEWISE_DEBUG=1 shows where"),
    ],
)
def test_failures_are_one_line_and_status_1(failing: Failing, error: Exception, message: str) -> None:
    outcome = failing(error)
    assert outcome.status == 1
    assert outcome.out == ""
    assert outcome.message.startswith(message)


def test_ctrl_c_is_status_130(failing: Failing) -> None:
    outcome = failing(KeyboardInterrupt())
    assert (outcome.status, outcome.message) == (130, "edgewise: interrupted")


def test_debugging_shows_the_traceback(failing: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEWISE_DEBUG", "1")
    outcome = failing(RuntimeError("oh\x1b[2J"))
    assert outcome.status == 1
    assert outcome.err.startswith("Traceback (most recent call last):\n")
    assert "RuntimeError: oh\\x1b[2J" in outcome.err


def test_explain_keeps_the_name_of_the_file() -> None:
    assert explain(PermissionError(13, "Permission denied", "/root/x")) == "/root/x: Permission denied"


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    script = f"{sys.executable} -P -m edge.cli models list | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    assert done.stdout.strip() in ("0", "141")


@pytest.mark.parametrize("command", ["--version", "--help", "transcribe --help", "listen --help", "export llm --help"])
def test_starting_imports_nothing_heavy(command: str) -> None:
    heavy = ("numpy", "soundfile", "urllib.request", "ssl", "filelock", "platformdirs", "export", "importlib.metadata")
    found = loaded_by(command.split())
    assert [name for name in heavy if name in found] == []


def test_only_the_command_that_runs_is_imported() -> None:
    modules = {f"edge.cli.{command.module}" for command in COMMANDS.values()} | {"edge.options"}
    assert loaded_by(["--help"]) & modules == set()
    assert loaded_by(["inspect", "--help"]) & modules == {"edge.cli.inspect"}
    assert loaded_by(["models", "pull", "--help"]) & modules == {"edge.cli.models"}


def loaded_by(arguments: list[str]) -> set[str]:
    """The modules that are loaded once the command has run."""
    script = f"""
import sys
from edge.cli.main import main
main({arguments!r})
print(*sys.modules, file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.split())


def test_the_help_fits_a_screen(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("--help").out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(("arguments", "is_own"), [("", True), ("[]", False)])
def test_only_a_process_of_its_own_is_set_up_for_the_command(arguments: str, is_own: bool) -> None:
    script = f"""
import gc, os, sys
from edge.cli.main import main
sys.argv = ["edgewise"]
main({arguments})
print(os.environ.get("OPENBLAS_NUM_THREADS"), gc.get_freeze_count() > 0)
"""
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == ("1 True\n" if is_own else "None False\n")


def test_every_command_is_there_and_has_a_line_of_help(run: Run) -> None:
    names = "transcribe listen dictate assist wake serve sentences generate models export inspect bench tune doctor"
    assert list(COMMANDS) == names.split()
    lines = [line.split(maxsplit=1) for line in run("--help").out.splitlines()]
    for name, command in COMMANDS.items():
        assert [name, command.help] in lines
