from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.audio import open_audio
from edge.audio.sniff import is_like_speech, other_kind, weak_kind
from edge.errors import AudioError

from .sweep import encoded

RNG = np.random.default_rng(0)


def pcm(samples: NDArray[np.float64]) -> bytes:
    return np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes()


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", RNG.bytes(9000))
    return file.getvalue()


VOICE = np.sin(np.arange(32000) / 8) * (1 + np.sin(np.arange(32000) / 900))
HISS = RNG.standard_normal(32000)


@pytest.mark.parametrize(
    "samples",
    [
        8000 * VOICE,
        30 * VOICE,
        30 * VOICE + 400,
        5 * HISS,
        2000 * HISS,
        3000 * VOICE + 1000 * HISS,
        0 * HISS,
        np.concatenate([0 * HISS, 3000 * VOICE]),
        np.concatenate([2 * HISS, 3000 * VOICE]),
    ],
)
def test_sound_is_taken_for_sound(samples: NDArray[np.float64]) -> None:
    assert is_like_speech(pcm(samples)[: 1 << 16])
    n_read = sum(len(block) for block in open_audio(io.BytesIO(pcm(samples))))
    assert n_read == len(samples)


@pytest.mark.parametrize(
    "data",
    [
        RNG.bytes(60000),
        b"\xff\xd8\xff\xe0\0\x10JFIF\0" + RNG.bytes(20000),
        b"\x7fELF\2\1\1" + bytes(9) + bytes(range(256)) * 40,
        zipped(),
        "Guten Tag, wie geht es Ihnen? ".encode("utf-16") * 99,
        "Guten Tag, wie geht es Ihnen? ".encode("utf-16-le") * 99,
        "Guten Tag, wie geht es Ihnen? ".encode("utf-16-be") * 99,
        "Größere Äpfel schmecken süß. ".encode() * 99,
        "Доброе утро, как дела? ".encode() * 99,
        "今日はいい天気ですね。".encode() * 99,
        "今日はいい天気ですね。".encode("utf-16-le") * 99,
        RNG.standard_normal(20000).astype("<f4").tobytes(),
        (8000 * VOICE).astype(">i2").tobytes(),
    ],
    ids=lambda data: repr(data[:8]),
)
def test_what_is_no_sound_is_refused_unless_asked_for(data: bytes) -> None:
    with pytest.raises(AudioError, match=r"expected a recording such as WAV, FLAC or MP3, .*--raw"):
        open_audio(io.BytesIO(data))
    assert len(np.concatenate(list(open_audio(io.BytesIO(data), raw=True)))) == len(data) // 2


def test_what_is_known_is_named() -> None:
    assert other_kind(b"\x89PNG\r\n\x1a\n") == "a PNG picture"
    assert weak_kind(b"\xff\xd8\xff\xe0\0\x10JFIF\0") == "a JPEG picture"
    assert other_kind(b"dear diary, today") == "text"
    assert other_kind(RNG.bytes(40)) is None


def test_voicemail_in_mp3_is_no_pcm() -> None:
    data = encoded(2, rate_hz=8000, format="MP3")
    assert data[:2] == b"\xff\xe3"
    assert sum(len(block) for block in open_audio(io.BytesIO(data))) == pytest.approx(32000, abs=3000)


def test_soundfile_reads_what_is_written_here() -> None:
    assert soundfile.info(io.BytesIO(encoded(1, format="WAV"))).frames == 16000


@pytest.mark.parametrize("first", [b"\xff\xfe", b"\xfe\xff", b"MZ", b"\xff\xf1", b"\xff\xfb", b"\xff\xf3"])
def test_speech_may_begin_with_any_sample(first: bytes) -> None:
    data = first + pcm(3000 * VOICE)
    assert sum(len(block) for block in open_audio(io.BytesIO(data))) == len(data) // 2
