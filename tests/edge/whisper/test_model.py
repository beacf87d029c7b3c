"""Loading: names are looked up in the store and paths are files, whatever the working folder holds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import edge
from edge.errors import EdgeError, FormatError, ModelNotFoundError, OfflineError
from edge.prepare import model_place
from edge.store import Store


@pytest.fixture
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a file and a folder that are called like models, beside an empty store."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("EDGEWISE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "no-hub-cache"))
    monkeypatch.delenv("EDGEWISE_ASSETS", raising=False)
    (folder / "tiny.en").write_bytes(b"GGUF of somebody")
    (folder / "base").mkdir()
    (folder / "base" / "edgewise.gguf").write_bytes(b"GGUF of somebody")
    return folder


@pytest.mark.parametrize("name", ["tiny.en", "base"])
def test_a_name_is_never_something_in_the_working_folder(working_folder: Path, name: str) -> None:
    with pytest.raises(OfflineError, match=rf"edgewise models pull {name}"):
        edge.load(name, offline=True)


@pytest.mark.parametrize("path", ["./tiny.en", Path("tiny.en")])
def test_a_path_is_never_a_name(working_folder: Path, path: str | Path) -> None:
    with pytest.raises(FormatError, match=r"tiny\.en"):
        edge.load(path, offline=True)


def test_a_name_that_nobody_knows_tells_names_and_how_paths_are_written(working_folder: Path) -> None:
    (working_folder / "mine").write_bytes(b"GGUF of somebody")
    with pytest.raises(ModelNotFoundError, match=r"known are tiny\.en, base.*'\./mine'"):
        edge.load("mine", offline=True)
    for path in ("./absent", "absent.gguf", "../folder/absent"):
        with pytest.raises(ModelNotFoundError, match="no such model file"):
            edge.load(path, offline=True)


@pytest.mark.parametrize("keeps_time", [False, True])
def test_a_damaged_model_of_the_store_is_made_anew(
    tiny_en_int8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeps_time: bool
) -> None:
    pytest.importorskip("export.whisper")
    home = tmp_path / "home"
    (home / "assets").mkdir(parents=True)
    (home / "assets" / "tiny.en").symlink_to(Store().place("tiny.en"))
    shutil.copytree(tiny_en_int8.parent, home / "models")
    monkeypatch.setenv("EDGEWISE_HOME", str(home))
    path = home / "models" / tiny_en_int8.name
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    with path.open("r+b") as file:
        file.truncate(1_000_000)
    if keeps_time:
        os.utime(path, ns=times)
    assert edge.load("tiny.en", precision="int8", threads=1, offline=True).name == "tiny.en"
    assert path.stat().st_size == tiny_en_int8.stat().st_size
    assert Store().verify("tiny.en") == []


def test_one_that_is_as_it_was_written_is_not_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound file that this runtime does not open gives its error, once."""
    monkeypatch.setenv("EDGEWISE_HOME", str(tmp_path))
    from edge.store.sums import write_checksum

    path = model_place("tiny.en", "int8")
    path.parent.mkdir()
    path.write_bytes(b"GGUF of another time")
    write_checksum(path)
    with pytest.raises(EdgeError, match="GGUF") as raised:
        edge.load("tiny.en", precision="int8", offline=True)
    assert isinstance(raised.value, FormatError)
