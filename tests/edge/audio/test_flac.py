from __future__ import annotations

import io

import pytest

from edge.audio.flac import first_sample, guess_info, parse_info

from .sweep import encoded

DATA = encoded(2, format="FLAC", n_channels=2)
INFO = parse_info(DATA[8:42])
FIRST = DATA.index(b"\xff\xf8")


def test_what_a_flac_says_of_itself() -> None:
    assert INFO is not None
    assert (INFO.block_samples, INFO.rate_hz, INFO.n_channels, INFO.depth) == (4096, 16000, 2, 16)
    assert INFO.n_samples == 32000
    assert parse_info(bytes(34)) is None
    assert parse_info(DATA[8:30]) is None


def test_frames_tell_their_place() -> None:
    assert INFO is not None
    places = [at for at in range(len(DATA)) if DATA[at : at + 2] == b"\xff\xf8"]
    numbers = [first_sample(DATA[at : at + 16], INFO) for at in places]
    assert [number for number in numbers if number is not None] == list(range(0, 32000, 4096))


def test_a_damaged_header_is_none() -> None:
    assert INFO is not None
    for index in range(6):
        header = bytearray(DATA[FIRST : FIRST + 16])
        header[index] ^= 0x10
        assert first_sample(bytes(header), INFO) is None


def test_a_frame_describes_its_stream() -> None:
    guessed = guess_info(DATA[FIRST : FIRST + 44])
    assert guessed is not None
    info = parse_info(guessed)
    assert info is not None
    assert INFO is not None
    assert (info.block_samples, info.rate_hz, info.n_channels) == (INFO.block_samples, INFO.rate_hz, INFO.n_channels)
    assert guess_info(bytes(44)) is None


def test_streams_without_a_length_are_read_to_their_end() -> None:
    from .sweep import is_in_time, read_all

    data = bytearray(encoded(40, format="FLAC"))
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    samples, gaps = read_all(io.BytesIO(bytes(data)))
    assert len(samples) == 40 * 16000
    assert gaps == []
    assert is_in_time(samples, 0.25, 36)
    samples, gaps = read_all(io.BytesIO(bytes(data[: len(data) // 2])))
    assert len(samples) == pytest.approx(20 * 16000, abs=40000)
