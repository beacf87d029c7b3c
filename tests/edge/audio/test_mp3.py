from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from edge.audio.mp3 import Mp3Stream, parse_frame
from edge.audio.view import Source

from .sweep import encoded, is_in_time, read_all, sweep


@pytest.mark.parametrize(
    ("header", "n_bytes", "n_samples", "rate_hz"),
    [
        ("fffb9064", 417, 1152, 44100),  # MPEG 1, layer III, 128 kbit
        ("fffb9264", 418, 1152, 44100),  # the same, padded
        ("fff348c4", 144, 576, 16000),  # MPEG 2, layer III, 32 kbit
        ("ffe318c4", 72, 576, 8000),  # MPEG 2.5, layer III, 8 kbit
        ("fffd8404", 384, 1152, 48000),  # MPEG 1, layer II, 128 kbit
        ("ffff1800", 48, 384, 32000),  # MPEG 1, layer I, 32 kbit
    ],
)
def test_the_header_of_a_frame(header: str, n_bytes: int, n_samples: int, rate_hz: int) -> None:
    frame = parse_frame(bytes.fromhex(header))
    assert frame is not None
    assert (frame.n_bytes, frame.n_samples, frame.rate_hz) == (n_bytes, n_samples, rate_hz)


@pytest.mark.parametrize("header", ["00000000", "ff00ff00", "fff1507c", "fffbf064", "fffb9c64", "ffea9064", "fffb"])
def test_what_is_no_header(header: str) -> None:
    assert parse_frame(bytes.fromhex(header)) is None


def test_frames_follow_each_other_to_the_end() -> None:
    data = encoded(10, format="MP3")
    stream = Mp3Stream(Source(io.BytesIO(data)), 0)
    assert stream.reach_s(5.0) == 5.0
    assert stream.reach_s(100.0) == pytest.approx(10, abs=0.1)
    assert list(stream.go_on(10.0, 0)) == []
    assert stream.ending(10.0, "") == ("", 10.0)


def test_varying_bits_without_a_word_about_the_length() -> None:
    """Without a length, libsndfile guesses it from the first frames, and stops there."""
    file = io.BytesIO()
    loud = np.random.default_rng(0).standard_normal(32000).astype(np.float32) * 0.3
    samples = np.concatenate([loud, sweep(20), np.zeros(160000, np.float32)])
    with soundfile.SoundFile(
        file, "w", 16000, 1, format="MP3", bitrate_mode="VARIABLE", compression_level=0.1
    ) as sound:
        for start in range(0, len(samples), 4096):
            sound.write(samples[start : start + 4096])
    data = file.getvalue()
    first = parse_frame(data[:4])
    assert first is not None
    read, gaps = read_all(io.BytesIO(data[first.n_bytes :]))
    assert len(read) == pytest.approx(len(samples), abs=4000)
    assert is_in_time(read, 3, 21, late_s=2)
    assert gaps == []


def test_a_lost_beginning_is_said() -> None:
    data = encoded(10, format="MP3")
    samples, gaps = read_all(io.BytesIO(bytes(3000) + data[3000:]))
    assert len(samples) > 9 * 16000
    assert [gap.start for gap in gaps] == [0.0]
    assert gaps[0].reason.startswith("bytes 0 to 3")


def test_filling_in_front_of_a_whole_recording_is_no_loss() -> None:
    samples, gaps = read_all(io.BytesIO(bytes(3000) + encoded(10, format="MP3")))
    assert len(samples) == pytest.approx(160000, abs=2000)
    assert gaps == []
