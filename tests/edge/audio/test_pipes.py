from __future__ import annotations

import contextlib
import io
import os
import struct
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.audio import AudioSource, open_audio
from edge.errors import AudioError, OptionError
from edge.gaps import Gap

SAMPLES = (0.5 * np.sin(np.arange(20000) / 7)).astype(np.float32)


class Pipe(io.RawIOBase):
    """Reads like the end of a pipe: a few bytes at a time, never back."""

    def __init__(self, data: bytes, at_a_time: int = 1000) -> None:
        self._data = io.BytesIO(data)
        self._at_a_time = at_a_time

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._data.read(min(len(buffer), self._at_a_time))
        buffer[: len(data)] = data
        return len(data)


def opened(pipe: io.RawIOBase | BinaryIO) -> AudioSource:
    """The pipe's recording; it has what a reader needs, and is not what `typing` calls a BinaryIO."""
    return open_audio(cast("BinaryIO", pipe))


def read(data: bytes) -> NDArray[np.float32]:
    return np.concatenate(list(opened(Pipe(data))))


def wav(subtype: str, *, rate_hz: int = 16000, n_channels: int = 1, format: str = "WAV") -> bytes:
    file = io.BytesIO()
    samples = np.repeat(SAMPLES[:, None], n_channels, axis=1)
    soundfile.write(file, samples, rate_hz, subtype=subtype, format=format)
    return file.getvalue()


@pytest.mark.parametrize("format", ["WAV", "WAVEX"])
@pytest.mark.parametrize(
    ("subtype", "error"),
    [
        ("PCM_U8", 1 / 128),
        ("PCM_16", 1 / 32768),
        ("PCM_24", 1e-6),
        ("PCM_32", 1e-7),
        ("FLOAT", 0),
        ("DOUBLE", 0),
    ],
)
def test_every_pcm_in_a_wav(subtype: str, error: float, format: str) -> None:
    samples = read(wav(subtype, format=format))
    np.testing.assert_allclose(samples, SAMPLES, atol=error, rtol=0)


@pytest.mark.parametrize(("subtype", "error"), [("ULAW", 0.02), ("ALAW", 0.02), ("MS_ADPCM", 0.05)])
def test_other_codecs_in_a_wav(subtype: str, error: float) -> None:
    samples = read(wav(subtype))[: len(SAMPLES)]
    np.testing.assert_allclose(samples, SAMPLES, atol=error, rtol=0)


@pytest.mark.parametrize("format", ["FLAC", "OGG", "MP3", "AIFF", "RF64", "CAF"])
def test_other_containers_come_through_a_pipe(format: str) -> None:
    file = io.BytesIO()
    soundfile.write(file, SAMPLES, 16000, format=format)
    samples = read(file.getvalue())
    assert len(samples) == pytest.approx(len(SAMPLES), abs=2500)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.05)


def test_a_wav_at_another_rate_is_resampled() -> None:
    assert len(read(wav("PCM_16", rate_hz=8000, n_channels=2))) == 2 * len(SAMPLES)


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF, 10**9])
def test_a_writer_that_did_not_know_the_length(length: int) -> None:
    data = bytearray(wav("PCM_16"))
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", length)
    assert len(read(bytes(data))) == len(SAMPLES)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("format", ["WAV", "WAVEX", "RF64"])
def test_a_killed_writer_has_written_what_is_there(subtype: str, format: str) -> None:
    whole = wav(subtype, format=format)
    at = whole.rindex(b"data") + 4
    data = bytearray(whole)
    if format == "RF64":
        data[whole.index(b"ds64") + 16 :][:8] = data[whole.index(b"ds64") + 16 : whole.index(b"ds64") + 24] = bytes(8)
    else:
        data[at : at + 4] = bytes(4)
    source = opened(Pipe(bytes(data)))
    assert sum(len(block) for block in source) == len(SAMPLES)
    assert source.gaps == []


