"""Clients in other languages, and programs that measure servers: OpenAI's for node, wyoming-bench."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

import edge
from edge.serve.tls import context_of

from .conftest import Served

MakeServer = Callable[..., Served]


def test_openais_client_for_node(
    make_server: MakeServer, clip: bytes, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    """EDGEWISE_TEST_NODE names a folder in which `npm install openai ws` was run."""
    modules = Path(os.environ.get("EDGEWISE_TEST_NODE", "none")) / "node_modules"
    node = shutil.which("node")
    if node is None or not modules.is_dir():
        pytest.skip("no node, or EDGEWISE_TEST_NODE names no folder in which `npm install openai ws` was run")
    (tmp_path / "node_modules").symlink_to(modules.resolve())
    (tmp_path / "clip.wav").write_bytes(clip)
    program = tmp_path / "client.mjs"
    program.write_bytes(Path(__file__).with_name("openai_client.mjs").read_bytes())
    served = make_server(tls=context_of(*certificate))
    words = [node, str(program), served.listening.http or "", str(tmp_path / "clip.wav")]
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(certificate[0])}
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "text": "w0 w1",
        "srt": "1\n00:00:00,000 --> 00:00:02,000\nw0 w1\n\n",
        "words": ["w0", "w1"],
        "streamed": ["transcript.text.delta", "transcript.text.done"],
        "status": 404,
        "live": "w0 w1",
    }


def test_wyoming_bench(make_server: MakeServer, tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path) -> None:
    program = shutil.which("wyoming-bench", path=sysconfig.get_path("scripts"))
    if program is None:
        pytest.skip("there is no wyoming-bench: pip install wyoming-bench")
    model = edge.load(tiny_en_int8, offline=True)
    served = make_server(model)
    shutil.copy(jfk_clip, tmp_path / "jfk.wav")
    (tmp_path / "jfk.txt").write_text(model.transcribe(jfk_clip).text, encoding="utf-8")
    address = served.listening.wyoming or ""
    for command in (
        ["info", address],
        [
            "stt",
            "--corpus",
            str(tmp_path),
            "--mode",
            "both",
            "--chunk-delay",
            "0.02",
            "--rounds",
            "1",
            "--warmup",
            "0",
            address,
        ],
    ):
        done = subprocess.run([program, *command], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    results = re.findall(r"^\[\w+\] ok=(\d) fail=(\d)$", done.stdout, re.MULTILINE)
    assert results == [("1", "0"), ("1", "0")], done.stdout
    assert "WER=0.0%" in done.stdout  # of the transcript; in the other mode it reads the chunks
