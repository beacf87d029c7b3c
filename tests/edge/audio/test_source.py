from __future__ import annotations

import io
import logging
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.audio import SAMPLE_RATE_HZ, AudioInput, open_audio
from edge.errors import AudioError

RATE_HZ = SAMPLE_RATE_HZ


def read(audio: AudioInput) -> NDArray[np.float32]:
    return np.concatenate(list(open_audio(audio)))


def tone(seconds: float, rate_hz: int = RATE_HZ, hz: float = 440.0) -> NDArray[np.float32]:
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return (0.4 * np.sin(2 * np.pi * hz * time)).astype(np.float32)


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "caf", "au"])
def test_a_lossless_file_gives_its_samples(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip.{suffix}"
    soundfile.write(path, tone(20), RATE_HZ, subtype="PCM_16")
    expected, _ = soundfile.read(path, dtype="float32")
    samples = read(path)
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, expected)


@pytest.mark.parametrize("suffix", ["mp3", "ogg"])
def test_a_lossy_file_gives_its_sound(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip.{suffix}"
    soundfile.write(path, tone(3), RATE_HZ)
    samples = read(str(path))
    assert len(samples) == pytest.approx(3 * RATE_HZ, abs=2500)
    assert np.abs(samples[8000:40000]).max() == pytest.approx(0.4, abs=0.03)


def test_eight_khz_stereo_of_24_bits_is_mixed_and_resampled(tmp_path: Path) -> None:
    path = tmp_path / "phone.wav"
    left, right = tone(2, 8000), tone(2, 8000, hz=700)
    soundfile.write(path, np.stack([left, right], axis=1), 8000, subtype="PCM_24")
    samples = read(path)
    assert len(samples) == 2 * RATE_HZ
    expected = (tone(2) + tone(2, hz=700)) / 2
    np.testing.assert_allclose(samples[500:-500], expected[500:-500], atol=2e-3)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("n_channels", [1, 2, 6])
def test_any_rate_and_channel_count(tmp_path: Path, rate_hz: int, n_channels: int) -> None:
    path = tmp_path / "clip.wav"
    soundfile.write(path, np.repeat(tone(1.5, rate_hz)[:, None], n_channels, axis=1), rate_hz, subtype="FLOAT")
    source = open_audio(path)
    assert source.duration_s == pytest.approx(1.5, abs=1e-3)
    samples = np.concatenate(list(source))
    assert len(samples) == pytest.approx(1.5 * RATE_HZ, abs=2)
    np.testing.assert_allclose(samples[500:-500], tone(1.5)[500 : len(samples) - 500], atol=2e-3)


def test_a_long_file_comes_in_bounded_blocks(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    soundfile.write(path, np.zeros((48000 * 60, 2), np.int16), 48000)
    lengths = [len(block) for block in open_audio(path)]
    assert sum(lengths) == 60 * RATE_HZ
    assert max(lengths) <= 1 << 18


def test_samples_in_memory_are_taken_as_they_are() -> None:
    samples = tone(40)
    blocks = list(open_audio(samples))
    assert len(blocks) == 2
    np.testing.assert_array_equal(np.concatenate(blocks), samples)
    np.testing.assert_array_equal(read(samples.astype(np.float64)[::2]), samples[::2])
    assert open_audio(samples).duration_s == 40


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(100, np.int16), r"found int16; for 16-bit PCM pass samples.astype\(np.float32\) / 32768"),
        (np.zeros((100, 2), np.float32), r"found shape \(100, 2\); mix the channels down"),
        (np.zeros(0, np.float32), "holds no audio: expected speech, found zero seconds"),
        (17, "expected a path, a binary file object or a float32 array as audio, found int"),
        (io.StringIO("text"), "the audio stream reads as text; expected a file object opened as binary"),
    ],
)
def test_what_is_no_mono_sound_is_refused(samples: AudioInput, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        read(samples)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"nowhere\.wav does not exist"):
        open_audio(tmp_path / "nowhere.wav")
    with pytest.raises(AudioError, match="is a folder; expected a recording, so name the files inside it"):
        open_audio(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "secret.wav"
    path.touch(mode=0)
    with pytest.raises(AudioError, match=r"secret\.wav cannot be opened: Permission denied"):
        open_audio(path)


def test_empty_files_and_zero_seconds_are_told_apart(tmp_path: Path) -> None:
    empty, silent = tmp_path / "empty.wav", tmp_path / "zero.wav"
    empty.touch()
    soundfile.write(silent, np.zeros(0), RATE_HZ)
    with pytest.raises(AudioError, match=r"empty\.wav is empty: expected a recording, found 0 bytes"):
        read(empty)
    with pytest.raises(AudioError, match=r"zero\.wav holds no audio: expected speech, found zero seconds"):
        read(silent)


def test_text_under_the_name_of_a_sound_is_no_audio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "notes.wav"
    path.write_text("dear diary\n" * 100)
    with pytest.raises(AudioError, match=r"notes\.wav is not audio that can be read"):
        read(path)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(AudioError, match=r'notes\.wav is not audio .* pip install "edgewise\[codecs\]"'):
        read(path)


def test_a_truncated_flac_gives_what_decodes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cut.flac"
    noise = np.random.default_rng(1).standard_normal(10 * RATE_HZ) * 0.1
    soundfile.write(path, noise, RATE_HZ)
    whole = read(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with caplog.at_level(logging.WARNING, "edge"):
        samples = read(path)
    assert 4.5 * RATE_HZ < len(samples) < 5 * RATE_HZ
    np.testing.assert_array_equal(samples, whole[: len(samples)])
    assert "cut.flac is damaged or cut short" in caplog.text
    path.write_bytes(data[:60])
    with pytest.raises(AudioError, match=r"cut\.flac"):
        read(path)


def test_a_header_that_lies_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "liar.wav"
    soundfile.write(path, tone(0.1), RATE_HZ)
    data = bytearray(path.read_bytes())
    data[24:28] = (2_000_000_000).to_bytes(4, "little")  # samples per second
    path.write_bytes(data)
    with pytest.raises(AudioError, match=r"liar\.wav claims 2000000000 samples per second"):
        read(path)


def test_a_recording_that_is_opened_and_not_read_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    soundfile.write(path, tone(1), RATE_HZ)
    source = open_audio(path)
    source.close()
    source.close()
    path.unlink()


def test_raw_pcm_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "clip.raw"
    path.write_bytes((tone(1) * 32768).astype("<i2").tobytes())
    np.testing.assert_allclose(read(path), tone(1), atol=1 / 32768)


def test_raw_pcm_where_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    soundfile.write(path, tone(1), RATE_HZ)
    assert sum(len(block) for block in open_audio(path, raw=True)) == RATE_HZ + 22


@pytest.mark.skipif(not Path("/dev/zero").is_char_device(), reason="no such device on this system")
def test_a_device_is_no_recording() -> None:
    with pytest.raises(AudioError, match="/dev/zero is a device or socket; expected a recording"):
        open_audio("/dev/zero")
