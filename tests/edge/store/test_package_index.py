"""Finding an archive on indexes of every form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.store.catalogue import Archive
from edge.store.http import Client
from edge.store.package_index import find_archive, local_path
from edge.store.pip_config import PipSettings

from .conftest import Site

SHA = "ab" * 32
WANTED = Archive("Some.Project", "1.0", "some_project-1.0.tar.gz", 10, SHA)


def found(settings: PipSettings) -> tuple[list[str], list[str]]:
    reasons: list[str] = []
    return list(find_archive(WANTED, settings, Client(timeout_s=5, pause_s=0), reasons)), reasons


def test_an_html_page(site: Site) -> None:
    site.content_types["/simple/some-project/"] = "text/html"
    site.files["/simple/some-project/"] = f"""
        <a href="../../f/some_project-0.9.tar.gz">old</a>
        <a href="../../f/some_project-1.0.tar.gz#sha256={"00" * 32}">other bytes</a>
        <a href="../../f/some_project-1.0.tar.gz#sha256={SHA}" data-requires-python="&gt;=3">it</a>
        <a name="no target">""".encode()
    assert found(PipSettings((f"{site.url}/simple",))) == ([f"{site.url}/f/some_project-1.0.tar.gz"], [])


def test_a_page_with_a_base(site: Site) -> None:
    site.files["/simple/some-project/"] = b'<base href="/f/"><a href="some_project-1.0.tar.gz">it</a>'
    assert found(PipSettings((f"{site.url}/simple/",)))[0] == [f"{site.url}/f/some_project-1.0.tar.gz"]


def test_json(site: Site) -> None:
    site.content_types["/simple/some-project/"] = "application/vnd.pypi.simple.v1+json"
    files = [
        {"filename": "x", "url": "/f/some_project-1.0.tar.gz", "hashes": {"sha256": "00" * 32}},
        {"filename": "x", "url": "/g/some_project-1.0.tar.gz", "hashes": {"sha256": SHA}},
        {"filename": "x", "url": "/h/some_project-1.0.tar.gz", "hashes": {}},
    ]
    site.files["/simple/some-project/"] = json.dumps({"files": files}).encode()
    assert found(PipSettings((f"{site.url}/simple",)))[0] == [
        f"{site.url}/g/some_project-1.0.tar.gz",
        f"{site.url}/h/some_project-1.0.tar.gz",
    ]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"files": [1]}', b'{"files": [{"url": "x", "hashes": 3}]}', b'{"files":' + b"[" * 99_999]
)
def test_json_that_is_none(site: Site, body: bytes) -> None:
    site.content_types["/simple/some-project/"] = "application/vnd.pypi.simple.v1+json"
    site.files["/simple/some-project/"] = body
    places, reasons = found(PipSettings((f"{site.url}/simple",)))
    assert places == []
    assert "PEP 691" in reasons[0]


def test_the_next_index_is_asked(site: Site) -> None:
    site.files["/two/some-project/"] = b'<a href="/f/some_project-1.0.tar.gz">it</a>'
    places, reasons = found(PipSettings((f"{site.url}/one", f"{site.url}/two")))
    assert places == [f"{site.url}/f/some_project-1.0.tar.gz"]
    assert len(reasons) == 1
    assert "404" in reasons[0]


def test_an_index_in_a_folder(tmp_path: Path) -> None:
    page = tmp_path / "simple" / "some-project" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text('<a href="../../files/some_project-1.0.tar.gz">it</a>')
    (place,), _ = found(PipSettings(((tmp_path / "simple").as_uri(),)))
    assert local_path(place) == tmp_path / "files" / "some_project-1.0.tar.gz"


def test_find_links_in_a_folder_with_a_blank(tmp_path: Path) -> None:
    folder = tmp_path / "my wheels"
    folder.mkdir()
    (folder / WANTED.filename).touch()
    for place in (str(folder), folder.as_uri()):
        (address,), _ = found(PipSettings((), (place,)))
        assert local_path(address) == folder / WANTED.filename


def test_find_links_on_a_page(site: Site) -> None:
    site.files["/links.html"] = b'<a href="some_project-1.0.tar.gz">it</a>'
    assert found(PipSettings((), (f"{site.url}/links.html",)))[0] == [f"{site.url}/some_project-1.0.tar.gz"]


def test_a_find_link_that_is_the_archive(site: Site) -> None:
    address = f"{site.url}/f/some_project-1.0.tar.gz"
    assert found(PipSettings((), (address,)))[0] == [address]
    assert site.requests == []


def test_places_are_asked_only_when_needed(site: Site, tmp_path: Path) -> None:
    (tmp_path / WANTED.filename).touch()
    places = find_archive(WANTED, PipSettings((f"{site.url}/simple",), (str(tmp_path),)), Client(), [])
    assert next(places) == (tmp_path / WANTED.filename).as_uri()
    assert site.requests == []


@pytest.mark.parametrize("odd", ["http://[::1/{}", "http://h:99999999999/{}", "ftp://h/{}", "http://\x1b[2J/{}"])
def test_a_link_that_is_none_spoils_no_other(site: Site, odd: str) -> None:
    name = "some_project-1.0.tar.gz"
    site.files["/simple/some-project/"] = f'<a href="{odd.format(name)}"></a><a href="/f/{name}"></a>'.encode()
    assert found(PipSettings((f"{site.url}/simple",)))[0][-1] == f"{site.url}/f/{name}"


def test_a_page_of_the_network_opens_no_file(site: Site, tmp_path: Path) -> None:
    (tmp_path / "some_project-1.0.tar.gz").write_bytes(b"here")
    link = (tmp_path / "some_project-1.0.tar.gz").as_uri()
    site.files["/simple/some-project/"] = f'<a href="{link}#sha256={SHA}">it</a>'.encode()
    places, reasons = found(PipSettings((f"{site.url}/simple",), (f"{site.url}/simple/some-project/",)))
    assert places == []
    assert len(reasons) == 2
    (tmp_path / "some-project").mkdir()
    (tmp_path / "some-project" / "index.html").write_text(f'<a href="{link}">it</a>')
    assert found(PipSettings((tmp_path.as_uri(),)))[0] == [link]
