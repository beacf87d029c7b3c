"""What a log may hold: no words that were said, unless EDGEWISE_DEBUG asks for them."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import edge
from edge.debugging import is_debugging, private


@pytest.mark.parametrize(("value", "asks"), [(None, False), ("", False), ("0", False), ("1", True)])
def test_who_asks_for_details(monkeypatch: pytest.MonkeyPatch, value: str | None, asks: bool) -> None:
    monkeypatch.delenv("EDGEWISE_DEBUG", raising=False)
    if value is not None:
        monkeypatch.setenv("EDGEWISE_DEBUG", value)
    assert is_debugging() == asks
    assert private("a secret") == ("'a secret'" if asks else "a text of 8 characters")


@pytest.mark.parametrize("debugging", [False, True])
def test_a_log_of_everything_holds_no_words(
    tiny_en_int8: Path,
    jfk_clip: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    debugging: bool,
) -> None:
    monkeypatch.setenv("EDGEWISE_DEBUG", "1" if debugging else "0")
    caplog.set_level(logging.DEBUG, logger="edge")
    # No text is likely enough: each is decoded in full context, and drawn again.
    edge.load(tiny_en_int8).transcribe(jfk_clip, logprob_threshold=-0.001, temperature=(0, 0.2), vad=False)
    assert "fails: decoding at temperature 0.2" in caplog.text
    assert ("country" in caplog.text) == debugging
