"""Bounded reads."""

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
