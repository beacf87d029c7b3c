"""Checks the headers of WAV, RF64, W64, AIFF, AU and CAF, which state how long the samples are, against the file."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .parts import BELIEVABLE_S, Part
from .view import Source, View
from .wav import BELIEVABLE_BYTES, is_chunk

_MOST_CHUNKS = 4096
_DESCRIPTION_BYTES = 64
_SHORTEST_LOSS_S = 0.01
_SHORTEST_REFUSED_S = 1.0
_UNKNOWN_32 = 0xFFFFFFFF
_UNKNOWN_64 = (1 << 63) - 1
_RIFF, _W64, _IFF, _CAF = "<4sI", "<16sq", ">4sI", ">4sq"
_AU_SAMPLE_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}


@dataclass(frozen=True, slots=True)
class Field:
    """A place in a header that states how long the samples are."""

    at: int
    kind: str
    """Format of the number, in the notation of `struct`."""
    unit: int = 1
    """Bytes of the thing that is counted."""
    more: int = 0
    """Amount that is counted in addition to the samples."""

    def says(self, n_bytes: int) -> bytes:
        """Encode the field for `n_bytes` bytes of samples, or for as many as it can hold."""
        largest = (1 << 8 * struct.calcsize(self.kind)) - 1
        return struct.pack(self.kind, min(n_bytes // self.unit + self.more, largest))


@dataclass(frozen=True, slots=True)
class Layout:
    """The header's statements on where the samples are."""

    data_at: int
    n_bytes: int
    """Length of the samples in bytes; -1 where the header leaves it open."""
    bytes_per_s: float
    """Bytes of samples in a second; 0 where that is not known."""
    fields: tuple[Field, ...]
    """Fields of the header that state the length."""


