"""Python in a document runs as it stands, and prints what is shown; so do the examples."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import skip_without_models
from .markdown import PAGES, ROOT, Block, blocks, matches, name_of

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
SERVERS = ROOT / "docs" / "servers.md"
"""The page whose blocks want a server; test_servers.py begins one."""
MOST_LINES = 40

SHOWN = "ask not what your country can do for you"


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python") and page != SERVERS], ids=name_of)
def test_its_blocks_run(page: Path, recordings: Path) -> None:
    """One after the other, as a reader types them; a text block behind one is what it prints."""
    namespace: dict[str, object] = {}
    printed: str | None = None
    for block in blocks(page, "python", "text", ""):
        if block.language == "python":
            skip_without_models(block.text)
            printed = _printed(block, page, namespace)
        elif printed is not None:
            assert matches(block.text, printed), printed
            printed = None


def _printed(block: Block, page: Path, namespace: dict[str, object]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(block.text, str(page), "exec"), namespace)
    return output.getvalue()


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_an_example_is_short_and_says_what_it_does(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert f"docs/examples/{example.name}" in text.split('"""')[1]
    assert len(text.splitlines()) < MOST_LINES


def test_one_recording_to_words_with_times(recordings: Path) -> None:
    words = [line.split() for line in _run("one_recording.py", "jfk.wav").splitlines()]
    assert SHOWN in " ".join(text for _, _, _, text in words)
    assert all(float(start) < float(end) <= 11.0 for start, end, _, _ in words)


def test_a_folder_to_subtitles_beside_each(recordings: Path) -> None:
    (recordings / "recordings" / "broken.mp3").write_bytes(b"no sound at all")
    output = _run("folder_to_srt.py", "recordings", status=1)
    assert output.count("wrote ") == 2
    assert "failed: " in output
    for name in ("a.srt", "monday/b.srt"):
        assert "fellow Americans" in (recordings / "recordings" / name).read_text(encoding="utf-8")


def test_sound_from_a_pipe(recordings: Path) -> None:
    import soundfile

    samples, _ = soundfile.read("jfk.wav", dtype="int16")
    assert SHOWN in _run("sound_from_a_pipe.py", sound=samples.tobytes())


def _run(example: str, *arguments: str, sound: bytes = b"", status: int = 0) -> str:
    command = [sys.executable, str(ROOT / "docs" / "examples" / example), *arguments]
    done = subprocess.run(command, input=sound, capture_output=True, env=dict(os.environ), timeout=120, check=False)
    assert done.returncode == status, done.stderr.decode()
    return done.stdout.decode()
