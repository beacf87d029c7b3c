"""Reading sets of recordings."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edge.bench.sets import Selection, duration_s, find_set, read_manifest, read_manifests, read_samples
from edge.errors import ManifestError


def _write_set(folder: Path, *items: dict[str, Any]) -> Path:
    for number, level in enumerate((0.25, -0.5)):
        soundfile.write(folder / f"{number}.wav", np.full(1600, level, np.float32), 16_000, subtype="FLOAT")
    manifest = folder / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return manifest


def test_recordings_keep_their_order_and_texts(tmp_path: Path) -> None:
    items: list[dict[str, Any]] = [
        {"audio": "0.wav", "text": "a", "lang": "en"},
        {"audio": "1.wav", "text": None, "lang": None},
    ]
    manifest = read_manifest(_write_set(tmp_path, *items))
    assert manifest.name == tmp_path.name
    assert [(one.name, one.text, one.language) for one in manifest.utterances] == [
        ("0.wav", "a", "en"),
        ("1.wav", None, None),
    ]
    assert read_manifest(tmp_path) == manifest
    assert read_manifest(tmp_path, Selection(limit=1)).utterances == manifest.utterances[:1]
    assert np.all(read_samples(manifest.utterances[1]) == np.float32(-0.5))


def test_concatenated_recordings_are_joined_with_silence(tmp_path: Path) -> None:
    item = {"audio": None, "concat": ["0.wav", "1.wav"], "gap_seconds": 0.05, "text": "a b", "lang": "en"}
    (utterance,) = read_manifest(_write_set(tmp_path, item)).utterances
    expected = np.concatenate([np.full(1600, 0.25), np.zeros(800), np.full(1600, -0.5)]).astype(np.float32)
    np.testing.assert_array_equal(read_samples(utterance), expected)
    assert utterance.name == "0+1"


def test_recordings_are_chosen_by_their_length(tmp_path: Path) -> None:
    lengths = (1.0, 2.5, 3.0, 3.5, 4.0)
    items = [{"audio": f"{seconds}.wav", "text": "", "seconds": seconds} for seconds in lengths]
    _write_set(tmp_path, *items)

    def chosen(selection: Selection) -> list[float | None]:
        return [one.seconds for one in read_manifest(tmp_path, selection).utterances]

    assert chosen(Selection(min_seconds=2.5, max_seconds=3.5)) == [2.5, 3.0, 3.5]
    assert chosen(Selection(min_seconds=2.5, limit=1)) == [2.5]
    assert chosen(Selection(max_seconds=1)) == [1.0]
    with pytest.raises(ManifestError, match=r"no recordings in .* have the length asked for"):
        chosen(Selection(min_seconds=5))


def test_a_length_that_the_manifest_does_not_tell_is_read_from_the_files(tmp_path: Path) -> None:
    items: list[dict[str, Any]] = [
        {"audio": "0.wav", "text": ""},
        {"audio": None, "concat": ["0.wav", "1.wav"], "gap_seconds": 0.5, "text": ""},
        {"audio": "missing.wav", "text": ""},
    ]
    alone, joined, missing = read_manifest(_write_set(tmp_path, *items)).utterances
    assert duration_s(alone) == pytest.approx(0.1)
    assert duration_s(joined) == pytest.approx(0.7)
    with pytest.raises(ManifestError, match=r"the length of missing\.wav is unknown"):
        duration_s(missing)


def test_sets_have_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEWISE_TEST_DATA", raising=False)
    (tmp_path / "some_set").mkdir()
    _write_set(tmp_path / "some_set", {"audio": "0.wav", "text": "a"})
    with pytest.raises(ManifestError, match="no such set: some_set; --data ROOT or EDGEWISE_TEST_DATA"):
        find_set("some_set")
    assert find_set("some_set", tmp_path) == tmp_path / "some_set"
    monkeypatch.setenv("EDGEWISE_TEST_DATA", str(tmp_path))
    assert find_set("some_set") == tmp_path / "some_set"
    assert find_set(str(tmp_path)) == tmp_path
    with pytest.raises(ManifestError, match="no such set: other, neither as a path nor in"):
        find_set("other")


def test_several_sets_are_told_apart_by_name(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        _write_set(tmp_path / name, {"audio": "0.wav", "text": "a"})
    assert [manifest.name for manifest in read_manifests(["b", "a"], tmp_path)] == ["b", "a"]
    with pytest.raises(ManifestError, match="two sets have one name: a"):
        read_manifests(["a", str(tmp_path / "a")], tmp_path)


_ODD = {
    "no JSON": "{",
    "no object": "[]",
    "no audio": '{"text": "no audio"}',
    "no audio and nothing to join": '{"audio": null, "text": ""}',
    "nothing to join": '{"audio": null, "concat": []}',
    "a number to join": '{"audio": null, "concat": ["a.wav", 1]}',
    "too much to join": json.dumps({"audio": None, "concat": ["a.wav"] * 10_001}),
    "audio that is no path": '{"audio": 1}',
    "an empty path": '{"audio": ""}',
    "an absolute path": '{"audio": "/etc/passwd"}',
    "a path to elsewhere": '{"audio": "../../etc/passwd"}',
    "a path to elsewhere by detours": '{"audio": "a/b/../../../../c.wav"}',
    "a path that ends": '{"audio": "a\\u0000.wav"}',
    "a path that commands": '{"audio": "\\u001b[2J.wav"}',
    "half a character": '{"audio": "\\ud800.wav"}',
    "a text that is none": '{"audio": "0.wav", "text": 1}',
    "a language that is none": '{"audio": "0.wav", "lang": ["en"]}',
    "a gap that is none": '{"audio": null, "concat": ["0.wav"], "gap_seconds": "1"}',
    "an endless gap": '{"audio": null, "concat": ["0.wav"], "gap_seconds": 1e9}',
    "a gap that is not a number": '{"audio": null, "concat": ["0.wav"], "gap_seconds": NaN}',
    "a length below nothing": '{"audio": "0.wav", "seconds": -1}',
    "an endless length": '{"audio": "0.wav", "seconds": Infinity}',
    "a length that is none": '{"audio": "0.wav", "seconds": true}',
    "a long number": '{"audio": "0.wav", "seconds": ' + "9" * 5000 + "}",
    "deep JSON": "[" * 100_000,
    "a long line": '{"audio": "0.wav", "text": "' + "x" * (1 << 20) + '"}',
}


@pytest.mark.parametrize("line", _ODD.values(), ids=_ODD.keys())
def test_a_line_that_is_no_recording_is_named(tmp_path: Path, line: str) -> None:
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(f'{{"audio": "0.wav", "text": ""}}\n\n{line}\n', encoding="utf-8")
    with pytest.raises(ManifestError, match="line 3 is not a recording") as raised:
        read_manifest(manifest)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 500


def test_a_line_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").write_bytes(b'{"audio": "0.wav", "text": "\xff"}\n')
    with pytest.raises(ManifestError, match="line 1 is not a recording"):
        read_manifest(tmp_path)


def test_separators_within_a_text_end_no_line(tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").write_text('{"audio": "0.wav", "text": "a\u2028b\x85c"}\r\n', encoding="utf-8")
    assert read_manifest(tmp_path).utterances[0].text == "a\u2028b\x85c"


def test_recordings_of_a_set_beside_it_are_read(tmp_path: Path) -> None:
    (tmp_path / "joined").mkdir()
    (tmp_path / "joined" / "manifest.jsonl").write_text('{"audio": null, "concat": ["../other/0.wav", "1.wav"]}')
    (utterance,) = read_manifest(tmp_path / "joined").utterances
    assert utterance.files == (str(tmp_path / "other" / "0.wav"), str(tmp_path / "joined" / "1.wav"))


def test_what_is_no_file_or_too_large_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(ManifestError, match="no regular file"):
        read_manifest(tmp_path / "pipe.jsonl")
    with (tmp_path / "large.jsonl").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ManifestError, match="at most"):
        read_manifest(tmp_path / "large.jsonl")


def test_a_folder_of_the_name_of_a_set_does_not_replace_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("data/some_set", "work/some_set"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    assert find_set("some_set", tmp_path / "data") == tmp_path / "data" / "some_set"
    assert find_set("./some_set", tmp_path / "data").resolve() == tmp_path / "work" / "some_set"


def test_a_missing_or_empty_set_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No such file"):
        read_manifest(tmp_path / "nowhere.jsonl")
    with pytest.raises(ManifestError, match="no recordings"):
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
