"""A browser without a screen, driven over its DevTools protocol; it plays a file where a microphone would be."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from websockets.sync.client import ClientConnection, connect

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--mute-audio"),
    *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--remote-debugging-port=0"),
    *("--autoplay-policy=no-user-gesture-required", "--disable-background-networking", "--disable-sync"),
)


class Page:
    """A page that is open."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._n_sent = 0
        self.console: list[str] = []
        """Errors and warnings that the page and the browser wrote about it."""
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Have something done, and return what comes of it."""
        self._n_sent += 1
        self._socket.send(json.dumps({"id": self._n_sent, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=30))
            if message.get("id") == self._n_sent:
                assert "error" not in message, message
                found: dict[str, Any] = message["result"]
                return found
            if message.get("method") == "Log.entryAdded":
                self.console.append(message["params"]["entry"]["text"])
            elif message.get("method") == "Runtime.exceptionThrown":
                self.console.append(str(message["params"]["exceptionDetails"]))

    def get(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        options = {"returnByValue": True, "awaitPromise": True, "userGesture": True}
        found = self.send("Runtime.evaluate", expression=expression, **options)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def open(self, url: str) -> None:
        """Go to a page."""
        self.send("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def wait(self, expression: str, within_s: float = 30.0) -> Any:
        """Wait until an expression is true."""
        until = time.monotonic() + within_s
        while not (found := self.get(expression)):
            assert time.monotonic() < until, (expression, self.get("document.body.innerText"), self.console)
            time.sleep(0.05)
        return found

    def key(self, name: str, text: str = "") -> None:
        """Press a key and let it go."""
        code = {"Tab": 9, "Enter": 13, " ": 32}[name]
        common = {"key": name, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def choose(self, selector: str, file: Path) -> None:
        """Give a file to an input."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", files=[str(file)], nodeId=node)

    def look(self, width: int, height: int, *, dark: bool) -> None:
        """Be a screen of a size, light or dark."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[feature])

    def picture(self) -> bytes:
        """Take a picture of what is seen, as PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])


class Browser:
    """A browser that runs."""

    def __init__(self, port: int) -> None:
        self._port = port

    @contextmanager
    def tab(self) -> Iterator[Page]:
        """Open a tab until the block ends."""
        with urlopen(Request(f"http://127.0.0.1:{self._port}/json/new", method="PUT"), timeout=30) as answer:
            made = json.load(answer)
        with connect(made["webSocketDebuggerUrl"], max_size=1 << 26) as socket:
            page = Page(socket)
            yield page
            page.send("Page.close")


@contextmanager
def browsing(folder: Path, microphone: Path | None = None) -> Iterator[Browser]:
    """Run a browser with a new profile in a folder until the block ends."""
    assert PROGRAM is not None
    heard = [] if microphone is None else [f"--use-file-for-fake-audio-capture={microphone}%noloop"]
    command = [PROGRAM, *_OPTIONS, f"--user-data-dir={folder}", *heard, "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
        try:
            yield Browser(_port(folder / "DevToolsActivePort"))
        finally:
            browser.terminate()
            browser.wait(10)


def _port(file: Path) -> int:
    until = time.monotonic() + 30
    while not (file.exists() and len(lines := file.read_text().split()) > 1):
        assert time.monotonic() < until, "the browser did not begin"
        time.sleep(0.05)
    return int(lines[0])
