"""Requests: who gets which credentials, which redirects are followed, how long is tried."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.store.http import MAX_ATTEMPTS, Client, TransferError, credentials_in, redacted

from .conftest import Site

BASIC = "Basic " + base64.b64encode(b"me:p@ss").decode()


@pytest.fixture
def client() -> Client:
    return Client(timeout_s=5, pause_s=0)


def with_login(url: str) -> str:
    return url.replace("://", "://me:p%40ss@")


def test_reads_a_page(site: Site, client: Client) -> None:
    site.files["/page"] = b"hello"
    site.content_types["/page"] = "text/html"
    assert client.read(f"{site.url}/page", limit=5) == (b"hello", "text/html", f"{site.url}/page")


def test_a_page_over_the_limit_is_refused(site: Site, client: Client) -> None:
    site.files["/page"] = b"hello"
    with pytest.raises(TransferError, match="over 4 bytes"):
        client.read(f"{site.url}/page", limit=4)


def test_credentials_in_the_address_travel_in_a_header(site: Site, client: Client) -> None:
    site.files["/page"] = b"hello"
    site.password = BASIC
    client.read(with_login(f"{site.url}/page"), limit=99)
    with pytest.raises(TransferError, match="401"):
        client.read(f"{site.url}/page", limit=99)


def test_the_login_of_an_index_serves_its_files(site: Site) -> None:
    site.files["/page"] = b"hello"
    site.password = BASIC
    client = Client(credentials=credentials_in((with_login(f"{site.url}/simple"),)))
    client.read(f"{site.url}/page", limit=99)


def test_netrc_is_read(site: Site, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password p@ss\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    site.files["/page"] = b"hello"
    site.password = BASIC
    client.read(f"{site.url}/page", limit=99)


def test_a_redirect_to_another_host_gets_no_credentials(make_site: Callable[[], Site], client: Client) -> None:
    first, second = make_site(), make_site()
    first.redirects["/here"] = "/there"
    first.redirects["/there"] = f"{second.url}/page"
    second.files["/page"] = b"hello"
    assert client.read(with_login(f"{first.url}/here"), limit=99)[0] == b"hello"
    assert [request.authorization for request in first.requests] == [BASIC, BASIC]
    assert [request.authorization for request in second.requests] == [None]


def test_goes_through_the_proxy(site: Site) -> None:
    site.files["http://elsewhere.invalid/page"] = b"through the proxy"
    client = Client(proxy=site.url, timeout_s=5)
    assert client.read("http://elsewhere.invalid/page", limit=99)[0] == b"through the proxy"


def test_gives_up_in_the_end(site: Site, client: Client) -> None:
    site.statuses["/page"] = [503] * 100
    with pytest.raises(TransferError, match="503"):
        client.read(f"{site.url}/page", limit=99)
    assert len(site.requests) == MAX_ATTEMPTS


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.invalid/x", "http:///x", "C:\\x"])
def test_only_http_is_requested(client: Client, url: str) -> None:
    with pytest.raises(TransferError, match="not an http address"):
        client.open(url)


def test_a_redirect_to_a_file_is_refused(site: Site, client: Client) -> None:
    site.redirects["/here"] = "file:///etc/passwd"
    with pytest.raises(TransferError):
        client.read(f"{site.url}/here", limit=99)


@pytest.mark.loopback
def test_nobody_listens(client: Client) -> None:
    with pytest.raises(TransferError, match=r"127\.0\.0\.1:9"):
        client.read("http://127.0.0.1:9/x", limit=99)


def test_messages_hold_no_secrets() -> None:
    assert redacted("https://me:pass@host:8443/a/b?signature=s#f") == "https://host:8443/a/b"


@pytest.mark.loopback
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999999/x", "http://a..b/x", f"http://{'a' * 70}.x/x", "http://\0/x"]
)
def test_an_odd_address_fails_at_once(client: Client, url: str) -> None:
    with pytest.raises(TransferError) as raised:
        client.open(url)
    assert "\0" not in str(raised.value)


def test_what_a_server_says_is_no_command(site: Site, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("http.server.BaseHTTPRequestHandler.responses", {404: ("\x1b]2;pwned\x07", "")})
    with pytest.raises(TransferError) as raised:
        client.open(f"{site.url}/absent")
    assert str(raised.value).isprintable()
