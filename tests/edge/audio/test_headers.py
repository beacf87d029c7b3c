"""Headers that lie about how long the samples are."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edge.audio import open_audio
from edge.audio.headers import HeaderStream
from edge.audio.view import Source
from edge.errors import AudioError

from .sweep import encoded, is_in_time, read_all, sweep

FORMATS: dict[str, dict[str, Any]] = {
    "wav": {"format": "WAV", "subtype": "PCM_16"},
    "wavex": {"format": "WAVEX", "subtype": "PCM_24"},
    "float": {"format": "WAV", "subtype": "FLOAT"},
    "ulaw": {"format": "WAV", "subtype": "ULAW"},
    "rf64": {"format": "RF64", "subtype": "PCM_16"},
    "w64": {"format": "W64", "subtype": "PCM_16"},
    "aiff": {"format": "AIFF", "subtype": "PCM_16"},
    "au": {"format": "AU", "subtype": "PCM_16"},
    "caf": {"format": "CAF", "subtype": "PCM_16"},
}


def killed(seconds: float, **format: Any) -> bytes:
    """A recording whose writer did not come to writing its length."""
    file = io.BytesIO()
    sound = soundfile.SoundFile(file, "w", 16000, 1, **format)
    sound.write(sweep(seconds))
    sound.flush()
    data = file.getvalue()
    sound.close()
    return data


@pytest.mark.parametrize("is_piped", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_what_is_cut_short_has_a_gap_up_to_its_end(name: str, is_piped: bool, tmp_path: Path) -> None:
    path = tmp_path / "cut"
    data = encoded(10, **FORMATS[name])
    path.write_bytes(data[: len(data) // 2])
    samples, gaps = read_all(io.BytesIO(path.read_bytes()) if is_piped else path)
    assert is_in_time(samples, 0.25, 4.8)
    assert len(gaps) == 1
    assert gaps[0].start == pytest.approx(len(samples) / 16000)
    assert gaps[0].end == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize("is_piped", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_what_a_killed_writer_left_is_complete(name: str, is_piped: bool, tmp_path: Path) -> None:
    path = tmp_path / "killed"
    path.write_bytes(killed(10, **FORMATS[name]))
    samples, gaps = read_all(io.BytesIO(path.read_bytes()) if is_piped else path)
    assert len(samples) == 160000
    assert is_in_time(samples, 0.25, 9.5)
    assert gaps == []


@pytest.mark.parametrize("length", [0, 1000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_a_wrong_length_is_not_believed(length: int, tmp_path: Path) -> None:
    data = bytearray(encoded(10, format="WAV"))
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", length)
    path = tmp_path / "wrong.wav"
    path.write_bytes(data)
    samples, gaps = read_all(path)
    assert len(samples) == 160000
    assert gaps == []


def test_an_empty_recording_with_tags_stays_empty() -> None:
    data = encoded(0, format="WAV") + b"LIST" + struct.pack("<I", 4000) + bytes(4000)
    assert not HeaderStream(Source(io.BytesIO(data))).is_short()


def test_joined_wavs_are_read_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "joined.wav"
    path.write_bytes(encoded(10, format="WAV") + encoded(5, format="WAV", rate_hz=8000, n_channels=2))
    samples, gaps = read_all(path)
    assert len(samples) == 15 * 16000
    assert is_in_time(samples, 10.25, 14.5, late_s=10)
    assert gaps == []


def test_tags_behind_the_samples_are_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "tags.wav"
    path.write_bytes(encoded(5, format="WAV") + b"LIST" + struct.pack("<I", 1 << 20) + bytes(1 << 20))
    samples, gaps = read_all(path)
    assert len(samples) == 80000
    assert gaps == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_whole_recording_is_read_as_it_always_was(name: str, tmp_path: Path) -> None:
    path = tmp_path / "whole"
    path.write_bytes(encoded(5, **FORMATS[name]))
    expected, _ = soundfile.read(path, dtype="float32")
    source = open_audio(path)
    assert source.duration_s == 5
    np.testing.assert_array_equal(np.concatenate(list(source)), expected)
    assert source.gaps == []


@pytest.mark.parametrize(
    "data",
    [
        b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0" + bytes(24) + b"\x7f" * 200,
        b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0" + b"\xff" * 200,
        b"FORM\x7f\xff\xff\xffAIFFCOMM\xff\xff\xff\xff" + b"\xff" * 100,
        b"caff\0\1\0\0desc" + b"\x7f" * 100,
        b".snd" + b"\xff" * 60,
        b"RIFF\0\0\0\0WAVEfmt \xff\xff\xff\xff" + bytes(100),
    ],
)
def test_a_header_of_nonsense_is_an_error(data: bytes) -> None:
    HeaderStream(Source(io.BytesIO(data))).repaired()
    with pytest.raises(AudioError, match="the audio stream"):
        open_audio(io.BytesIO(data))
