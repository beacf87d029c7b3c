"""Checksums of exported models: when a model is read through, and what is then found."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.store import sums
from edge.store.files import sha256_of
from edge.store.sums import checksum_file, is_intact, write_checksum


@pytest.fixture(params=["file", "folder"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "model"
    if request.param == "folder":
        path.mkdir()
        (path / "graph").write_bytes(b"weights")
        (path / "facts").write_bytes(b"facts")
    else:
        path.write_bytes(b"weights")
    write_checksum(path)
    return path


def _weights(model: Path) -> Path:
    return model / "graph" if model.is_dir() else model


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read through."""
    seen: list[Path] = []

    def noted(path: Path) -> str:
        seen.append(path)
        return sha256_of(path)

    monkeypatch.setattr(sums, "sha256_of", noted)
    return seen


def test_what_nobody_touched_is_not_read(model: Path, reads: list[Path]) -> None:
    assert is_intact(model)
    assert reads == []
    assert is_intact(model, read=True)
    assert reads != []


def _flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[3] ^= 1
    path.write_bytes(body)


@pytest.mark.parametrize("damage", [_flip, lambda path: path.write_bytes(b"weig"), lambda path: path.write_bytes(b"")])
def test_damage_is_seen(model: Path, damage: Callable[[Path], None]) -> None:
    damage(_weights(model))
    assert not is_intact(model)


def test_an_older_file_is_another_one_as_well(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.write_bytes(b"weights")
    write_checksum(model)
    model.write_bytes(b"weighty")
    os.utime(model, ns=(1, 1))
    assert not is_intact(model)


def test_another_checksum_is_seen(model: Path) -> None:
    checksum_file(model).write_text("00" * 32)
    assert not is_intact(model)


def test_a_missing_or_foreign_file_of_a_folder_is_seen(model: Path) -> None:
    if not model.is_dir():
        pytest.skip("a file has none")
    (model / "more").write_bytes(b"")
    assert not is_intact(model)
    (model / "more").unlink()
    assert is_intact(model)
    (model / "facts").unlink()
    assert not is_intact(model)


def test_damage_that_kept_its_time_is_seen_when_it_is_read(model: Path) -> None:
    weights, folder = _weights(model), model
    times = [(path, path.stat().st_mtime_ns) for path in (weights, folder)]
    _flip(weights)
    for path, at in times:
        os.utime(path, ns=(at, at))
    assert is_intact(model)
    assert not is_intact(model, read=True)


def test_a_copy_is_read_once(model: Path, reads: list[Path]) -> None:
    later = checksum_file(model).stat().st_mtime_ns + 10**9
    os.utime(_weights(model), ns=(later, later))
    assert is_intact(model)
    n_read = len(reads)
    assert n_read
    assert is_intact(model)
    assert len(reads) == n_read


def test_without_a_checksum_only_reading_finds_fault(model: Path) -> None:
    checksum_file(model).unlink()
    assert is_intact(model)
    assert not is_intact(model, read=True)
