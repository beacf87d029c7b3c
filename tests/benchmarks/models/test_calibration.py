"""What calibration listens to is never what tables report."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest

from benchmarks.__main__ import build_parser
from benchmarks.errors import BenchmarkError
from benchmarks.models import known_sets as module
from benchmarks.models.calibration import DEFAULT_RANK
from benchmarks.models.known_sets import CALIBRATION, Purpose, heard_at_any_time, heard_once, named_sets, sets_for
from edge.bench.sets import read_manifests
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


def test_no_speaker_serves_two_purposes() -> None:
    for one, other in combinations(get_args(Purpose), 2):
        for name in set(named_sets(one)) & set(named_sets(other)):
            patterns = named_sets(one)[name], named_sets(other)[name]
            assert not any("*" in some for some in patterns), name
            assert not set(patterns[0]) & set(patterns[1]), name


def test_what_comes_with_edgewise_heard_nothing_that_tables_report(shared_data: Path) -> None:
    heard = {digest for path in DATA.glob("*.xz") for digest in load_known(path).calibration.recordings}
    assert heard == {sha256_of(path) for kind in CALIBRATION for path in files_of(kind, shared_data)}
    looked_at, once = files_of("looked_at", shared_data), files_of("heard_once", shared_data)
    assert not looked_at & once
    assert not heard & {sha256_of(path) for path in looked_at | once}


def test_what_is_heard_once_is_taken_from_a_set_or_left_out(tmp_path: Path) -> None:
    make_set(tmp_path, "digits_fsdd", "0_george_0.flac", "0_theo_0.flac")
    make_set(tmp_path, "telephone_prompts", "a.flac")
    make_set(tmp_path, "mine", "0_theo_0.flac")
    digits, prompts, mine = read_manifests(("digits_fsdd", "telephone_prompts", "mine"), tmp_path)
    found = heard_at_any_time([digits, mine])
    assert [[one.name for one in manifest.utterances] for manifest in found] == [["0_george_0.flac"], ["0_theo_0.flac"]]
    found = heard_once([digits, prompts, mine])
    assert [[one.name for one in manifest.utterances] for manifest in found] == [["0_theo_0.flac"], ["a.flac"]]
    with pytest.raises(BenchmarkError, match=r"telephone_prompts: .* found those alone that are heard once"):
        heard_at_any_time([prompts])


def test_what_fits_searches_or_calibrates_hears_nothing_that_is_heard_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_set(tmp_path, "telephone_prompts", "a.flac")
    monkeypatch.setenv("EDGEWISE_TEST_DATA", str(tmp_path))
    for command in (
        ["evidence", "--manifest", "telephone_prompts"],
        ["compression", "--calibration", "telephone_prompts", "--manifest", "telephone_prompts"],
        ["confidence", "--evaluate", "jfk", "--fit", "telephone_prompts"],
    ):
        found = build_parser().parse_args(command)
        with pytest.raises(BenchmarkError, match="heard once for each release"):
            found.run(found)


def test_the_command_knows_its_options() -> None:
    found = build_parser().parse_args(["calibration", "--models", "tiny.en", "--out", "x"])
    assert (found.models, found.rank, found.out) == (("tiny.en",), DEFAULT_RANK, Path("x"))
