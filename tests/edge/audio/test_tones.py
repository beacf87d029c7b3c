"""Tones, by a program that plays them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.audio.tones import Sounds, Tone
from edge.errors import OutputError


def test_a_program_of_the_systems_plays_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player = tmp_path / "paplay"
    player.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/played\n')
    player.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    sounds = Sounds(tmp_path / "tones")
    for tone in Tone:
        sounds.play(tone)
        sounds.close()
    played = (tmp_path / "played").read_text().splitlines()
    assert played == [str(tmp_path / "tones" / f"{tone}.wav") for tone in Tone]
    for path in played:
        samples, rate_hz = soundfile.read(path)
        assert 0.05 < len(samples) / rate_hz < 0.3
        assert samples[0] == samples[-1] == 0
        assert 0.1 < np.abs(samples).max() < 0.2


def test_without_such_a_program_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutputError, match="no program plays sounds: install one of pw-play"):
        Sounds(tmp_path)