class HeaderStream:
    """A recording whose samples follow a header without a break."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._layout = _layout(source)
        self._following = self._find_following()
        self.announced_s = 0.0
        """Length in seconds that the decoder reports, as far as it knows."""

    def is_short(self) -> bool:
        """Whether the header claims less than the file holds: its writer was killed before it could correct that."""
        layout, size = self._layout, self._source.size
        if layout is None or layout.n_bytes < 0:
            return False
        end = layout.data_at + layout.n_bytes
        return end + 8 <= size and not self._is_chunk(end + end % 2) and not self._is_chunk(end)

    def repaired(self) -> View | None:
        """Give the file with a header that states how much there is; None where that cannot be known."""
        layout, size = self._layout, self._source.size
        if layout is None or layout.data_at >= size:
            return None
        head = bytearray(self._source.read_at(0, layout.data_at))
        for field in layout.fields:
            said = field.says(size - layout.data_at)
            head[field.at : field.at + len(said)] = said
        return View(self._source, bytes(head), layout.data_at, size)

    def _is_chunk(self, at: int) -> bool:
        return is_chunk(self._source.read_at(at, 8))

    def before(self) -> str:
        """Give "": nothing is known to be missing before the samples."""
        return ""

    def reach_s(self, wanted_s: float) -> float:
        """Give `wanted_s`, but at most the end of this file where another follows: samples have no checksums."""
        return wanted_s if self._following is None else min(wanted_s, self._promised_s())

    def go_on(self, done_s: float, near: int) -> Iterator[Part]:
        """Go on with a whole file of the same kind that follows this one; nothing otherwise."""
        at = self._following
        if at is not None:
            following = HeaderStream(Behind(self._source, at))
            yield Part(View(self._source, b"", at, self._source.size), following, 0.0, joined=True)

    def _find_following(self) -> int | None:
        layout = self._layout
        if layout is not None and layout.bytes_per_s and 0 < layout.n_bytes < self._source.size:
            end = layout.data_at + layout.n_bytes
            for at in (end, end + end % 2):
                head = self._source.read_at(at, 12)
                if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
                    return at
        return None

    def _promised_s(self) -> float:
        layout = self._layout
        if layout is None or not layout.bytes_per_s or not 0 < layout.n_bytes < BELIEVABLE_BYTES:
            return self.announced_s
        return layout.n_bytes / layout.bytes_per_s

    def ending(self, done_s: float, error: str) -> tuple[str, float]:
        """Tell why a recording that stopped at `done_s` is incomplete, and where it should end.

        The reason is "" where it is complete.
        """
        promised_s, layout = self._promised_s(), self._layout
        is_cut = layout is not None and layout.data_at + layout.n_bytes > self._source.size
        # A codec's byte rate is rounded: where all bytes are there, only a decoder that gave up shows a loss.
        least_s = _SHORTEST_LOSS_S if is_cut else _SHORTEST_REFUSED_S
        if least_s < promised_s - done_s < BELIEVABLE_S:
            return "it ends before its header says", promised_s
        return error, done_s


class Behind(Source):
    """The rest of a file from some byte on, seen as a file."""

    def __init__(self, source: Source, start: int) -> None:
        self._whole, self._first = source, start
        self.descriptor = None
        self.size = source.size - start

    def read_at(self, offset: int, n_bytes: int) -> bytes:
        """Read as from the file, counting from the byte where the rest begins."""
        return self._whole.read_at(self._first + offset, n_bytes)


def _layout(source: Source) -> Layout | None:
    head = source.read_at(0, 40)
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return _wav_layout(source)
    if head[:4] == b"riff" and head[4:8] == b"\x2e\x91\xcf\x11":
        return _w64_layout(source)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _aiff_layout(source)
    if head[:4] == b".snd":
        return _au_layout(head)
    return _caf_layout(source) if head[:4] == b"caff" else None


def _chunks(source: Source, at: int, kind_of: str) -> Iterator[tuple[bytes, int, int]]:
    """Walk through chunks; gives the name of each, where its body begins, and the length of the body."""
    layout = struct.Struct(kind_of)
    for _ in range(_MOST_CHUNKS):
        head = source.read_at(at, layout.size)
        if len(head) < layout.size:
            return
        name, length = layout.unpack(head)
        if kind_of == _W64:
            length -= layout.size
        yield name[:4], at + layout.size, length
        if length < 0 or at + length > source.size:
            return
        at += layout.size + length
        at += -at % 8 if kind_of == _W64 else length % 2 if layout.size == 8 else 0


def _wav_layout(source: Source) -> Layout | None:
    rate, long_length, ds64_at = 0, None, 0
    for name, at, length in _chunks(source, 12, _RIFF):
        body = source.read_at(at, _DESCRIPTION_BYTES) if name in (b"fmt ", b"ds64") else b""
        if name == b"fmt " and len(body) >= 12:
            rate = int.from_bytes(body[8:12], "little")
        elif name == b"ds64" and len(body) >= 16:
            long_length, ds64_at = int.from_bytes(body[8:16], "little"), at
        elif name == b"data" and length == _UNKNOWN_32 and long_length is not None:
            return Layout(at, long_length if long_length < _UNKNOWN_64 else -1, rate, (Field(ds64_at + 8, "<Q"),))
        elif name == b"data":
            return Layout(at, length if length != _UNKNOWN_32 else -1, rate, (Field(at - 4, "<I"),))
    return None


def _w64_layout(source: Source) -> Layout | None:
    rate = 0
    for name, at, length in _chunks(source, 40, _W64):
        if name == b"fmt ":
            rate = int.from_bytes(source.read_at(at + 8, 4), "little")
        elif name == b"data":
            return Layout(at, max(length, 0), rate, (Field(at - 8, "<Q", more=24),))
    return None


def _aiff_layout(source: Source) -> Layout | None:
    frame_bytes, rate, frames_at = 0, 0.0, 0
    for name, at, length in _chunks(source, 12, _IFF):
        if name == b"COMM":
            common = source.read_at(at, 18).ljust(18, b"\0")
            n_channels, _, bits, exponent, mantissa = struct.unpack(">HIHHQ", common)
            frame_bytes, frames_at = n_channels * ((bits + 7) // 8), at + 2
            rate = math.ldexp(mantissa, exponent - 16446) if exponent < 16446 else 0.0
        elif name == b"SSND" and frame_bytes:
            fields = (Field(at - 4, ">I", more=8), Field(frames_at, ">I", unit=frame_bytes))
            return Layout(at + 8, max(length - 8, 0), rate * frame_bytes, fields)
    return None


def _au_layout(head: bytes) -> Layout | None:
    if len(head) < 24:
        return None
    data_at, length, encoding, rate, n_channels = struct.unpack(">IIIII", head[4:24])
    sample_bytes = _AU_SAMPLE_BYTES.get(encoding, 0)
    n_bytes = length if length != _UNKNOWN_32 else -1
    return Layout(data_at, n_bytes, rate * n_channels * sample_bytes, (Field(8, ">I"),)) if data_at < 1 << 20 else None


def _caf_layout(source: Source) -> Layout | None:
    bytes_per_s = 0.0
    for name, at, length in _chunks(source, 8, _CAF):
        if name == b"desc":
            rate, _, _, packet_bytes, packet_frames = struct.unpack(">d4sIII", source.read_at(at, 24).ljust(24, b"\0"))
            bytes_per_s = rate * packet_bytes / packet_frames if packet_frames and math.isfinite(rate) else 0.0
        elif name == b"data":
            return Layout(at + 4, max(length - 4, -1), bytes_per_s, (Field(at - 8, ">Q", more=4),))
    return None
