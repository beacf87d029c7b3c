"""HTTP as the store needs it: GET requests with the user's proxies, certificates and credentials."""

from __future__ import annotations

import base64
import http.client
import netrc
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

from ..errors import StoreError
from ..version import __version__

MAX_ATTEMPTS = 5
"""Tries in a row that bring no byte before a request is given up."""

_MOST_SHOWN = 500
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class TransferError(StoreError):
    """A request that failed; `transient` tells whether trying again can help."""

    def __init__(self, message: str, *, transient: bool) -> None:
        super().__init__(message)
        self.transient = transient


@dataclass(frozen=True, slots=True)
class Client:
    """Client that makes requests; the fields are named as in `PipSettings`."""

    timeout_s: float = 15.0
    proxy: str | None = None
    ca_file: str | None = None
    client_cert: str | None = None
    trusted_hosts: frozenset[str] = frozenset()
    credentials: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Users and passwords by host[:port], besides those that an address or the user's netrc holds."""
    tokens: Mapping[str, str] = field(default_factory=dict)
    """Bearer token by host[:port]."""
    pause_s: float = 0.5
    """Seconds to wait before the second attempt; they double with each one after that."""

    def open(self, url: str, *, headers: Mapping[str, str] | None = None) -> http.client.HTTPResponse:
        """Send a GET request; the caller closes the answer. Raises TransferError."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise TransferError(f"{redacted(url)}: not an http address", transient=False)
        request = urllib.request.Request(without_credentials(url))
        request.add_header("User-Agent", f"edgewise/{__version__}")
        request.add_header("Accept-Encoding", "identity")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if authorization := self._authorization(url):
            request.add_unredirected_header("Authorization", authorization)
        try:
            answer = self._opener(parts.hostname, parts.netloc).open(request, timeout=self.timeout_s)
        except urllib.error.HTTPError as error:
            error.close()
            message = f"{redacted(url)}: the server answers {error.code} {_harmless(str(error.reason))}"
            raise TransferError(message, transient=error.code in _TRANSIENT) from None
        except (OSError, http.client.HTTPException, ValueError, OverflowError) as error:  # the latter: odd ports
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            transient = not isinstance(reason, ssl.SSLCertVerificationError | ValueError | OverflowError)
            raise TransferError(f"{redacted(url)}: {_harmless(str(reason))}", transient=transient) from error
        assert isinstance(answer, http.client.HTTPResponse)  # the only kind these handlers give
        return answer

    def read(self, url: str, *, limit: int, headers: Mapping[str, str] | None = None) -> tuple[bytes, str, str]:
        """Get a whole small answer: its bytes, its content type and its address after redirects."""
        for attempt in range(MAX_ATTEMPTS):
            try:
                with self.open(url, headers=headers) as answer:
                    body = _read_exactly(answer, limit, url)
                    return body, answer.headers.get_content_type(), answer.geturl()
            except TransferError as error:
                if not error.transient or attempt == MAX_ATTEMPTS - 1:
                    raise
                self.pause(attempt)
        raise AssertionError("the last attempt returns or raises")

    def pause(self, attempt: int) -> None:
        """Wait before trying again, longer each time."""
        time.sleep(self.pause_s * 2**attempt)

    def _authorization(self, url: str) -> str | None:
        parts = urlsplit(url)
        host = _host(parts.netloc)
        login: tuple[str, str] | None
        if host in self.tokens:
            return f"Bearer {self.tokens[host]}"
        if parts.username is not None:
            login = unquote(parts.username), unquote(parts.password or "")
        else:
            login = self.credentials.get(host) or _from_netrc(parts.hostname or "")
        if not login:
            return None
        return "Basic " + base64.b64encode(":".join(login).encode()).decode()

    def _opener(self, hostname: str, netloc: str) -> urllib.request.OpenerDirector:
        opener = urllib.request.OpenerDirector()
        proxies = {"http": self.proxy, "https": self.proxy} if self.proxy else None
        trusted = hostname in self.trusted_hosts or _host(netloc) in self.trusted_hosts
        for handler in (
            urllib.request.ProxyHandler(proxies),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(context=self._tls(trusted=trusted)),
            urllib.request.HTTPDefaultErrorHandler(),
            _Redirects(),
            urllib.request.HTTPErrorProcessor(),
        ):
            opener.add_handler(handler)
        return opener

    def _tls(self, *, trusted: bool) -> ssl.SSLContext:
        configured = (os.environ.get(name) for name in _CA_VARIABLES)
        bundle = self.ca_file or next(filter(None, configured), None)
        if bundle and Path(bundle).is_dir():
            context = ssl.create_default_context(capath=bundle)
        elif bundle and Path(bundle).is_file():
            context = ssl.create_default_context(cafile=bundle)
        else:
            context = ssl.create_default_context()
        if trusted:  # the user told pip so; every byte is checked against its pinned hash anyway
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.client_cert:
            context.load_cert_chain(self.client_cert)
        return context


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, never from https to http; credentials go along only to the same host."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            reason = "redirect to an unencrypted address refused"
            raise urllib.error.HTTPError(newurl, code, reason, headers, fp)
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        authorization = req.unredirected_hdrs.get("Authorization")
        if request and authorization and urlsplit(newurl)[:2] == urlsplit(req.full_url)[:2]:
            request.add_unredirected_header("Authorization", authorization)
        return request


def _read_exactly(answer: http.client.HTTPResponse, limit: int, url: str) -> bytes:
    try:
        body = answer.read(limit + 1)
    except (OSError, http.client.HTTPException) as error:
        raise TransferError(f"{redacted(url)}: the transfer broke ({error})", transient=True) from error
    if len(body) > limit:
        raise TransferError(f"{redacted(url)}: the answer is over {limit} bytes", transient=False)
    return body


def without_credentials(url: str) -> str:
    """Return the address without user and password; they travel in a header."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, _host(parts.netloc), parts.path, parts.query, ""))


def redacted(url: str) -> str:
    """Return the address as messages show it: no credentials, and no query, which may hold a signature."""
    parts = urlsplit(url)
    return _harmless(urlunsplit((parts.scheme, _host(parts.netloc), parts.path, "", "")))


def _harmless(text: str) -> str:
    """Return what a server said, as messages show it: short, and without what a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in text[:_MOST_SHOWN])


def credentials_in(urls: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Collect users and passwords by host, from addresses that hold them: an index's files lie behind its login."""
    found = {}
    for url in urls:
        parts = urlsplit(url)
        if parts.username is not None:
            found[_host(parts.netloc)] = (unquote(parts.username), unquote(parts.password or ""))
    return found


def _host(netloc: str) -> str:
    return netloc.rpartition("@")[2]


def _from_netrc(hostname: str) -> tuple[str, str] | None:
    path = Path(os.environ.get("NETRC", "~/.netrc")).expanduser()
    try:
        login = netrc.netrc(path).authenticators(hostname)
    except (OSError, netrc.NetrcParseError):
        return None
    return (login[0], login[2] or "") if login else None
