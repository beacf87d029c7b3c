"""`edgewise models`, on a catalogue of one small asset."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from edge.prepare import model_place
from edge.store import Asset, AssetFile
from edge.store.sums import write_checksum

from .conftest import Run

BODY = b"a small asset"


@pytest.fixture(autouse=True)
def catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    file = AssetFile("clip.wav", len(BODY), hashlib.sha256(BODY).hexdigest())
    asset = Asset("clip", "clip", "a clip", "public domain", (file,))
    model = Asset("small.en", "whisper", "a model", "MIT", (AssetFile("model.bin", 9, "00" * 32),))
    monkeypatch.setattr("edge.store.store.read_catalogue", lambda: {"clip": asset, "small.en": model})


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    (folder / "clip.wav").write_bytes(BODY)
    return folder


def test_list_shows_what_is_here(run: Run, stick: Path, tmp_path: Path) -> None:
    before = run("models", "list")
    assert [line.split()[0] for line in before.out.splitlines()] == ["NAME", "clip", "small.en"]
    assert before.out.splitlines()[1].split()[3] == "-"
    assert str(tmp_path / "home") in before.message
    run("models", "pull", "clip", "--from", stick)
    assert run("models", "list").out.splitlines()[1].split()[3] == "yes"


def test_pull_prints_the_path(run: Run, stick: Path, tmp_path: Path) -> None:
    outcome = run("models", "pull", "clip", "--from", stick)
    assert outcome.status == 0
    assert outcome.out == f"{tmp_path}/home/assets/clip/clip.wav\n"
    assert run("models", "where", "clip").out == outcome.out


def test_list_tells_what_is_damaged(run: Run, stick: Path, tmp_path: Path) -> None:
    path = Path(run("models", "pull", "clip", "--from", stick).out.strip())
    models = tmp_path / "home" / "models"
    models.mkdir(exist_ok=True)
    model = model_place("small.en", "int8")
    model.write_bytes(b"a model")
    write_checksum(model)
    assert [line.split()[3:5] for line in run("models", "list").out.splitlines()[1:]] == [["yes", "-"], ["-", "int8"]]
    path.write_bytes(BODY[::-1])
    model.write_bytes(b"a mode")
    outcome = run("models", "list")
    rows = [line.split()[3:5] for line in outcome.out.splitlines()[1:]]
    assert rows == [["damaged", "-"], ["-", "int8(damaged)"]]
    assert "clip is damaged: `edgewise models remove clip`" in outcome.err
    assert "small.en is damaged: `edgewise models remove small.en`" in outcome.err
    assert run("models", "pull", "clip", "--from", stick).status == 0
    assert path.read_bytes() == BODY


def test_pull_without_a_network_says_how_to_bring_it(run: Run) -> None:
    outcome = run("models", "pull", "small.en")
    assert outcome.status == 1
    for hint in ("model.bin", "edgewise models pull small.en", "EDGEWISE_ASSETS"):
        assert hint in outcome.message


def test_an_unknown_name_suggests(run: Run) -> None:
    for action in ("pull", "where", "verify", "remove"):
        outcome = run("models", action, "smal.en")
        assert outcome.status == 1
        assert "did you mean small.en?" in outcome.message


def test_an_unknown_name_is_found_before_anything_is_done(run: Run, stick: Path) -> None:
    assert run("models", "pull", "clip", "clop", "--from", stick).status == 1
    assert run("models", "where", "clip").status == 1


def test_where_of_something_absent(run: Run) -> None:
    outcome = run("models", "where", "clip")
    assert (outcome.status, outcome.out) == (1, "")
    assert "edgewise models pull clip" in outcome.message
    outcome = run("models", "where", "small.en", "--precision", "int8")
    assert "edgewise transcribe --model small.en --precision int8" in outcome.message


def test_verify(run: Run, stick: Path) -> None:
    assert run("models", "verify").out == ""
    path = Path(run("models", "pull", "clip", "--from", stick).out.strip())
    assert run("models", "verify").out == "clip: as pinned\n"
    path.write_bytes(BODY[::-1])
    outcome = run("models", "verify", "clip")
    assert outcome.status == 1
    assert f"{path} does not hold the pinned bytes" in outcome.message
    assert run("models", "verify", "small.en").status == 1


def test_remove(run: Run, stick: Path) -> None:
    run("models", "pull", "clip", "--from", stick)
    assert "removed clip" in run("models", "remove", "clip").message
    assert run("models", "where", "clip").status == 1


def test_inspect_of_a_name_looks_into_the_store(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.en").write_bytes(b"GGUF of somebody")
    assert "has no model file" in run("inspect", "small.en").message
    assert "small.en: " in run("inspect", "./small.en").message
    assert "known are clip, small.en" in run("inspect", "mine").message


def test_export_of_a_name_looks_into_the_store(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.en").write_bytes(b"GGUF of somebody")
    for family in ("whisper", "llm"):
        assert "edgewise models pull small.en" in run("export", family, "small.en", "-o", "out.gguf").message