def test_a_length_that_is_too_small_is_not_believed() -> None:
    data = bytearray(wav("PCM_16"))
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", 5000)
    source = opened(Pipe(bytes(data)))
    assert sum(len(block) for block in source) == len(SAMPLES)
    assert source.gaps == []


def test_a_wav_that_ends_early_has_a_gap(caplog: pytest.LogCaptureFixture) -> None:
    source = opened(Pipe(wav("PCM_16")[: 44 + 20000]))
    with caplog.at_level("WARNING", "edge"):
        assert sum(len(block) for block in source) == 10000
    assert source.gaps == [Gap(0.625, 1.25, "it ends before its header says", "damage")]
    assert "its first 0.62 s were read" in caplog.text


def test_a_pipe_that_breaks_gives_what_came() -> None:
    class Broken(Pipe):
        def readinto(self, buffer: Any) -> int:
            return super().readinto(buffer) or self._break()

        def _break(self) -> int:
            raise OSError(5, "Input/output error")

    source = opened(Broken(wav("PCM_16")[: 44 + 20000]))
    assert sum(len(block) for block in source) == 10000
    assert "reading it failed (Input/output error)" in source.gaps[0].reason
    with pytest.raises(AudioError, match=r"reading it failed \(Input/output error\)"):
        opened(Broken(b""))


def test_joined_wavs_are_read_one_after_the_other() -> None:
    joined = wav("PCM_16") + b"LIST\4\0\0\0abcd" + wav("PCM_24", rate_hz=8000, n_channels=2)
    source = opened(Pipe(joined))
    assert sum(len(block) for block in source) == 3 * len(SAMPLES)
    assert source.gaps == []


def test_big_chunks_in_front_of_the_samples_are_passed_over() -> None:
    whole = wav("PCM_16")
    for format in ("PCM_16", "ULAW"):
        whole = wav(format)
        data = whole[:12] + b"id3 " + struct.pack("<I", 3_000_001) + bytes(3_000_002) + whole[12:]
        assert sum(len(block) for block in opened(Pipe(data, 1 << 20))) == len(SAMPLES)


@pytest.mark.skipif(not hasattr(os, "set_blocking"), reason="no such pipes on this system")
@pytest.mark.parametrize("buffering", [0, -1])
def test_a_pipe_that_does_not_block_is_waited_for(buffering: int) -> None:
    number, writer_number = os.pipe()
    os.set_blocking(number, False)
    data = wav("PCM_16")

    def write() -> None:
        with os.fdopen(writer_number, "wb", buffering=0) as writer:
            for start in range(0, len(data), 15000):
                time.sleep(0.02)
                writer.write(data[start : start + 15000])

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(number, "rb", buffering=buffering) as pipe:
        samples = np.concatenate(list(opened(pipe)))
    thread.join()
    assert len(samples) == len(SAMPLES)


def test_a_sender_that_keeps_the_pipe_open_is_not_waited_for() -> None:
    number, writer_number = os.pipe()
    with os.fdopen(number, "rb", buffering=0) as pipe, os.fdopen(writer_number, "wb", buffering=0) as writer:
        writer.write(wav("PCM_16"))
        assert sum(len(block) for block in opened(pipe)) == len(SAMPLES)


def test_a_stream_in_another_format_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.audio.pipes._SPOOL_MAX_BYTES", 1000)
    with pytest.raises(AudioError, match="write it to a file and give that"):
        read(wav("ULAW"))


def test_what_follows_the_samples_is_not_sound() -> None:
    assert len(read(wav("PCM_16") + b"LIST\4\0\0\0abcd")) == len(SAMPLES)


