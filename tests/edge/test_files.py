"""Files that are whole or absent, whatever their names, and whatever the system answers."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge.files import publish, remove_killed, replacing_file, replacing_folder, sha256_of, workshop, write_text

posix = pytest.mark.skipif(os.name != "posix", reason="locks of open files tell who lives")


@pytest.mark.parametrize("name", ["a", "x" * 251 + ".txt", "ü" * 125 + ".txt"])
def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path, name: str) -> None:
    write_text(tmp_path / name, "words\n")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "words\n")]


def test_two_files_may_be_written_at_once(tmp_path: Path) -> None:
    with replacing_file(tmp_path / "a") as first, replacing_file(tmp_path / "b") as second:
        first.write(b"1")
        second.write(b"2")
    assert [(tmp_path / name).read_bytes() for name in "ab"] == [b"1", b"2"]


def refuse(number: int) -> Any:
    def refusing(*arguments: object, **more: object) -> None:
        raise OSError(number, os.strerror(number), "something temporary")

    return refusing


@pytest.mark.parametrize("function", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.open"])
def test_a_failure_names_the_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    monkeypatch.setattr(function, refuse(errno.EIO))
    with pytest.raises(OSError, match="Input/output error") as caught:
        write_text(tmp_path / "a.txt", "words")
    assert (caught.value.filename, caught.value.filename2) == (str(tmp_path / "a.txt"), None)
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_block_keeps_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, replacing_file(tmp_path / "a"):
        (tmp_path / "source").open()
    assert caught.value.filename == str(tmp_path / "source")
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_that_cannot_flush_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", refuse(errno.EINVAL))
    write_text(tmp_path / "a", "words")
    assert (tmp_path / "a").read_text() == "words"


@posix
def test_a_file_system_without_locks_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcntl.flock", refuse(errno.ENOLCK))
    with replacing_file(tmp_path / "a") as file:
        file.write(b"words")
        remove_killed(tmp_path)
    assert (tmp_path / "a").read_text() == "words"


@posix
def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from edge.files import replacing_file
with replacing_file(Path({str(tmp_path)!r}) / "killed") as file:
    print("ready", flush=True)
    sys.stdin.read()
"""
    others = [".edgewise.tmp", ".edgewise-notes.tmp", "talk.tmp", ".talk.wav.123-456.tmp"]
    for name in others:
        (tmp_path / name).touch()
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert len(list(tmp_path.iterdir())) == len(others) + 1
        remove_killed(tmp_path)
        assert len(list(tmp_path.iterdir())) == len(others) + 1, "a file that is being written is no leftover"
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    with replacing_file(tmp_path / "a") as file:
        file.write(b"1")
        remove_killed(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "a"])


@posix
@pytest.mark.parametrize("function", ["os.fsync", "pathlib.Path.replace"])
def test_a_file_that_gets_its_name_is_no_leftover_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    module, _, name = function.rpartition(".")
    real = getattr(os if module == "os" else Path, name)

    def meanwhile(*arguments: Any) -> Any:
        remove_killed(tmp_path)  # as another run would
        return real(*arguments)

    monkeypatch.setattr(function, meanwhile)
    write_text(tmp_path / "a", "words")
    assert (tmp_path / "a").read_text() == "words"


def test_removing_from_a_folder_that_is_not_there(tmp_path: Path) -> None:
    remove_killed(tmp_path / "absent")


def test_half_characters_are_escaped(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "caf\udce9")
    assert (tmp_path / "a").read_bytes() == rb"caf\udce9"


def test_sha256_runs_over_all_files(tmp_path: Path) -> None:
    for name, content in (("a", b"ab"), ("b", b"c"), ("whole", b"abc")):
        (tmp_path / name).write_bytes(content)
    assert sha256_of(tmp_path / "a", tmp_path / "b") == sha256_of(tmp_path / "whole")


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


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, replacing_folder(tmp_path / "absent" / "folder"):
        pass
    assert caught.value.filename == str(tmp_path / "absent" / "folder")


def test_a_workshop_is_gone_and_what_was_published_stays(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    with workshop(tmp_path / "out") as folder:
        (folder / "made").write_text("new")
        publish(folder / "made", tmp_path / "out")
        (folder / "half").write_text("half")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out", "new")]


@posix
@pytest.mark.parametrize(("umask", "file_mode", "folder_mode"), [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700)])
def test_permissions_are_what_the_umask_says(tmp_path: Path, umask: int, file_mode: int, folder_mode: int) -> None:
    before = os.umask(umask)
    try:
        write_text(tmp_path / "file", "words")
        with replacing_folder(tmp_path / "folder") as folder:
            (folder / "inside").touch()
    finally:
        os.umask(before)
    found = [(tmp_path / name).stat().st_mode & 0o777 for name in ("file", "folder", "folder/inside")]
    assert found == [file_mode, folder_mode, file_mode]


@posix
def test_writing_leaves_the_umask_of_other_threads_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.umask", refuse(errno.EPERM))
    write_text(tmp_path / "file", "words")
    with replacing_folder(tmp_path / "folder"):
        pass
    assert (tmp_path / "folder").is_dir()


@posix
def test_a_folder_that_cannot_be_flushed_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def refusing(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    monkeypatch.setattr("os.fsync", refusing)
    write_text(tmp_path / "a", "words")
    assert (tmp_path / "a").read_text() == "words"
