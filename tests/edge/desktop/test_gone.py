"""An X server that goes away."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.desktop.screen import screen
from edge.desktop.choose import choose_trigger, choose_typist
from edge.desktop.chords import Chord
from edge.desktop.protocol import Key
from edge.errors import DesktopError


def test_a_server_that_goes_away_is_said(display_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with screen(tmp_path) as (name, server):
        monkeypatch.setenv("DISPLAY", name)
        trigger, typist = choose_trigger({Key.DICTATE: Chord("F9")}), choose_typist()
        trigger.start(lambda event: None)
        typist.put("kept")
        server.kill()
        server.wait()
        began_s = time.monotonic()
        for _ in range(2):
            with pytest.raises(DesktopError, match="the X11 server is gone"):
                typist.deliver("nobody")
        trigger.close()
        typist.close()
        assert time.monotonic() - began_s < 4
