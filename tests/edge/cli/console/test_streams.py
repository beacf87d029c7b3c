"""Standard streams that are closed, full, slow, or a terminal."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.cli.console.streams import put, report
from edge.cli.main import main

from ..conftest import FakeModel, Run

COMMAND = f"{sys.executable} -m edge.cli"

posix = pytest.mark.skipif(os.name != "posix", reason="needs a shell's redirections")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, timeout=60)


def test_a_terminal_gets_nothing_that_it_would_obey(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    put("a\x1b[2Jb\x9b\u202ec\n")
    assert terminal.getvalue() == "a\\x1b[2Jb\\x9b\\u202ec\n"


def test_a_pipe_gets_the_words_as_they_are(capfd: pytest.CaptureFixture[str]) -> None:
    put("a\x1b[2Jb\n")
    report("a\x1b[2Jb")
    assert capfd.readouterr().out == "a\x1b[2Jb\na\\x1b[2Jb\n"


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_no_standard_stream_at_all(
    model: FakeModel, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """As in a service, and under pythonw."""
    monkeypatch.setattr(f"sys.{name}", None)
    assert main(["transcribe", str(clip), "--output-dir", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "clip.txt").exists()


def test_what_needs_a_closed_stream_says_so_before_the_model_is_loaded(
    run: Run, model: FakeModel, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    outcome = run("transcribe", "-")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.message.startswith("edgewise: -: standard input: closed; pipe a recording into it")
    monkeypatch.setattr("sys.stdout", None)
    outcome = run("transcribe", clip)
    assert outcome.status == 1
    assert outcome.message.startswith("edgewise: standard output: closed; open it, or have files written")
    assert model.loaded_with is None


@posix
@pytest.mark.parametrize(
    ("redirection", "status", "said"),
    [
        ("2>&-", 0, ""),
        ("<&-", 0, ""),
        ("<&- 2>&-", 0, ""),
        (">&-", 1, "edgewise: standard output: closed"),
        ("> /dev/full", 1, "edgewise: standard output: No space left on device"),
    ],
)
def test_redirections(tmp_path: Path, redirection: str, status: int, said: str) -> None:
    if "/dev/full" in redirection and not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    done = shell(f"{COMMAND} doctor {redirection}", tmp_path)
    assert done.returncode == status
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == (1 if said else 0)
    assert ("processor" in done.stdout) == (status == 0)


@posix
def test_a_file_never_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    script = """
import os
from edge.cli.console import streams
streams.settle()
print(os.open("a", os.O_CREAT | os.O_WRONLY) > 2, flush=True)
os.write(2, b"noise")
"""
    done = shell(f"{sys.executable} -c '{script}' 2>&-", tmp_path)
    assert done.stdout == "True\n"
    assert (tmp_path / "a").read_bytes() == b""


@posix
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_pipe_that_does_not_block_gets_all(tmp_path: Path, stream: str) -> None:
    """As programs leave it that are written around events."""
    script = f"""
import sys
from edge.cli.console import streams
streams.settle()
print("x" * 300_000, "end", file=sys.{stream}, flush=True)
"""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    stdout, stderr = (writing if stream == name else None for name in ("stdout", "stderr"))
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=stdout, stderr=stderr) as process:
        os.close(writing)
        time.sleep(0.5)  # until it is full
        with open(reading, "rb") as pipe:  # noqa: PTH123 (a descriptor)
            assert pipe.read() == b"x" * 300_000 + b" end\n"
    assert process.returncode == 0


@posix
def test_a_complaint_that_nobody_hears_is_not_taken_for_output(tmp_path: Path) -> None:
    done = shell(f"{COMMAND} frobnicate 2>&-", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


@posix
def test_the_help_is_whole_or_a_failure(tmp_path: Path) -> None:
    done = shell(f"{COMMAND} --help > /dev/full", tmp_path)
    assert (done.returncode, done.stderr[:43]) == (1, "edgewise: standard output: No space left on")


@posix
def test_complaints_about_arguments_are_harmless(run: Run) -> None:
    outcome = run("transcribe", "--form\x1b]2;x\x07")
    assert outcome.status == 2
    assert "\x1b" not in outcome.err
    assert "--form\\x1b]2;x\\x07" in outcome.err


def test_a_name_that_is_no_utf8_is_printed_as_it_is(tmp_path: Path) -> None:
    script = """
from edge.cli.console import streams
streams.settle()
streams.put("caf\\udce9\\n")
"""
    environment = {**os.environ, "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, timeout=60
    )
    assert (done.stdout, done.stderr) == (b"caf\xe9\n", b"")
