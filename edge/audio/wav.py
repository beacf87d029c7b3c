"""Reads the header of a WAV that comes through a pipe, and converts its samples to floats.

Files go through libsndfile; it must seek, which a pipe cannot.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from ..errors import AudioError
from .mono import SAMPLE_RATE_HZ

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_LENGTHS = frozenset({0, 0xFFFFFFFF, (1 << 64) - 1})
_CHUNKS_KEPT = frozenset({b"fmt ", b"fact", b"ds64"})
_CHUNK_MAX_BYTES = 1 << 16
_MAX_CHANNELS = 1024

BELIEVABLE_BYTES = 0x7FFFF000
"""Length in bytes from which on it is not believed: writers that cannot come back to fill it in put such numbers."""


@dataclass(frozen=True, slots=True)
class WavFormat:
    """Layout of the samples of a PCM stream."""

    rate_hz: int
    n_channels: int
    sample_bytes: int
    """Bytes of one sample: 1 (unsigned), 2, 3 or 4 for integers; 4 or 8 for floats."""
    is_float: bool = False
    data_bytes: int | None = None
    """Length of the samples in bytes; None where the writer did not know it, and they last to the end."""
    is_long: bool = False
    """Whether the length comes from a field of 64 bits."""

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.n_channels * self.sample_bytes


PCM16_MONO_16K = WavFormat(SAMPLE_RATE_HZ, 1, 2)
"""Raw PCM without a header: 16 kHz, mono, signed 16 bit, little endian."""


def is_wav(head: bytes) -> bool:
    """Whether bytes begin a WAV, or one of the variants for more than 4 GiB."""
    return head[:4] == b"RIFF" or (head[:4] in (b"RF64", b"BW64") and head[8:12] == b"WAVE")


def is_chunk(head: bytes) -> bool:
    """Whether bytes after the samples begin a chunk: its name is letters, digits, and spaces at the end."""
    kind = head[:4].rstrip(b" ")
    return len(head) >= 8 and len(kind) >= 2 and kind.isalnum() and kind.isascii()


def read_wav_header(read: Callable[[int], bytes], name: str) -> tuple[WavFormat | None, bytes]:
    """Read a header up to the first sample; gives the format (None for a codec other than PCM) and a shorter header.

    The shorter header states the same about the samples, and nothing else.
    """
    header = read(12)
    if header[8:12] != b"WAVE":
        raise AudioError(f"{name} begins like a WAV but is not one: expected RIFF … WAVE, found {header[:12]!r}")
    kept: dict[bytes, bytes] = {}
    while True:
        chunk_head = read(8)
        if len(chunk_head) < 8:
            raise AudioError(f"{name} ends inside its WAV header, before any audio; get a complete copy of it")
        kind, length = chunk_head[:4], struct.unpack("<I", chunk_head[4:])[0]
        if kind == b"data":
            if b"fmt " not in kept:
                raise AudioError(f"{name} is damaged: it has no format chunk before its audio; get a whole copy of it")
            is_long = length == 0xFFFFFFFF and len(kept.get(b"ds64", b"")) >= 16
            if is_long:
                length = struct.unpack("<Q", kept[b"ds64"][8:16])[0]
            wav = _parse_format(kept[b"fmt "], None if length in _UNKNOWN_LENGTHS else length, is_long=is_long)
            chunks = (kind + struct.pack("<I", len(body)) + body for kind, body in kept.items())
            return wav, b"".join([header, *chunks, chunk_head])
        padded = length + length % 2  # chunks have an even length
        if kind in _CHUNKS_KEPT and length <= _CHUNK_MAX_BYTES:
            kept[kind] = read(padded)
        else:
            _skip(read, padded)


def skip_chunk(read: Callable[[int], bytes]) -> bool:
    """Skip a chunk, its head included; tells whether it was there."""
    head = read(8)
    if len(head) < 8:
        return False
    length = struct.unpack("<I", head[4:])[0]
    _skip(read, length + length % 2)
    return True


def _skip(read: Callable[[int], bytes], n_bytes: int) -> None:
    while n_bytes > 0:
        passed = len(read(min(n_bytes, 1 << 16)))
        if not passed:
            return
        n_bytes -= passed


def _parse_format(chunk: bytes, data_bytes: int | None, *, is_long: bool) -> WavFormat | None:
    if len(chunk) < 16:
        return None
    tag, n_channels, rate_hz, _, block_bytes, bits = struct.unpack("<HHIIHH", chunk[:16])
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        tag = struct.unpack("<H", chunk[24:26])[0]
    sample_bytes, is_float = bits // 8, tag == _FLOAT
    known = (tag == _PCM and bits in (8, 16, 24, 32)) or (is_float and bits in (32, 64))
    if not known or not 1 <= n_channels <= _MAX_CHANNELS or block_bytes != n_channels * sample_bytes:
        return None
    return WavFormat(rate_hz, n_channels, sample_bytes, is_float, data_bytes, is_long)


def samples_of(data: bytes, wav: WavFormat) -> FloatArray:
    """Convert stored samples to floats in [-1, 1): (n_frames, n_channels). An unfinished last frame is dropped."""
    values: FloatArray
    data = data[: len(data) - len(data) % wav.frame_bytes]
    if wav.is_float:
        with np.errstate(over="ignore"):  # what is too large becomes infinite
            values = np.frombuffer(data, f"<f{wav.sample_bytes}").astype(np.float32)
    elif wav.sample_bytes == 1:
        values = np.frombuffer(data, np.uint8).astype(np.float32) / np.float32(128) - np.float32(1)
    elif wav.sample_bytes == 3:
        # The three bytes become the upper ones of a 32-bit integer.
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        values = wide.view("<i4")[:, 0].astype(np.float32) / np.float32(2**31)
    else:
        scale = np.float32(1 << (8 * wav.sample_bytes - 1))
        values = np.frombuffer(data, f"<i{wav.sample_bytes}").astype(np.float32) / scale
    return values.reshape(-1, wav.n_channels)
