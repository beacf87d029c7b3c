"""The page, in a real browser with a file for a microphone."""

from __future__ import annotations

import http.client
import json
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edge
from edge.serve.page import policy_of

from .browser import PROGRAM, Browser, Page, browsing
from .conftest import Served

MakeServer = Callable[..., Served]
TEXT = "document.querySelector('#text').innerText"
STATUS = "document.querySelector('#status').textContent"


def got(served: Served, path: str = "/") -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection(*served.http, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def test_the_page_asks_nobody_else(make_server: MakeServer) -> None:
    answer, page = got(make_server(token="s3cret-s3cret-s3cret"))
    assert answer.status == 200  # it holds nothing, and asks for the token itself
    policy = answer.headers["content-security-policy"]
    assert policy == policy_of(page)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in page.replace('location.origin.replace("http", "ws")', "")
    assert len(page) < 20_000


def test_a_page_that_was_changed_does_not_run() -> None:
    assert policy_of("<script>1</script>") != policy_of("<script>2</script>")


@pytest.fixture(scope="module")
def browser(jfk_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose microphone hears the beginning of the clip between two silences."""
    if PROGRAM is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    folder = tmp_path_factory.mktemp("browser")
    with wave.open(str(jfk_clip)) as clip, wave.open(str(folder / "spoken.wav"), "wb") as written:
        pcm = np.frombuffer(clip.readframes(3 * 16000), "<i2")
        written.setparams((1, 2, 16000, 0, "NONE", ""))
        written.writeframes(np.concatenate([np.zeros(8000, "<i2"), pcm, np.zeros(40000, "<i2")]).tobytes())
    with browsing(folder / "profile", folder / "spoken.wav") as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.tab() as opened:
        yield opened


def downloads(page: Page) -> dict[str, str]:
    """What each button gives to be saved."""
    page.get(
        """(() => {
          window.saved = {};
          const make = URL.createObjectURL;
          URL.createObjectURL = (blob) => { window.blob = blob; return make(blob); };
          HTMLAnchorElement.prototype.click = function () {
            const name = this.download, blob = window.blob;
            window.saving = blob.text().then((text) => { window.saved[name] = text; });
          };
        })()"""
    )
    for form in ("srt", "vtt", "json"):
        page.get(f"document.querySelector('[data-form={form}]').click(), window.saving")
    found: dict[str, str] = page.get("window.saved")
    return found


def test_speech_becomes_text(make_server: MakeServer, tiny_en_int8: Path, page: Page) -> None:
    served = make_server(edge.load(tiny_en_int8, offline=True), token="s3cret-s3cret-s3cret")
    page.open(served.url)
    page.wait(f"{STATUS} === 'The server wants its token.'")
    page.get("document.querySelector('#token').value = 's3cret-s3cret-s3cret'")
    page.get("document.querySelector('#key button').click()")
    page.wait(f"{STATUS}.startsWith('Ready')")
    page.get("document.querySelector('#speak').focus()")
    page.key(" ", " ")
    page.wait("!!document.querySelector('.open')")  # text that may change
    assert page.get("document.querySelector('#speak').getAttribute('aria-pressed')") == "true"
    page.wait(f"{TEXT}.toLowerCase().includes('fellow americans')")
    page.wait("!document.querySelector('.open')", within_s=15)
    page.key(" ", " ")
    page.wait("document.querySelector('#speak').getAttribute('aria-pressed') === 'false'")
    page.wait("!document.querySelector('[data-form=srt]').disabled")
    saved = downloads(page)
    assert "fellow Americans" in saved["edgewise.srt"]
    assert saved["edgewise.srt"].startswith("1\n00:00:0")
    assert saved["edgewise.vtt"].startswith("WEBVTT\n\n00:00:0")
    [segment, *_] = json.loads(saved["edgewise.json"])["segments"]
    assert {"start", "end", "text", "words"} == set(segment)
    until = time.monotonic() + 10
    while served.shared.live.n_taken and time.monotonic() < until:
        time.sleep(0.05)
    assert served.shared.live.n_taken == 0
    assert page.console == ["Failed to load resource: the server responded with a status of 401 (Unauthorized)"]


def test_a_recording_becomes_text_with_words_in_doubt_marked(
    make_server: MakeServer, tiny_en_int8: Path, jfk_clip: Path, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = edge.load(tiny_en_int8, offline=True)
    page.open(make_server(model).url)
    page.choose("#file", jfk_clip)
    page.wait(f"{STATUS}.endsWith('is read.')")
    assert model.transcribe(jfk_clip).text in page.get(f"{TEXT}.replaceAll(/\\s+/g, ' ').replaceAll(' (in doubt)', '')")
    doubtful = [
        word.text.strip()
        for segment in model.transcribe(jfk_clip, word_timestamps=True).segments
        for word in segment.words
        if word.probability < 0.5
    ]
    assert page.get("[...document.querySelectorAll('#text p:not(#hint) mark')].map(m => m.firstChild.data)") == doubtful
    assert page.console == []


def test_what_goes_wrong_is_said(make_server: MakeServer, tmp_path: Path, page: Page) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF\0\0\0\0WAVE")
    page.open(make_server().url)
    page.wait(f"{STATUS}.startsWith('Ready')")
    page.choose("#file", broken)
    page.wait(f"{STATUS}.includes('header')")
    assert page.get("document.querySelector('#status').className") == "wrong"


def _contrast(page: Page, selector: str, below: str) -> float:
    """The contrast of a text and what is under it, by WCAG."""
    ratio: float = page.get(
        """((text, under) => {
          const light = (color) => {
            const [r, g, b] = color.match(/[\\d.]+/g).map((v) => v / 255)
              .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const one = light(getComputedStyle(document.querySelector(text)).color);
          const two = light(getComputedStyle(document.querySelector(under)).backgroundColor);
          return (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
        })"""
        + f"({json.dumps(selector)}, {json.dumps(below)})"
    )
    return ratio


@pytest.mark.parametrize("dark", [False, True])
def test_it_can_be_used_by_keys_and_read_aloud_and_seen(make_server: MakeServer, page: Page, dark: bool) -> None:
    page.look(390, 844, dark=dark)  # a phone
    page.open(make_server().url)
    assert page.get("document.documentElement.scrollWidth <= innerWidth")
    for selector, under in (("body", "body"), (".faint", "body"), ("#speak", "#speak"), ("mark", "mark")):
        assert _contrast(page, selector, under) >= 4.5, selector
    heights = "[...document.querySelectorAll('button,.file')].map(b => b.offsetHeight).filter(Boolean)"
    assert page.get(f"Math.min(...{heights})") >= 44  # a thumb's width
    named = {(node["name"]["value"], node["role"]["value"]) for node in _accessible(page)}
    assert {("Speak", "button"), ("Text", "log"), ("Choose a recording", "button"), ("SRT", "button")} <= named
    order = []
    for _ in range(3):
        page.key("Tab")
        order.append(page.get("document.activeElement.id"))
    assert order == ["speak", "file", "text"]


def _accessible(page: Page) -> list[dict[str, Any]]:
    """What a screen reader finds."""
    page.send("Accessibility.enable")
    nodes = page.send("Accessibility.getFullAXTree")["nodes"]
    return [node for node in nodes if node.get("name", {}).get("value") and node.get("role", {}).get("value")]