def test_raw_pcm_is_16_khz_mono_of_16_bits() -> None:
    data = (SAMPLES * 32768).astype("<i2").tobytes()
    samples = read(data + b"\x01")  # half a sample at the end is dropped
    np.testing.assert_allclose(samples, SAMPLES, atol=1 / 32768)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty: expected a recording such as WAV, .* found 0 bytes"),
        (b"dear diary, today I spoke\n" * 50, "is text; expected a recording"),
        (b"RIFF\0\0\0\0AVI LIST", "begins like a WAV but is not one"),
        (b"RIFF\0\0\0\0WAVEfmt ", "ends inside its WAV header"),
        (b"RIFF\0\0\0\0WAVE" + b"junk\xff\xff\xff\xff" + bytes(100), "ends inside its WAV header"),
        (b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", "no format chunk"),
    ],
)
def test_what_is_no_recording_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        read(data)


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_a_damaged_header_is_an_error_or_sound(tail: bytes) -> None:
    header = wav("PCM_16")[:16]
    with contextlib.suppress(AudioError):  # and nothing else
        read(header + tail + bytes(64))


def test_the_pipe_stays_open_for_its_owner() -> None:
    pipe = Pipe(wav("PCM_16"))
    list(opened(pipe))
    assert not pipe.closed


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_named_pipe(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(wav("PCM_16"),))
    writer.start()
    samples = np.concatenate(list(open_audio(path)))
    writer.join()
    assert len(samples) == len(SAMPLES)


class TestAsItComes:
    """Short blocks, for who wants sound while it is made."""

    def test_a_block_comes_before_the_next_bytes_are_there(self) -> None:
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "wb", buffering=0) as sender:
            sender.write((SAMPLES[:4000] * 32767).astype("<i2").tobytes())
            source = open_audio(pipe, raw=True, block_s=0.1)
            blocks = iter(source)
            lengths = [len(next(blocks)) for _ in range(3)]
            assert lengths == [1600, 1600, 800]
            sender.write(bytes(2 * 500))
            assert len(next(blocks)) == 500

    @pytest.mark.parametrize("at_a_time", [1, 7, 5000])
    @pytest.mark.parametrize(("subtype", "rate_hz", "n_channels"), [("PCM_16", 16000, 1), ("PCM_24", 44100, 2)])
    def test_the_samples_are_those_of_long_blocks(
        self, at_a_time: int, subtype: str, rate_hz: int, n_channels: int
    ) -> None:
        data = wav(subtype, rate_hz=rate_hz, n_channels=n_channels)
        blocks = list(open_audio(cast("BinaryIO", Pipe(data, at_a_time)), block_s=0.1))
        assert max(map(len, blocks)) <= 1600
        np.testing.assert_array_equal(np.concatenate(blocks), read(data))

    def test_a_pipe_that_does_not_block_is_waited_for(self) -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        data = (SAMPLES * 32767).astype("<i2").tobytes()

        def send() -> None:
            with os.fdopen(writing, "wb", buffering=0) as sender:
                for at in range(0, len(data), 9001):
                    time.sleep(0.01)
                    sender.write(data[at : at + 9001])

        thread = threading.Thread(target=send)
        thread.start()
        with os.fdopen(reading, "rb") as pipe:
            assert sum(map(len, open_audio(pipe, raw=True, block_s=0.1))) == len(SAMPLES)
        thread.join()

    def test_files_and_arrays_come_in_short_blocks_too(self, tmp_path: Path) -> None:
        path = tmp_path / "clip.flac"
        soundfile.write(path, SAMPLES, 16000)
        lengths = [len(block) for block in open_audio(path, block_s=0.5)]
        assert lengths == [8000, 8000, 4000]
        assert [len(block) for block in open_audio(SAMPLES, block_s=1)] == [16000, 4000]

    @pytest.mark.parametrize("block_s", [0, -1, 3600, "long"])
    def test_other_lengths_are_refused(self, block_s: Any) -> None:
        with pytest.raises(OptionError, match=r"block_s is .*expected seconds, 0\.001 to 60, or None"):
            open_audio(SAMPLES, block_s=block_s)
