"""Exact text in programs that people write in: an editor and a field of a browser."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks.desktop.hands import hold
from benchmarks.desktop.screen import Window, wait_for, wait_for_focus
from edge.desktop.protocol import Way
from edge.desktop.typist import DesktopTypist
from tests.edge.desktop.buses import session_bus
from tests.edge.desktop.texts import EVERYTHING, LONG, PLAIN

PAGE = b"""<!doctype html><meta charset="utf-8"><title>a field</title>
<textarea autofocus style="width: 100%; height: 90vh"></textarea><script>
const field = document.querySelector("textarea");
let last = null;
async function say() {
  if (field.value !== last && document.activeElement === field && document.hasFocus()) {
    last = field.value;
    await fetch("/", {method: "POST", body: last});
  }
  setTimeout(say, 20);
}
say();
</script>"""


@contextmanager
def mousepad(folder: Path, display: Any) -> Iterator[Callable[[], str | None]]:
    """An editor; what is in it is saved to be looked at."""
    path = folder / "note.txt"
    path.touch()

    def text() -> str | None:
        with hold(display, "Control_L", "s"):
            pass
        return path.read_text(encoding="utf-8")

    with session_bus(folder) as (address, _):
        own = {"DBUS_SESSION_BUS_ADDRESS": address, "XDG_CONFIG_HOME": str(folder), "GSETTINGS_BACKEND": "memory"}
        window = Window(path, "mousepad", "--disable-server", str(path), environment=os.environ | own)
        try:
            yield text
        finally:
            window.close()


@contextmanager
def chromium(folder: Path, display: Any) -> Iterator[Callable[[], str | None]]:
    """A browser with one field, whose page tells what is in it."""
    said: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, PAGE if self.path == "/" else b"")

        def do_POST(self) -> None:
            said.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._answer(204, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        options = [
            "--no-sandbox",
            "--no-first-run",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--password-store=basic",
        ]
        address = f"--app=http://127.0.0.1:{server.server_port}/"
        window = Window(folder, "chromium", *options, f"--user-data-dir={folder}/profile", address)
        try:
            yield lambda: said[-1] if said else None
        finally:
            window.close()
            server.shutdown()


PROGRAMS = {"mousepad": mousepad, "chromium": chromium}


@pytest.fixture(params=PROGRAMS)
def text_of(request: pytest.FixtureRequest, display: Any, tmp_path: Path) -> Iterator[Callable[[], str | None]]:
    from edge.desktop.x11.windows import focused_target

    if not shutil.which(request.param):
        pytest.skip(f"no {request.param}: apt install {request.param}")
    with PROGRAMS[request.param](tmp_path, display) as text:
        wait_for_focus(lambda: focused_target(display), (None,), f"{request.param} to have the focus")
        wait_for(lambda: text() is not None, f"{request.param} to be ready", 60)
        yield text
    wait_for(lambda: focused_target(display) is None, "it to close")


@pytest.fixture
def typist(display_name: str) -> Iterator[DesktopTypist]:
    from edge.desktop.x11.hands import X11Hands

    made = DesktopTypist(X11Hands())
    yield made
    made.close()


def test_all_that_is_typed_is_there_and_what_is_deleted_is_not(
    typist: DesktopTypist, text_of: Callable[[], str | None]
) -> None:
    there = ""
    for text, way in ((PLAIN, Way.KEYS), (EVERYTHING, Way.PASTE), (LONG, Way.PASTE)):
        delivery = typist.deliver(text)
        assert (delivery.way, delivery.trouble) == (way, "")
        there += text
        comes_to(text_of, there)
    first, second = typist.deliver("Stays. "), typist.deliver("Größe 漢字 😀 “q”\n\tx")
    assert (first.trouble, second.trouble) == ("", "")
    assert typist.erase(second) == ""
    comes_to(text_of, there + "Stays. ")


def comes_to(text_of: Callable[[], str | None], expected: str) -> None:
    seen: list[str | None] = []

    def has_come() -> bool:
        seen.append(text_of())
        return seen[-1] == expected

    try:
        wait_for(has_come, "the text")
    except AssertionError:
        assert seen[-1] == expected
