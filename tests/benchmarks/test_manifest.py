"""Reading sets of recordings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from benchmarks.errors import BenchmarkError
from benchmarks.manifest import read_manifest, read_samples


def _write_set(folder: Path, *items: dict[str, Any]) -> Path:
    for number, level in enumerate((0.25, -0.5)):
        soundfile.write(folder / f"{number}.wav", np.full(1600, level, np.float32), 16_000, subtype="FLOAT")
    manifest = folder / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return manifest


def test_recordings_keep_their_order_and_texts(tmp_path: Path) -> None:
    items = [{"audio": "0.wav", "text": "a", "lang": "en"}, {"audio": "1.wav", "text": None, "lang": None}]
    manifest = read_manifest(_write_set(tmp_path, *items))
    assert manifest.name == tmp_path.name
    assert [(one.name, one.text, one.language) for one in manifest.utterances] == [
        ("0.wav", "a", "en"),
        ("1.wav", None, None),
    ]
    assert read_manifest(tmp_path) == manifest
    assert read_manifest(tmp_path, limit=1).utterances == manifest.utterances[:1]
    assert np.all(read_samples(manifest.utterances[1]) == np.float32(-0.5))


def test_concatenated_recordings_are_joined_with_silence(tmp_path: Path) -> None:
    item = {"audio": None, "concat": ["0.wav", "1.wav"], "gap_seconds": 0.05, "text": "a b", "lang": "en"}
    (utterance,) = read_manifest(_write_set(tmp_path, item)).utterances
    expected = np.concatenate([np.full(1600, 0.25), np.zeros(800), np.full(1600, -0.5)]).astype(np.float32)
    np.testing.assert_array_equal(read_samples(utterance), expected)
    assert utterance.name == "0+1"


@pytest.mark.parametrize("line", ["{", "[]", '{"text": "no audio"}', '{"audio": null, "text": ""}'])
def test_a_line_that_is_no_recording_is_named(tmp_path: Path, line: str) -> None:
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(f'{{"audio": "0.wav", "text": ""}}\n{line}\n', encoding="utf-8")
    with pytest.raises(BenchmarkError, match="line 2"):
        read_manifest(manifest)


def test_a_missing_or_empty_set_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="No such file"):
        read_manifest(tmp_path / "nowhere.jsonl")
    with pytest.raises(BenchmarkError, match="no recordings"):
        read_manifest(_write_set(tmp_path))


def test_every_shared_set_can_be_read(shared_data: Path) -> None:
    sets = [path.parent for path in sorted(shared_data.glob("*/manifest.jsonl"))]
    missing = [
        file
        for folder in sets
        for utterance in read_manifest(folder).utterances
        for file in utterance.files
        if not Path(file).is_file()
    ]
    assert sets
    assert missing == []
