"""Reading one member of an archive that may be damaged or hostile."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.errors import IntegrityError
from edge.store.archive import read_member

Pack = Callable[[dict[str, bytes]], bytes]
BODY = bytes(range(256)) * 20


@pytest.fixture(params=["zip", "tar"])
def archive(request: pytest.FixtureRequest, zip_of: Pack, tar_of: Pack, tmp_path: Path) -> Path:
    path = tmp_path / "archive"
    path.write_bytes({"zip": zip_of, "tar": tar_of}[request.param]({"a/first": b"1", "a/second": BODY}))
    return path


def test_reads_one_member(archive: Path) -> None:
    assert b"".join(read_member(archive, "a/second")) == BODY


def test_a_missing_member_is_named(archive: Path) -> None:
    with pytest.raises(IntegrityError, match="archive holds no a/third"):
        list(read_member(archive, "a/third"))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_never_anything_but_an_integrity_error(archive: Path, data: st.DataObject) -> None:
    body = bytearray(archive.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=8)):
        body[at] = data.draw(st.integers(0, 255))
    damaged = archive.with_name("damaged")
    damaged.write_bytes(body[: data.draw(st.integers(0, len(body)))])
    with suppress(IntegrityError):
        assert len(b"".join(read_member(damaged, "a/second"))) <= 2 * len(BODY)


def test_a_link_in_the_place_of_a_member_is_not_followed(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
        entry = tarfile.TarInfo("a/second")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        opened.addfile(entry)
    path = tmp_path / "archive"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(IntegrityError, match="holds no"):
        list(read_member(path, "a/second"))


def test_a_folder_in_the_place_of_an_archive_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        list(read_member(tmp_path, "a"))
