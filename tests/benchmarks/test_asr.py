"""A whole comparison, with an engine in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.__main__ import main
from benchmarks.asr import parse_engine
from benchmarks.child import EngineProcess
from benchmarks.engines import ENGINES, Settings
from benchmarks.errors import BenchmarkError
from benchmarks.manifest import Utterance


def test_engines_are_named_with_a_precision() -> None:
    assert parse_engine("edgewise:int4") == ("edgewise", "int4")
    assert parse_engine("transcribe-cpp") == ("transcribe-cpp", "q8_0")
    with pytest.raises(BenchmarkError, match="edgewise, faster-whisper"):
        parse_engine("whisper:int8")
    with pytest.raises(BenchmarkError, match="no precision 'int2'"):
        parse_engine("edgewise:int2")
    assert all(kind.precisions for kind in ENGINES.values())


def test_what_fails_in_the_child_is_told_by_the_parent(tmp_path: Path) -> None:
    settings = Settings("int8", threads=1)
    with (
        EngineProcess("edgewise", tmp_path / "missing.gguf", settings) as process,
        pytest.raises(BenchmarkError, match=r"edgewise with missing\.gguf: ModelNotFoundError"),
    ):
        process.load()


def test_an_engine_that_is_paused_answers_the_next_request(tiny_en_int8: Path, jfk_clip: Path) -> None:
    utterance = Utterance("jfk", (str(jfk_clip),), gap_s=0.0, text=None, language="en")
    with EngineProcess("edgewise", tiny_en_int8, Settings("int8", threads=1)) as process:
        assert process.load().load_s > 0
        process.pause()
        heard = process.run(utterance)
    assert "your country" in heard.text
    assert heard.audio_s == pytest.approx(11.0)
    assert heard.peak_rss_mb > 30


def test_a_run_writes_table_and_json(
    tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("whisper_normalizer")
    pytest.importorskip("jiwer")
    items = [
        {"audio": str(jfk_clip), "text": None, "lang": "en"},
        {"audio": None, "concat": ["s.wav", "s.wav"], "gap_seconds": 0.5, "text": "", "lang": None},
    ]
    soundfile.write(tmp_path / "s.wav", np.zeros(8000, np.float32), 16_000)
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    out = tmp_path / "results" / "run.json"
    arguments = ["asr", "--manifest", str(manifest), "--engines", "edgewise:int8", "--models", "tiny.en"]
    assert main([*arguments, "--repeats", "2", "--json", str(out)]) == 0
    assert "| edgewise int8 |" in capsys.readouterr().out
    result = json.loads(out.read_text(encoding="utf-8"))
    (row,) = result["results"]
    assert [len(one["seconds"]) for one in row["utterances"]] == [2, 2]
    assert row["summary"]["ratio"] is None
    assert {"cpu", "features", "cores", "governor", "memory_gb", "packages", "commit"} <= result["machine"].keys()
    assert main(["compare", str(out), str(out)]) == 0


def test_a_wrong_engine_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["asr", "--manifest", str(tmp_path), "--engines", "nobody"]) == 1
    assert capsys.readouterr().err.startswith("benchmarks: unknown engine 'nobody'")
