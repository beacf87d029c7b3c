"""What the guide to servers says is done with a server that runs: its Python, and its curl and OpenAI commands."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from .markdown import ROOT, blocks

pytest.importorskip("starlette")
openai = pytest.importorskip("openai")

PAGE = ROOT / "docs" / "servers.md"
ADDRESS = "127.0.0.1:8383"
"""Where the guide's server is; that of the tests takes a free port."""

CLIENTS = re.compile(r"^(?:\w+=\S+ )*(?:curl|openai) .*$", re.MULTILINE)


@pytest.fixture
def served(recordings: Path) -> Iterator[str]:
    """The address of a server that was begun as the guide says."""
    import soundfile
    import soxr

    samples, rate_hz = soundfile.read("jfk.wav", dtype="float32")
    soundfile.write("talk.pcm", soxr.resample(samples, rate_hz, 24000), 24000, "PCM_16", format="RAW")
    command = [sys.executable, "-P", "-m", "edge.cli", "serve", "openai", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        said = ""
        for line in server.stderr:
            said += line
            if " ready" in line:
                break
        found = re.search(r"http://([\d.:]+)/v1", said)
        assert found, said
        yield found[1]
        server.terminate()
        assert server.wait(20) == 0, server.stderr.read()


@pytest.mark.filterwarnings("ignore:connect:DeprecationWarning")  # which is how OpenAI's client does it
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a guide's lines leave the closing to the end of the program
def test_its_python_and_its_clients_run(served: str) -> None:
    namespace: dict[str, object] = {}
    for block in blocks(PAGE, "python"):
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(compile(block.text.replace(ADDRESS, served), str(PAGE), "exec"), namespace)
        assert "fellow Americans" in output.getvalue()
    lines = [line for block in blocks(PAGE, "sh") for line in CLIENTS.findall(block.text)]
    commands = [line for line in lines if ADDRESS in line]
    assert len(commands) >= 2
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path}
    for command in commands:
        words = ["bash", "-c", command.replace(ADDRESS, served)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=environment)
        assert done.returncode == 0, done.stderr
        assert "fellow Americans" in done.stdout, f"{command}\n{done.stdout}{done.stderr}"
