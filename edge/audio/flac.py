"""Finds the frames of a FLAC: where one can begin again after damage, and with which sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .parts import BELIEVABLE_S, Part
from .view import Source, View

_STREAM = b"fLaC"
_STREAMINFO_BYTES = 34
_INFO_AT = 8
_CHUNK_BYTES = 1 << 20
_LARGEST_HEADER = 16
_READ_AHEAD_BYTES = 1 << 18
_PLACE = re.compile(rb"\xff[\xf8\xf9]|fLaC[\x00\x80]\x00\x00\x22")
_SHORTEST_LOSS_S = 0.01

_RATES_HZ = (0, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000)
_BLOCK_SAMPLES = {1: 192} | {2 + n: 576 << n for n in range(4)} | {8 + n: 256 << n for n in range(8)}
_DEPTHS = (0, 8, 12, 0, 16, 20, 24, 32)


def _crc8_table() -> bytes:
    table = bytearray()
    for value in range(256):
        for _ in range(8):
            value = value << 1 ^ (0x107 if value & 0x80 else 0)
        table.append(value)
    return bytes(table)


_CRC8 = _crc8_table()


@dataclass(frozen=True, slots=True)
class FlacInfo:
    """Facts about the whole stream in the first block of a FLAC."""

    block_samples: int
    """Samples of the longest block; where all blocks but the last are equally long, of each of them."""
    rate_hz: int
    n_channels: int
    depth: int
    n_samples: int
    """Number of samples of each channel; 0 where the writer did not know it."""


def parse_info(body: bytes) -> FlacInfo | None:
    """Parse the body of a STREAMINFO block (34 bytes); None where it is not valid."""
    if len(body) < _STREAMINFO_BYTES:
        return None
    smallest, largest = int.from_bytes(body[0:2], "big"), int.from_bytes(body[2:4], "big")
    packed = int.from_bytes(body[10:18], "big")
    rate_hz = packed >> 44
    if not rate_hz or smallest < 16 or largest < smallest:
        return None
    depth = (packed >> 36 & 31) + 1
    return FlacInfo(largest, rate_hz, (packed >> 41 & 7) + 1, depth, packed & (1 << 36) - 1)


def guess_info(header: bytes) -> bytes | None:
    """Make the body of a STREAMINFO block from a frame's header; None where it is not a frame's."""
    rate_code, channel_code, depth_code = header[2] & 15, header[3] >> 4, header[3] >> 1 & 7
    if not 0 < rate_code < 12 or not _DEPTHS[depth_code] or channel_code > 10:
        return None
    block_samples = _BLOCK_SAMPLES.get(header[2] >> 4, 4096)
    n_channels = channel_code + 1 if channel_code < 8 else 2
    packed = _RATES_HZ[rate_code] << 44 | (n_channels - 1) << 41 | (_DEPTHS[depth_code] - 1) << 36
    block = 2 * block_samples.to_bytes(2, "big") + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    info = parse_info(block)
    return block if info is not None and first_sample(header[:_LARGEST_HEADER], info) is not None else None


def first_sample(header: bytes, info: FlacInfo) -> int | None:
    """Give the number of the first sample of the frame with this header; None where it is not of this stream."""
    if len(header) < 6 or header[0] != 0xFF or header[1] & 0xFE != 0xF8:
        return None
    block_code, rate_code = header[2] >> 4, header[2] & 15
    channel_code, depth_code = header[3] >> 4, header[3] >> 1 & 7
    n_channels = channel_code + 1 if channel_code < 8 else 2
    if not block_code or rate_code == 15 or channel_code > 10 or depth_code == 3 or header[3] & 1:
        return None
    if n_channels != info.n_channels or (depth_code and _DEPTHS[depth_code] != info.depth):
        return None
    if 0 < rate_code < 12 and _RATES_HZ[rate_code] != info.rate_hz:
        return None
    number, at = _number(header, 4)
    at += {6: 1, 7: 2}.get(block_code, 0) + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if number is None or at >= len(header):
        return None
    crc = 0
    for byte in header[:at]:
        crc = _CRC8[crc ^ byte]
    if crc != header[at]:
        return None
    return number if header[1] & 1 else number * info.block_samples


def _number(header: bytes, at: int) -> tuple[int | None, int]:
    """Decode a number of up to 36 bits, coded like UTF-8; gives it and where it ends."""
    first = header[at]
    n_bytes = next((n for n in range(8) if not first & 0x80 >> n), 8)  # leading ones count the bytes
    if n_bytes in (1, 8):
        return None, at
    value = first & 0x7F >> n_bytes
    end = at + max(n_bytes, 1)
    for byte in header[at + 1 : end]:
        if byte & 0xC0 != 0x80:
            return None, at
        value = value << 6 | byte & 0x3F
    return value, end


class FlacStream:
    """A FLAC stream inside a file."""

    def __init__(self, source: Source, start: int) -> None:
        self._source = source
        self._start = start
        self._info_block = source.read_at(start + _INFO_AT, _STREAMINFO_BYTES)
        self._info = parse_info(self._info_block) if source.read_at(start, 4) == _STREAM else None
        self._audio_at = self._behind_blocks()

    def _behind_blocks(self) -> int:
        at = self._start + 4
        while len(head := self._source.read_at(at, 4)) == 4 and head[0] & 0x7F < 0x7F:
            at += 4 + int.from_bytes(head[1:], "big")
            if head[0] & 0x80:
                break
        return at if at < self._source.size else self._start + _INFO_AT

    def first_part(self) -> Iterator[Part]:
        """Give the stream from its first whole frame on.

        Where the stream's description is damaged, it is made anew from that frame.
        """
        if self._info is None:
            for _, header in self._places(0):
                if (block := guess_info(header)) is not None:
                    self._info_block, self._info, self._audio_at = block, parse_info(block), 0
                    break
        yield from self.go_on(0.0, 0)

    def before(self) -> str:
        """Give "": nothing is known to be missing before a FLAC."""
        return ""

    def reach_s(self, wanted_s: float) -> float:
        """Give `wanted_s`: every frame has a checksum, and the decoder stops at a wrong one."""
        return wanted_s

    def go_on(self, done_s: float, near: int) -> Iterator[Part]:
        """Find places to go on from when reading stopped at `done_s` with the decoder at byte `near`."""
        info = self._info
        if info is None:
            return
        n_done = round(done_s * info.rate_hz)
        n_samples = info.n_samples
        at = max(self._audio_at, near - _READ_AHEAD_BYTES)
        for place, header in self._places(at):
            if header[:4] == _STREAM:
                if parse_info(header[_INFO_AT:]) is not None:
                    joined = FlacStream(self._source, place)
                    yield Part(View(self._source, b"", place, self._source.size), joined, 0.0, joined=True)
                continue
            first = first_sample(header[:_LARGEST_HEADER], info)
            if first is None or first <= n_done or (n_samples and first >= n_samples):
                continue
            starts_s = first / info.rate_hz
            if starts_s - done_s < BELIEVABLE_S:
                view = View(self._source, self._head(), place, self._source.size)
                yield Part(view, self, starts_s, "damaged FLAC frames")

    def ending(self, done_s: float, error: str) -> tuple[str, float]:
        """Tell why a stream that stopped at `done_s` is incomplete, and where it should end.

        The reason is "" where it is complete.
        """
        if self._info is None or not self._info.n_samples:
            return error, done_s
        promised_s = self._info.n_samples / self._info.rate_hz
        if promised_s - done_s < _SHORTEST_LOSS_S:
            return "", done_s
        return "it ends before its header says", promised_s if promised_s - done_s < BELIEVABLE_S else done_s

    def _head(self) -> bytes:
        """Build the beginning of a FLAC of unknown length that has the frames of this one."""
        packed = int.from_bytes(self._info_block[10:18], "big") >> 36 << 36
        info = self._info_block[:10] + packed.to_bytes(8, "big") + bytes(16)
        return _STREAM + b"\x80" + _STREAMINFO_BYTES.to_bytes(3, "big") + info

    def _places(self, at: int) -> Iterator[tuple[int, bytes]]:
        """Find places where a frame or another stream may begin, with the bytes there."""
        n_seen = _INFO_AT + _STREAMINFO_BYTES
        while at < self._source.size:
            chunk = self._source.read_at(at, _CHUNK_BYTES + n_seen)
            for match in _PLACE.finditer(chunk):
                if match.start() < _CHUNK_BYTES:
                    yield at + match.start(), chunk[match.start() : match.start() + n_seen]
            at += _CHUNK_BYTES
