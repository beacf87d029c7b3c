"""The command on a real model and a real clip, where the demo has brought them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from edge.transcript.formats import FORMATS

from .conftest import Run

WORDS = "ask not what your country can do for you"


def test_transcribes_a_clip(run: Run, tiny_en_int8: Path, jfk_clip: Path) -> None:
    # A speaker who pauses is listened for, and the test's home has no detector.
    outcome = run("transcribe", jfk_clip, "--model", tiny_en_int8, "--no-vad")
    assert outcome.status == 0
    assert WORDS in " ".join(outcome.out.lower().split())
    assert outcome.err == ""


def test_transcribes_standard_input_in_a_process_of_its_own(tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edge.cli", "transcribe", "-", "--model", str(tiny_en_int8), "--timing"]
    with jfk_clip.open("rb") as clip:
        done = subprocess.run(command, cwd=tmp_path, stdin=clip, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert WORDS in " ".join(done.stdout.lower().split())
    assert "11.0 s of audio" in done.stderr


def test_subtitles_lie_within_the_clip(run: Run, tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path) -> None:
    run("transcribe", jfk_clip, "--model", tiny_en_int8, "--format", "srt", "--output-dir", tmp_path)
    times = [line for line in (tmp_path / "jfk.srt").read_text().splitlines() if "-->" in line]
    assert times
    assert all("00:00:00,000" <= line[:12] < line[17:29] <= "00:00:11,500" for line in times)


def test_recordings_that_are_read_together_get_the_bytes_that_each_gets_alone(
    run: Run, tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path
) -> None:
    for number in range(6):
        with wave.open(str(jfk_clip)) as clip, wave.open(str(tmp_path / f"{number}.wav"), "wb") as file:
            file.setparams(clip.getparams())
            clip.setpos(number * clip.getnframes() // 8)
            file.writeframes(clip.readframes(clip.getnframes() // (1 + number % 3)))
    command = ("transcribe", tmp_path, "--model", tiny_en_int8, "--no-vad", "--format", "all", "--output-dir")
    found = []
    for jobs in (1, 4):
        assert run(*command, tmp_path / f"out{jobs}", "--jobs", jobs).status == 0
        found.append({path.name: path.read_bytes() for path in (tmp_path / f"out{jobs}").iterdir()})
    assert len(found[0]) == 6 * len(FORMATS)
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("number", "status", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_leaves_whole_events(
    tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path, number: signal.Signals, status: int, word: str
) -> None:
    long = tmp_path / "long.wav"
    with wave.open(str(jfk_clip)) as clip, wave.open(str(long), "wb") as file:
        file.setparams(clip.getparams())
        file.writeframes(clip.readframes(clip.getnframes()) * 60)
    command = [sys.executable, "-m", "edge.cli", "transcribe", str(jfk_clip), str(long), "--format", "jsonl"]
    process = subprocess.Popen(
        [*command, "--model", str(tiny_en_int8)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,  # the checkout may hold an edge that is not compiled
        # What a shell starts in the background ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    events = [json.loads(process.stdout.readline())]
    while events[-1]["file"] != str(long):
        events.append(json.loads(process.stdout.readline()))
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status
    events += [json.loads(line) for line in out.splitlines()]
    assert [event["file"] for event in events if event["event"] == "end"] == [str(jfk_clip)]
    assert "1 of 2 recordings transcribed; 1 left; 11.0 s of audio" in err
    assert err.endswith(f"edgewise: {word}\n")


def test_inspects_the_model(run: Run, tiny_en_int8: Path) -> None:
    outcome = run("inspect", tiny_en_int8, "--tensors")
    assert outcome.status == 0
    assert "enc.blocks.3.ffn.fc2.weight" in outcome.out


def test_a_truncated_model_is_one_line(run: Run, tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(tiny_en_int8.read_bytes()[:3_000_000])
    for arguments in (("transcribe", jfk_clip, "--model", cut), ("inspect", cut)):
        outcome = run(*arguments)
        assert outcome.status == 1
        assert "cut.gguf" in outcome.message


def test_exports_what_it_then_runs(run: Run, tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path) -> None:
    other = tmp_path / "again.gguf"
    outcome = run("export", "whisper", tiny_en_int8, "-o", other, "--precision", "int4")
    assert outcome.status == 0, outcome.err
    assert outcome.out.startswith(f"{other}: tiny.en at int4")
    assert run("transcribe", jfk_clip, "--model", other).status == 0


def test_doctor(run: Run) -> None:
    outcome = run("doctor")
    assert outcome.status == 0
    for fact in ("level ref", "chosen", "threads", "numpy", "folder"):
        assert fact in outcome.out


def test_bench_measures_this_machine_and_its_report_compares_with_itself(
    run: Run, tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEWISE_ASSETS", str(jfk_clip.parent))
    board = tmp_path / "board.json"
    outcome = run("bench", "--quick", "-m", tiny_en_int8, "--threads", "1", "-o", board)
    assert outcome.status == 0, outcome.err
    assert "words: right" in outcome.out
    assert "| tiny.en | int8 " in board.with_suffix(".md").read_text(encoding="utf-8")
    assert run("bench", "verify", board).out.startswith(f"{board}: whole, ")
    assert run("bench", "compare", "--all", board, board).out.count("| the same |") == 3
    board.write_text(board.read_text(encoding="utf-8").replace('"threads": 1', '"threads": 2'), encoding="utf-8")
    outcome = run("bench", "verify", board)
    assert outcome.status == 1
    assert "seal does not fit" in outcome.message
