"""`edgewise models`, on a catalogue of one small asset."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.prepare import model_place
from edge.store import Asset, AssetFile, read_catalogue
from edge.store.sums import write_checksum
from export.checkpoint.types import Checkpoint
from export.maker import make_plain

from ...export.conftest import make_checkpoint as make_checkpoint
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


def rows(out: str) -> dict[str, dict[str, str]]:
    """The cells of both tables by row and column."""
    found: dict[str, dict[str, str]] = {}
    heads: list[str] = []
    for line in out.splitlines():
        cells = re.split(r" {2,}", line)
        if cells[0] in ("MODEL", "OTHER"):
            heads = cells
        elif line:
            found[cells[0]] = dict(zip(heads, cells, strict=True))
    return found


def test_list_shows_what_is_here(run: Run, stick: Path, tmp_path: Path) -> None:
    before = run("models", "list")
    assert list(rows(before.out)) == ["small.en", "clip"]
    assert rows(before.out)["clip"] == {"OTHER": "clip", "SIZE": "0.0 MB", "HERE": "-", "WHAT": "a clip; public domain"}
    assert str(tmp_path / "home") in before.message
    run("models", "pull", "clip", "--from", stick)
    assert rows(run("models", "list").out)["clip"]["HERE"] == "yes"


def test_list_shows_what_a_model_costs(run: Run) -> None:
    assert rows(run("models", "list").out)["small.en"] == {
        "MODEL": "small.en",
        "FETCH": "0.0 MB",
        "INT8": "247 MB",
        "INT4": "142 MB",
        "Q8_0": "266 MB",
        "F16": "489 MB",
        "F32": "969 MB",
        "MEMORY": "399 MB",
        "KNOWS": "English",
        "LICENSE": "MIT",
        "HERE": "-",
    }


def test_list_of_all_that_is_published_fits_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.store.store.read_catalogue", read_catalogue)
    found = run("models", "list")
    models = found.out.split("\n\n")[0].splitlines()[1:]
    assert len(models) == 12
    assert max(map(len, models)) <= 100
    assert sum(" * " in line for line in models) == 2
    assert "large is large-v3, turbo is large-v3-turbo" in found.err
    assert "recommended here (*): " in found.err


def test_list_of_a_damaged_file_of_own_models_shows_the_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "own.toml").write_text("[assets.mine]\x1b[2J")
    found = run("models", "list")
    assert found.status == 1
    assert list(rows(found.out)) == ["small.en", "clip"]
    assert "own.toml: damaged" in found.err
    assert "\x1b" not in found.err
    assert run("models", "where", "clip").status == 1
    assert "own.toml" not in run("models", "where", "clip").err
    assert "own.toml: damaged" in run("models", "where", "mine").err


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
    found = rows(run("models", "list").out)
    assert [found[name]["HERE"] for name in ("clip", "small.en")] == ["yes", "int8"]
    path.write_bytes(BODY[::-1])
    model.write_bytes(b"a mode")
    outcome = run("models", "list")
    found = rows(outcome.out)
    assert [found[name]["HERE"] for name in ("clip", "small.en")] == ["damaged", "int8(damaged)"]
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


def test_add_makes_a_model_by_name(run: Run, tmp_path: Path, make_checkpoint: Callable[..., Checkpoint]) -> None:
    path = tmp_path / "finetuned.gguf"
    make_plain(make_checkpoint("tiny.en"), "int8").write(path)
    assert "cannot be the name" in run("models", "add", "a/b", path).message
    added = run("models", "add", "mine", path)
    assert (added.status, added.out) == (0, "")
    assert "`edgewise transcribe --model mine RECORDING` uses it" in added.message
    row = rows(run("models", "list").out)["mine"]
    assert (row["FETCH"], row["INT4"], row["KNOWS"], row["HERE"]) == ("-", "-", "English", "yes")
    assert run("models", "where", "mine").out == f"{path}\n"
    assert run("inspect", "mine").out.startswith(f"{path}: ")
    assert run("models", "verify", "mine").out == "mine: as pinned\n"
    assert "is a model already" in run("models", "add", "mine", path).message
    path.write_bytes(path.read_bytes() + b"\0")
    assert f"`edgewise models remove mine`, then add {path} again" in run("models", "verify", "mine").message
    assert rows(run("models", "list").out)["mine"]["HERE"] == "damaged"
    assert f"{path} stays as it is" in run("models", "remove", "mine").message
    assert path.exists()
    assert "mine" not in rows(run("models", "list").out)
