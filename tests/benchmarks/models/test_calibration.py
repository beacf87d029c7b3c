"""What calibration listens to is never what tables report."""

from __future__ import annotations

import json
from fnmatch import fnmatch
from pathlib import Path

import pytest

from benchmarks.__main__ import build_parser
from benchmarks.errors import BenchmarkError
from benchmarks.models import known_sets as module
from benchmarks.models.calibration import DEFAULT_RANK
from benchmarks.models.known_sets import CALIBRATION, Purpose, named_sets, sets_for
from edge.errors import ManifestError
from edge.files import sha256_of
from export.calibrate.known import load_known

DATA = Path(module.__file__).parents[2] / "export" / "calibrate" / "data"


def make_set(data: Path, name: str, *recordings: str) -> None:
    """Write a set whose recordings nobody opens."""
    (data / name).mkdir()
    lines = [json.dumps({"audio": recording, "text": "a word", "seconds": 1.0}) for recording in recordings]
    (data / name / "manifest.jsonl").write_text("\n".join(lines))


def files_of(purpose: Purpose, data: Path) -> set[Path]:
    return {Path(file) for one in sets_for(purpose, data) for utterance in one.utterances for file in utterance.files}


def test_a_purpose_takes_its_recordings_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_set(tmp_path, "one", "a-x.flac", "b-x.flac")
    make_set(tmp_path, "two", "a-y.flac")
    monkeypatch.setattr(module, "named_sets", lambda purpose: {"one": ["*-x*", "a-*"], "two": ["*"]})
    found = sets_for("letters", tmp_path)
    assert [[one.name for one in manifest.utterances] for manifest in found] == [["a-x.flac", "b-x.flac"], ["a-y.flac"]]
    monkeypatch.setattr(module, "named_sets", lambda purpose: {"one": ["c-*"]})
    with pytest.raises(BenchmarkError, match=r"one: expected recordings called c-\*, found none"):
        sets_for("letters", tmp_path)
    with pytest.raises(ManifestError, match="no such set"):
        sets_for("letters", tmp_path / "elsewhere")


def test_no_set_is_both_listened_to_and_held_out() -> None:
    held_out = named_sets("held_out")
    for kind in CALIBRATION:
        heard = named_sets(kind)
        for name in set(heard) & set(held_out):
            assert name == "an4"
            assert "*" not in (*heard[name], *held_out[name])
            assert not set(heard[name]) & set(held_out[name])


def test_what_comes_with_edgewise_heard_nothing_that_is_held_out(shared_data: Path) -> None:
    heard = {digest for path in DATA.glob("*.xz") for digest in load_known(path).calibration.recordings}
    chosen = {path for kind in CALIBRATION for path in files_of(kind, shared_data)}
    held_out = files_of("held_out", shared_data)
    assert heard == {sha256_of(path) for path in chosen}
    assert not heard & {sha256_of(path) for path in held_out}
    speakers = named_sets("letters")["an4"]
    assert not any(fnmatch(path.name, pattern) for path in held_out for pattern in speakers)


def test_the_command_knows_its_options() -> None:
    found = build_parser().parse_args(["calibration", "--models", "tiny.en", "--out", "x"])
    assert (found.models, found.rank, found.out) == (("tiny.en",), DEFAULT_RANK, Path("x"))
