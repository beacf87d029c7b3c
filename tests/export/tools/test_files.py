"""Bounded reads and outputs that appear whole or not at all."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from edge.errors import FormatError, ModelNotFoundError
from export.tools.files import (
    Cursor,
    read_json_list,
    read_json_object,
    read_limited,
    replacing_file,
    replacing_folder,
    sha256_of,
)


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    path = tmp_path / "numbers"
    path.write_bytes(struct.pack("<IH4s3f", 7, 9, b"name", 1.0, 2.0, 3.0))
    return path


def test_cursor_reads_in_order(numbers: Path) -> None:
    cursor = Cursor(numbers)
    assert cursor.integer("I", "first") == 7
    assert cursor.unpack("H", "second") == (9,)
    assert cursor.text(4, 4, "name") == b"name"
    np.testing.assert_array_equal(cursor.array("<f4", (3,), "floats"), [1, 2, 3])
    cursor.end()


def test_cursor_refuses_to_pass_the_end(numbers: Path) -> None:
    cursor = Cursor(numbers)
    with pytest.raises(FormatError, match="needs 4611686018427387904 bytes and the file has 22 left"):
        cursor.array("<f4", (1 << 30, 1 << 30), "huge")
    with pytest.raises(FormatError, match=r"none at byte 0 has the empty shape \(0, 5\)"):
        cursor.array("<f4", (0, 5), "none")
    with pytest.raises(FormatError, match="empty shape"):
        cursor.array("<f4", (-1, -1), "none")
    with pytest.raises(FormatError, match="negative"):
        cursor.need(-1, "negative")
    with pytest.raises(FormatError, match="at most 2 are accepted"):
        cursor.text(3, 2, "text")
    assert cursor.position == 0


def test_cursor_refuses_what_follows(numbers: Path) -> None:
    with pytest.raises(FormatError, match="22 unexpected bytes at byte 0"):
        Cursor(numbers).end()


def test_cursor_on_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    cursor = Cursor(tmp_path / "empty")
    cursor.end()
    with pytest.raises(FormatError, match="cut short"):
        cursor.integer("I", "number")


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[1]", b"[" * 200_000, b'{"a": 1' + b"0" * 5000 + b"}"])
def test_bad_json_objects(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"config\.json"):
        read_json_object(path)


def test_json_lists(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text("[1, 2]")
    assert read_json_list(path) == [1, 2]
    path.write_text("{}")
    with pytest.raises(FormatError, match="expected a JSON list"):
        read_json_list(path)


def test_missing_and_oversized_files(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="incomplete"):
        read_json_object(tmp_path / "config.json")
    (tmp_path / "long").write_bytes(b"12345")
    with pytest.raises(FormatError, match="at most 4"):
        read_limited(tmp_path / "long", 4)


def test_sha256_runs_over_all_files(tmp_path: Path) -> None:
    for name, content in (("a", b"ab"), ("b", b"c"), ("whole", b"abc")):
        (tmp_path / name).write_bytes(content)
    assert sha256_of([tmp_path / "a", tmp_path / "b"]) == sha256_of([tmp_path / "whole"])


def test_file_appears_only_when_whole(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with replacing_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def _write_half_and_fail(path: Path, error: type[BaseException]) -> None:
    with replacing_file(path) as file:
        file.write(b"half")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_interrupted_file_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        _write_half_and_fail(tmp_path / "out", error)
    assert list(tmp_path.iterdir()) == []


def test_folder_appears_only_when_whole(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    with replacing_folder(target) as temporary:
        (temporary / "file").write_text("text")
        assert not target.exists()
    assert (target / "file").read_text() == "text"
    assert list(tmp_path.iterdir()) == [target]


def _fill_half_and_fail(path: Path) -> None:
    with replacing_folder(path) as temporary:
        (temporary / "file").write_text("text")
        raise KeyboardInterrupt


def test_interrupted_folder_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _fill_half_and_fail(tmp_path / "folder")
    assert list(tmp_path.iterdir()) == []


def test_folder_with_content_is_kept(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").touch()
    with pytest.raises(FileExistsError, match="name a new folder"), replacing_folder(tmp_path / "folder"):
        pass
    assert (tmp_path / "folder" / "mine").exists()
