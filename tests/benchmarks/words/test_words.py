"""The errors of words in time, on recordings that are joined."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.__main__ import main
from benchmarks.peers.engines import TimedWord
from benchmarks.words.words import Offset, Part, offsets_of
from edge.audio import open_audio

pytest.importorskip("whisper_normalizer")
pytest.importorskip("jiwer")

PARTS = [Part(("ask", "not"), 0.0, 2.0, 0.4, 1.5), Part(("what", "you", "do"), 2.5, 4.0, 2.5, 3.9)]


def test_edges_are_the_first_and_last_words_of_parts() -> None:
    words = [
        TimedWord(" Ask", 0.5, 0.9),
        TimedWord(" not,", 1.0, 1.45),
        TimedWord(" what", 2.4, 2.8),
        TimedWord(" you", 2.9, 3.1),
        TimedWord(" do.", 3.2, 4.0),
    ]
    errors = offsets_of(words, PARTS, "en")
    assert [error.edge for error in errors] == ["start", "end", "start", "end"]
    assert [error.to_speech for error in errors] == pytest.approx([0.1, -0.05, -0.1, 0.1])
    assert [error.to_part for error in errors] == pytest.approx([0.5, -0.55, -0.1, 0.0])


def test_words_that_are_wrong_are_not_measured() -> None:
    words = [TimedWord(" Mask", 0.0, 0.9), TimedWord(" not", 1.0, 1.5), TimedWord(" you", 2.9, 3.1)]
    assert offsets_of(words, PARTS, "en") == [Offset("end", 0.0, -0.5)]


def test_a_run_writes_table_and_json(
    tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("faster_whisper")
    with open_audio(jfk_clip) as source:
        samples = np.concatenate(list(source))
    said = {"a.wav": (0, 160_000, "And so my fellow Americans ask not what your country can do for you")}
    said["b.wav"] = (128_000, len(samples), "ask what you can do for your country")
    said["a.wav"] = (0, 125_000, said["a.wav"][2])
    items = []
    for name, (first, stop, text) in said.items():
        soundfile.write(tmp_path / name, samples[first:stop], 16_000)
        items.append({"audio": name, "text": text, "lang": "en"})
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    joined = tmp_path / "joined"
    joined.mkdir()
    item = {"audio": None, "concat": ["../a.wav", "../b.wav"], "gap_seconds": 0.4, "text": "", "lang": "en"}
    (joined / "manifest.jsonl").write_text(json.dumps(item) + "\n")
    arguments = ["words", "--manifest", str(joined), "--engines", "edgewise:int8", "--json", str(tmp_path / "out.json")]
    assert main(arguments) == 0
    assert "| edgewise:int8 | both " in capsys.readouterr().out
    (result,) = json.loads((tmp_path / "out.json").read_text())["results"]
    assert len(result["errors"]) >= 3
    assert all(abs(error["to_speech"]) < 0.5 for error in result["errors"])


def test_only_joined_recordings_tell_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "manifest.jsonl").write_text('{"audio": "a.wav", "text": "ask", "lang": "en"}\n')
    assert main(["words", "--manifest", str(tmp_path)]) == 1
    assert "a.wav is not joined from others" in capsys.readouterr().err
