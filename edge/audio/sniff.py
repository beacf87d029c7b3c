"""Recognizes by its first bytes what a stream is."""

from __future__ import annotations

import numpy as np

_CONTROLS = frozenset(range(32)) - {0x09, 0x0A, 0x0D}

# First bytes of containers that are not read front to back: FLAC, OGG, MP3, AIFF, AU, CAF, Matroska, ASF …
_CONTAINERS = (
    *(b"fLaC", b"OggS", b"ID3", b"FORM", b".snd", b"caff", b"RIFX", b"riff", b"MThd", b"NIST_1A", b"Creative Voice"),
    *(b"\x1aE\xdf\xa3", b"0&\xb2u", b"#!AMR", b"wvpk", b"MAC ", b"TTA1", b"FLV\x01"),
)
_OF_MANY_KINDS = (b"\x1aE\xdf\xa3", b"0&\xb2u", b"FLV\x01", b".RMF", b"\0\0\x01\xba")
_MPEG_PACKET_BYTES = 188
_MP4_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"})

_OTHERS = {
    b"\x89PNG": "a PNG picture",
    b"GIF8": "a GIF picture",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\x7fELF": "a program",
    b"\xca\xfe\xba\xbe": "a program",
    b"\xcf\xfa\xed\xfe": "a program",
    b"SQLite format": "a database",
    b"GGUF": "a model",
    b"\x93NUMPY": "a numpy array",
}

_WEAK_OTHERS = {
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"MZ": "a program",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"\xef\xbb\xbf": "text",
}

SPEECH_HEAD_BYTES = 1 << 16
"""Bytes that `is_like_speech` needs: two seconds."""

_QUIETEST = 8
_SMOOTH = 0.5
_LOUDEST_NOISE_RMS = 12000.0
_LARGEST_OFFSET = 4096.0
_FEWEST_OF_A_SIGN = 0.05


def is_container(head: bytes) -> bool:
    """Whether bytes begin a recording in a file format other than WAV."""
    return head.startswith(_CONTAINERS) or head[4:8] in _MP4_BOXES or _is_mpeg(head) or _is_aac(head)


def holds_many_kinds(head: bytes) -> bool:
    """Whether bytes begin a container for tracks of any kind, such as MP4 or Matroska."""
    is_mpeg = head[:1] == head[_MPEG_PACKET_BYTES : _MPEG_PACKET_BYTES + 1] == b"G"
    return is_mpeg or head.startswith(_OF_MANY_KINDS) or head[4:8] in _MP4_BOXES or head[8:12] == b"AVI "


def other_kind(head: bytes) -> str | None:
    """Name for people the kind of bytes that are not a recording; None where it is unknown."""
    if _is_text(head):
        return "text"
    return next((kind for magic, kind in _OTHERS.items() if head.startswith(magic)), None)


def weak_kind(head: bytes) -> str | None:
    """Name the kind of bytes that are not like speech, by beginnings so short that speech may have them too."""
    return next((kind for magic, kind in _WEAK_OTHERS.items() if head.startswith(magic)), None)


def is_like_speech(data: bytes) -> bool:
    """Whether bytes can be sound in signed 16-bit samples, little endian.

    Sound is silence, noise that is not too loud, or samples that follow each other smoothly around zero.
    """
    samples = np.frombuffer(data[: len(data) & ~1], "<i2").astype(np.float32)
    sound = samples[np.argmax(samples != 0) :] if samples.any() else samples[:0]
    if not len(sound):
        return True
    if np.abs(sound).max() <= _QUIETEST:
        return True
    offset = float(sound.mean())
    centered = sound - np.float32(offset)
    power = float(centered @ centered)
    smooth = power > 0 and float(centered[1:] @ centered[:-1]) / power >= _SMOOTH
    if abs(offset) > _LARGEST_OFFSET:
        return False
    if smooth or power == 0:
        return True
    n_nonzero = np.count_nonzero(sound)
    n_least = min(np.count_nonzero(sound > 0), np.count_nonzero(sound < 0))
    rms = float(np.sqrt(power / n_nonzero))
    return bool(n_least >= _FEWEST_OF_A_SIGN * n_nonzero) and rms < _LOUDEST_NOISE_RMS


def _is_text(head: bytes) -> bool:
    if len(head) < 16 or not _CONTROLS.isdisjoint(head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4  # in the middle of a character
    return True


def _is_mpeg(head: bytes) -> bool:
    from .mp3 import parse_frame

    frame = parse_frame(head[:4])
    return frame is not None and frame.n_bytes > 0 and parse_frame(head[frame.n_bytes :][:4]) is not None


def _is_aac(head: bytes) -> bool:
    """Whether bytes begin AAC frames as they are broadcast (ADTS)."""
    if len(head) < 7 or head[:2] not in (b"\xff\xf1", b"\xff\xf9"):
        return False
    n_bytes = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return n_bytes > 7 and head[n_bytes : n_bytes + 2] == head[:2]
