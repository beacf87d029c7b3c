"""Damaged, joined and unfinished recordings: what is there is read, and is where it belongs."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.audio import AudioSource, open_audio
from edge.errors import AudioError

from .sweep import encoded, is_in_time, read_all

FORMATS: dict[str, dict[str, Any]] = {
    "flac": {"format": "FLAC"},
    "mp3": {"format": "MP3"},
    "vorbis": {"format": "OGG", "subtype": "VORBIS"},
    "opus": {"format": "OGG", "subtype": "OPUS"},
}
WHOLE = {name: encoded(20, **format) for name, format in FORMATS.items()}
LOSSES: dict[str, Callable[[int], bytes]] = {
    "zeros": bytes,
    "noise": lambda n: np.random.default_rng(n).bytes(n),
    "removed": lambda n: b"",
}


def with_loss(data: bytes, at: float, n_bytes: int, loss: str) -> bytes:
    start = int(len(data) * at)
    return data[:start] + LOSSES[loss](n_bytes) + data[start + n_bytes :]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("n_bytes", [400, 3000, 12000])
@pytest.mark.parametrize("name", FORMATS)
def test_what_is_behind_a_hole_is_read(name: str, n_bytes: int, loss: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "edge"):
        samples, gaps = read_all(io.BytesIO(with_loss(WHOLE[name], 0.4, n_bytes, loss)))
    assert len(samples) == pytest.approx(20 * 16000, abs=2500)
    assert len(gaps) == 1
    gap = gaps[0]
    assert 6 < gap.start < gap.end < 13
    assert gap.cause == "damage"
    assert not samples[round(gap.start * 16000) + 100 : round(gap.end * 16000) - 100].any()
    assert is_in_time(samples, 0.25, gap.start)
    assert is_in_time(samples, gap.end + 0.25, 19.5)
    assert f"s are missing at {gap.start:.2f} s ({gap.reason})" in caplog.text


@pytest.mark.parametrize("name", FORMATS)
def test_several_holes(name: str) -> None:
    data = WHOLE[name]
    for at in (0.2, 0.5, 0.8):
        data = with_loss(data, at, 1500, "noise")
    samples, gaps = read_all(io.BytesIO(data))
    assert len(gaps) == 3
    for before, after in pairwise(gaps):
        assert is_in_time(samples, before.end + 0.25, after.start)
    assert is_in_time(samples, gaps[-1].end + 0.25, 19.5)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("rate_hz", "n_channels"), [(16000, 1), (48000, 2)])
def test_joined_recordings_are_read_one_after_the_other(name: str, rate_hz: int, n_channels: int) -> None:
    other = encoded(10, rate_hz=rate_hz, n_channels=n_channels, **FORMATS[name])
    samples, gaps = read_all(io.BytesIO(WHOLE[name] + other + WHOLE[name]))
    assert gaps == []
    assert len(samples) == pytest.approx(50 * 16000, abs=6000)
    assert is_in_time(samples, 0.25, 19.5)
    assert is_in_time(samples, 20.5, 29.5, late_s=20)
    assert is_in_time(samples, 30.5, 49.5, late_s=30)


@pytest.mark.parametrize("name", FORMATS)
def test_a_hole_in_the_second_of_two(name: str) -> None:
    samples, gaps = read_all(io.BytesIO(WHOLE[name] + with_loss(WHOLE[name], 0.5, 2000, "zeros")))
    assert len(gaps) == 1
    assert 28 < gaps[0].start < gaps[0].end < 33
    assert is_in_time(samples, gaps[0].end + 0.25, 39.5, late_s=20)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_cut_short_has_a_gap_at_its_end(name: str) -> None:
    samples, gaps = read_all(io.BytesIO(WHOLE[name][: len(WHOLE[name]) // 2]))
    assert 7 * 16000 < len(samples) < 12 * 16000
    assert is_in_time(samples, 0.25, len(samples) / 16000 - 0.25)
    assert len(gaps) == 1
    assert gaps[0].start == pytest.approx(len(samples) / 16000)
    # An Ogg does not say how long it was meant to be.
    assert gaps[0].end == pytest.approx(20 if name in ("flac", "mp3") else gaps[0].start, abs=0.1)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("tail", [b"TAG" + bytes(125), bytes(5000)])
def test_what_follows_a_whole_recording_is_no_damage(name: str, tail: bytes) -> None:
    samples, gaps = read_all(io.BytesIO(WHOLE[name] + tail))
    assert len(samples) == pytest.approx(20 * 16000, abs=2500)
    assert gaps == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_end_costs_the_end_alone(name: str) -> None:
    samples, gaps = read_all(io.BytesIO(WHOLE[name][:-1500] + bytes(1500)))
    assert len(samples) > 17.5 * 16000
    assert is_in_time(samples, 0.25, 17)
    assert len(gaps) == 1


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("with_pyav", [True, False])
def test_rubbish_in_front_of_a_recording(name: str, with_pyav: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not with_pyav:
        monkeypatch.setitem(sys.modules, "av", None)
    rubbish = np.random.default_rng(2).integers(128, 255, 5000, dtype=np.uint8).tobytes()
    samples, _ = read_all(io.BytesIO(rubbish + WHOLE[name]))
    assert len(samples) == pytest.approx(20 * 16000, abs=4000)


@pytest.mark.parametrize("with_pyav", [True, False])
def test_a_flac_whose_description_is_lost(with_pyav: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not with_pyav:
        monkeypatch.setitem(sys.modules, "av", None)
    samples, gaps = read_all(io.BytesIO(bytes(3000) + WHOLE["flac"][3000:]))
    assert is_in_time(samples, 1, 19.5)
    assert 0 < gaps[0].end < 1


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_said_to_be_missing_of_a_whole_recording(name: str) -> None:
    samples, gaps = read_all(io.BytesIO(WHOLE[name]))
    assert len(samples) == pytest.approx(20 * 16000, abs=2500)
    assert gaps == []


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(sorted(FORMATS)), st.data())
def test_any_damage_ends_as_sound_or_as_an_error(name: str, data: st.DataObject) -> None:
    damaged = bytearray(WHOLE[name][: data.draw(st.integers(0, 40000))])
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, max(len(damaged) - 1, 0)))
        damaged[at : at + data.draw(st.integers(0, 900))] = data.draw(st.binary(max_size=900))
    n_samples = 0
    try:
        source: AudioSource = open_audio(io.BytesIO(bytes(damaged)))
        for block in source:
            assert np.isfinite(block).all()
            n_samples += len(block)
            if n_samples > 100 * 16000:
                break
    except AudioError:
        return
    assert all(0 <= gap.start <= gap.end for gap in source.gaps)
