"""A server of our own in the process of the tests, with a script in place of a model."""

from __future__ import annotations

import asyncio
import io
import ssl
import subprocess
import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from edge.recognizer import Recognizer
from edge.serve.guard import Guard
from edge.serve.options import ServeOptions
from edge.serve.server import FACES, Listening, serve
from edge.serve.shared import Shared, shared_of, work_of

from .scripted import Scripted


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs."""

    listening: Listening
    shared: Shared
    end: Callable[[], None]

    @property
    def url(self) -> str:
        return f"http://{self.listening.http}"

    @property
    def http(self) -> tuple[str, int]:
        return _address(self.listening.http)

    @property
    def wyoming(self) -> tuple[str, int]:
        return _address(self.listening.wyoming)


def _address(written: str | None) -> tuple[str, int]:
    host, _, port = (written or "").rpartition(":")
    return host, int(port)


@contextmanager
def serving(model: Any, options: ServeOptions, guard: Guard, tls: ssl.SSLContext | None = None) -> Iterator[Served]:
    """Run a server in a thread until the block ends."""
    work = work_of(options)
    shared = shared_of(cast("Recognizer", model), work, options, guard)
    loop = asyncio.new_event_loop()
    end = asyncio.Event()
    began = threading.Event()
    found: list[Listening] = []

    def ready(listening: Listening) -> None:
        found.append(listening)
        began.set()

    def run() -> None:
        try:
            loop.run_until_complete(serve(shared, FACES, end, ready, tls=tls))
        finally:
            began.set()

    def stop() -> None:
        loop.call_soon_threadsafe(end.set)

    thread = threading.Thread(target=run)
    thread.start()
    assert began.wait(10)
    try:
        yield Served(found[0], shared, stop)
    finally:
        stop()
        thread.join(20)
        assert not thread.is_alive()
        loop.close()
        work.close()


@pytest.fixture
def make_server() -> Iterator[Callable[..., Served]]:
    """Make a server with settings; it ends with the test."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def make(
            model: Any = None, *, token: str | None = None, tls: ssl.SSLContext | None = None, **settings: Any
        ) -> Served:
            options = ServeOptions(port=0, wyoming_port=0, **settings)
            guard = Guard(token, options.networks)
            return stack.enter_context(serving(Scripted() if model is None else model, options, guard, tls))

        yield make


@pytest.fixture
def clip() -> bytes:
    """A WAV of two seconds."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, 16000, 32000, "NONE", ""))
        written.writeframes(b"\1\0" * 32000)
    return file.getvalue()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of our own, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    words: list[str | Path] = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    try:
        subprocess.run([*words, "-keyout", key, "-out", cert, *subject], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no openssl")
    return cert, key
