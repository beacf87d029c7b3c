from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.__main__ import main
from benchmarks.words.coverage import KINDS, RecordingMaker
from edge.bench.sets import Utterance


@pytest.fixture
def utterances(tmp_path: Path) -> list[Utterance]:
    made = []
    for number in range(3):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, np.full(24_000, 0.1 * (number + 1), np.float32), 16_000)
        made.append(Utterance(str(number), (str(path),), 0.0, f"word{number}", "en"))
    return made


def test_one_seed_makes_the_same_recordings(utterances: list[Utterance]) -> None:
    for kind in KINDS:
        first, again = list(kind(RecordingMaker(utterances, 3))), list(kind(RecordingMaker(utterances, 3)))
        assert [text for _, text in first] == [text for _, text in again]
        for (samples, _), (other, _) in zip(first, again, strict=True):
            np.testing.assert_array_equal(samples, other)
        assert any(text for _, text in first)
        assert all(samples.dtype == np.float32 for samples, _ in first)


def test_a_repeated_utterance_is_said_three_times_or_more(utterances: list[Utterance]) -> None:
    texts = [text for _, text in RecordingMaker(utterances, 1).repeated() if text]
    assert texts[0] == texts[1] == texts[2]
    assert len(texts) >= 5


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny_en_int8: Path, near_clip: Path) -> None:
    pytest.importorskip("jiwer")
    samples, _ = soundfile.read(near_clip, dtype="float32")
    soundfile.write(tmp_path / "part.wav", samples[: 16_000 * 4], 16_000)
    items = [
        {"audio": "part.wav", "text": "and so my fellow americans", "lang": "en"},
        {"audio": "gone.wav", "text": "never read", "lang": "en", "seconds": 4},
    ]
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    out = tmp_path / "out.json"
    command = ["coverage", "--manifest", str(tmp_path), "--recordings", "1", "--threads", "1", "--limit", "1"]
    assert main([*command, "--json", str(out)]) == 0
    assert "| tiny.en | repeated" in capsys.readouterr().out
    results = json.loads(out.read_text())["results"]
    assert [one["kind"] for one in results] == ["repeated", "paused", "behind silence", "behind noise", "quiet voice"]
    assert all(one["errors"]["words"] >= 5 for one in results)
