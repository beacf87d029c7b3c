"""Find a pinned archive on the user's package index: PEP 503 pages, PEP 691 JSON, and find-links."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

from ..errors import StoreError
from .catalogue import Archive
from .http import Client, redacted
from .pip_config import PipSettings

MAX_PAGE_BYTES = 16 << 20
_ARCHIVE_ENDINGS = (".whl", ".tar.gz", ".zip")
_JSON = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


class _Links(HTMLParser):
    """Collects the targets of a page's links."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if target and tag == "a":
            self.targets.append(target)
        elif target and tag == "base":
            self.base = target


def find_archive(archive: Archive, settings: PipSettings, client: Client, reasons: list[str]) -> Iterator[str]:
    """List where this archive can be had, one place after another: http addresses and `file:` ones.

    Places are asked only when the one before did not help; what went wrong with each goes to `reasons`.
    """
    for place in settings.find_links:
        yield from _try(place, _links_at(place, client), archive, reasons)
    project = re.sub(r"[-_.]+", "-", archive.project).lower()
    for index in settings.indexes:
        page = f"{index.rstrip('/')}/{project}/"
        yield from _try(page, _links_on(page, client), archive, reasons)


def local_path(url: str) -> Path | None:
    """Return the path behind a `file:` address; None for any other."""
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def _try(place: str, links: Iterator[str], archive: Archive, reasons: list[str]) -> Iterator[str]:
    try:
        matching = [link for link in links if _is(archive, link)]
        if local_path(place) is None and "://" in place:  # what a network says opens no file of this machine
            matching = [link for link in matching if local_path(link) is None]
    except StoreError as error:
        reasons.append(str(error))
        return
    except (OSError, ValueError) as error:  # a folder that cannot be read, a page that is not one
        reasons.append(f"{redacted(place)}: {error}")
        return
    if not matching:
        reasons.append(f"{redacted(place)} has no {archive.filename} with the pinned hash")
    yield from (urldefrag(link).url for link in matching)


def _is(archive: Archive, link: str) -> bool:
    try:
        address, fragment = urldefrag(link)
        path = urlsplit(address).path
    except ValueError:
        return False  # no address
    if unquote(path).rpartition("/")[2] != archive.filename:
        return False
    return not fragment.startswith("sha256=") or fragment == f"sha256={archive.sha256}"


def _links_at(place: str, client: Client) -> Iterator[str]:
    """List the links of one find-links entry: a folder, a page, or an archive itself."""
    path = local_path(place) if "://" in place else Path(place).expanduser()
    if path is None:
        yield place
        if not place.endswith(_ARCHIVE_ENDINGS):
            yield from _links_on(place, client)
    elif path.is_dir():
        yield from (entry.absolute().as_uri() for entry in sorted(path.iterdir()))
    else:
        yield path.absolute().as_uri()
        if path.suffix in (".html", ".htm"):
            yield from _page_links(path.read_bytes(), path.absolute().as_uri())


def _links_on(page: str, client: Client) -> Iterator[str]:
    path = local_path(page)
    if path is not None:
        index = path / "index.html"
        if index.is_file():
            yield from _page_links(index.read_bytes(), index.absolute().as_uri())
        return
    body, content_type, address = client.read(page, limit=MAX_PAGE_BYTES, headers={"Accept": _ACCEPT})
    if content_type == _JSON:
        yield from _json_links(body, address)
    else:
        yield from _page_links(body, address)


def _json_links(body: bytes, address: str) -> Iterator[str]:
    try:
        files = [(str(file["url"]), dict(file["hashes"]).get("sha256")) for file in json.loads(body)["files"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreError(f"{redacted(address)} is not an index page in the JSON form of PEP 691") from error
    for url, digest in files:
        for link in _joined(address, url):
            yield f"{urldefrag(link).url}#sha256={digest}" if digest else link


def _page_links(body: bytes, address: str) -> Iterator[str]:
    parser = _Links()
    parser.feed(body.decode("utf-8", errors="replace"))
    base = next(_joined(address, parser.base), address)
    for target in parser.targets:
        yield from _joined(base, target)


def _joined(base: str, target: str) -> Iterator[str]:
    """Return the address of a link; nothing where it is none, which spoils no other link."""
    try:
        yield urljoin(base, target)
    except ValueError:
        return
