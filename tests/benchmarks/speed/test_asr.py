"""A whole comparison, with an engine in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.__main__ import main
from benchmarks.errors import BenchmarkError
from benchmarks.peers.child import EngineProcess
from benchmarks.peers.engines import EngineSettings
from edge.bench.peaks import Peaks
from edge.bench.sets import Utterance


def test_what_fails_in_the_child_is_told_by_the_parent(tmp_path: Path) -> None:
    settings = EngineSettings("int8", threads=1)
    with (
        EngineProcess("edgewise", tmp_path / "missing.gguf", settings) as process,
        pytest.raises(BenchmarkError, match=r"edgewise with missing\.gguf: ModelNotFoundError"),
    ):
        process.load()


def test_an_engine_that_is_paused_answers_the_next_request(tiny_en_int8: Path, jfk_clip: Path) -> None:
    utterance = Utterance("jfk", (str(jfk_clip),), gap_s=0.0, text=None, language="en")
    with EngineProcess("edgewise", tiny_en_int8, EngineSettings("int8", threads=1)) as process:
        assert process.load().load_s > 0
        process.pause()
        heard = process.run(utterance)
    assert "your country" in heard.text
    assert heard.audio_s == pytest.approx(11.0)
    assert heard.peak_rss_mb > 30
    assert heard.parts is not None
    assert 0 < heard.parts.encode_s + heard.parts.decode_s < heard.seconds
    assert heard.parts.n_tokens > 10


def test_no_process_outlives_a_run_that_is_terminated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def interrupted(options: object) -> None:
        with EngineProcess("edgewise", tmp_path / "missing.gguf", EngineSettings("int8", threads=1)) as process:
            started.append(process._process)
            process.pause()
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)

    monkeypatch.setattr("benchmarks.speed.asr.run", interrupted)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit, match="143"):
            main(["asr", "--manifest", str(tmp_path)])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert started[0].returncode == -signal.SIGKILL


def test_an_option_reaches_the_environment_of_the_child(tiny_en_int8: Path) -> None:
    settings = EngineSettings("int8", threads=1, options={"cpu": "z80"})
    with (
        EngineProcess("edgewise", tiny_en_int8, settings) as process,
        pytest.raises(BenchmarkError, match="EDGE_CPU=z80: there is no such level"),
    ):
        process.load()


def test_a_run_writes_table_and_json(
    tiny_en_int8: Path,
    near_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("whisper_normalizer")
    pytest.importorskip("jiwer")
    items = [
        {"audio": "../jfk.wav", "text": None, "lang": "en"},
        {"audio": None, "concat": ["../s.wav", "../s.wav"], "gap_seconds": 0.5, "text": "", "lang": None},
    ]
    soundfile.write(tmp_path / "s.wav", np.zeros(8000, np.float32), 16_000)
    monkeypatch.setattr("benchmarks.speed.asr.measure_peaks", lambda threads: Peaks(threads, 200e9, 50e9, 40e9))
    for folder in ("speech", "silence"):
        (tmp_path / folder).mkdir()
        manifest = tmp_path / folder / "manifest.jsonl"
        manifest.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    out = tmp_path / "results" / "run.json"
    arguments = ["asr", "--manifest", "speech", "--manifest", "silence", "--data", str(tmp_path)]
    arguments += ["--engines", "edgewise:int8", "--models", "tiny.en", "--repeats", "2"]
    assert main([*arguments, "--json", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "| edgewise:int8 |" in shown
    assert "| edgewise:int8 | all " in shown
    result = json.loads(out.read_text(encoding="utf-8"))
    row, other = result["results"]
    assert (row["set"], other["set"]) == ("speech", "silence")
    assert [len(one["seconds"]) for one in row["utterances"]] == [2, 2]
    assert row["utterances"][0]["floor"]["encoder_s"] > row["utterances"][1]["floor"]["encoder_s"]
    assert row["summary"]["ratios"] == []
    assert len(result["over_sets"]) == 1
    assert {"cpu", "features", "cores", "governor", "memory_gb", "packages", "commit"} <= result["machine"].keys()
    assert main(["compare", str(out), str(out)]) == 0


def test_a_wrong_engine_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["asr", "--manifest", str(tmp_path), "--engines", "nobody"]) == 1
    assert capsys.readouterr().err.startswith("benchmarks: unknown engine 'nobody'")


@pytest.mark.parametrize("engine", ["edgewise:int8", "faster-whisper:int8"])
def test_a_model_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path, engine: str) -> None:
    (tmp_path / "manifest.jsonl").write_text('{"audio": "a.wav", "text": "", "seconds": 1}\n')
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    model = str(tmp_path / "gone.gguf")
    assert main(["asr", "--manifest", str(tmp_path), "--models", model, "--engines", engine]) == 1
    assert f"benchmarks: {engine}: " in capsys.readouterr().err
