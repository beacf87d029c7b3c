"""Finds the pages of an Ogg file: where some are missing, and where another stream begins."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from .parts import BELIEVABLE_S, Part
from .view import Source, View

_PAGE = b"OggS"
_HEADER_BYTES = 27
_LARGEST_PAGE = _HEADER_BYTES + 255 + 255 * 255
_CHUNK_BYTES = 1 << 20
_OPUS_RATE_HZ = 48000
_CONTINUED, _FIRST, _LAST = 1, 2, 4
_MIRROR = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_MIRRORED_NO_NUMBER = 0xFFFFFFFF
_FROM_THE_BEGINNING_S = 5.0
_SHORTEST_LOSS_S = 0.05


@dataclass(frozen=True, slots=True)
class Page:
    """A page whose checksum is right."""

    at: int
    end: int
    flags: int
    granule: int
    """Number of the sample at which the last packet that ends in this page ends; -1 where no packet does."""
    serial: int
    number: int
    body: bytes


def _checksum(page: bytes) -> int:
    """Compute Ogg's checksum: zlib's with every byte and the result mirrored, and without its inversions."""
    mirrored = zlib.crc32(page.translate(_MIRROR), _MIRRORED_NO_NUMBER) ^ _MIRRORED_NO_NUMBER
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRROR), "big")


class Pages:
    """A reader of the pages of a file, in any order."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._chunk, self._chunk_at = b"", 0

    def page(self, at: int) -> Page | None:
        """Read the page at a byte; None where there is none or it is damaged."""
        head = self._bytes(at, _HEADER_BYTES + 255)
        if head[:5] != _PAGE + b"\0" or len(head) < _HEADER_BYTES:
            return None
        lacing = head[_HEADER_BYTES : _HEADER_BYTES + head[26]]
        n_bytes = _HEADER_BYTES + head[26] + sum(lacing)
        page = self._bytes(at, n_bytes)
        unsigned = page[:22] + bytes(4) + page[26:]
        if len(page) < n_bytes or _checksum(unsigned) != int.from_bytes(page[22:26], "little"):
            return None
        granule = int.from_bytes(page[6:14], "little", signed=True)
        serial, number = int.from_bytes(page[14:18], "little"), int.from_bytes(page[18:22], "little")
        return Page(at, at + n_bytes, page[5], granule, serial, number, page[_HEADER_BYTES + head[26] :])

    def next_page(self, at: int) -> Page | None:
        """Find the first undamaged page at or after a byte."""
        while at < self._source.size:
            chunk = self._source.read_at(at, _CHUNK_BYTES)
            found = chunk.find(_PAGE)
            if found < 0:
                at += max(len(chunk) - 3, 1)
                continue
            page = self.page(at + found)
            if page is not None:
                return page
            at += found + 1
        return None

    def _bytes(self, at: int, n_bytes: int) -> bytes:
        behind = at - self._chunk_at
        if behind < 0 or behind + n_bytes > len(self._chunk):
            self._chunk, self._chunk_at, behind = self._source.read_at(at, max(_CHUNK_BYTES, n_bytes)), at, 0
        return self._chunk[behind : behind + n_bytes]


class OggStream:
    """A logical stream of speech inside an Ogg file."""

    def __init__(self, source: Source, start: int) -> None:
        self._source = source
        self._pages = Pages(source)
        self._at = self._start = start
        self._head = b""
        self._serial = -1
        self._rate_hz = 0
        self._is_opus = False
        self._lead = 0  # position of the first sample, in granules
        self._n_pages = 0
        self._granule = self._number = -1
        self._broken = self._ended = self._is_last = False
        self._is_followed = False  # by another stream
        self._read_head()

    def _read_head(self) -> None:
        """Find the stream and read the pages that describe it."""
        first = self._pages.page(self._start) or self._pages.next_page(self._start)
        at, n_packets = first.at if first else self._start, 0
        while n_packets < (2 if self._is_opus else 3):
            page = self._pages.page(at)
            if page is None:
                self._rate_hz = 0
                return
            at = page.end
            if self._serial < 0 and page.flags & _FIRST:
                self._describe(page)
            if page.serial == self._serial:
                self._head += self._source.read_at(page.at, page.end - page.at)
                n_packets += _packets_ended(self._source.read_at(page.at, _HEADER_BYTES + 255))
                self._number = page.number
        self._at = at

    def _describe(self, page: Page) -> None:
        if page.body[:7] == b"\x01vorbis":
            self._serial, self._rate_hz = page.serial, int.from_bytes(page.body[12:16], "little")
        elif page.body[:8] == b"OpusHead":
            self._serial, self._rate_hz, self._is_opus = page.serial, _OPUS_RATE_HZ, True
            self._lead = int.from_bytes(page.body[10:12], "little")

    def first_part(self) -> Iterator[Part]:
        """Find the first stream that begins after something else."""
        self._broken, self._at = True, self._start
        yield from self.go_on(0.0, 0)

    def before(self) -> str:
        """Give "": nothing is known to be missing before an Ogg."""
        return ""

    def reach_s(self, wanted_s: float) -> float:
        """Find up to where, at most `wanted_s`, the pages follow each other without a break."""
        while self._rate_hz and not self._broken and not self._ended and self._seconds(self._granule) < wanted_s:
            self._step()
        return wanted_s if not self._broken else min(wanted_s, max(self._seconds(self._granule), 0.0))

    def go_on(self, done_s: float, near: int) -> Iterator[Part]:
        """Find places to go on from when reading stopped at `done_s`."""
        self.reach_s(float("inf"))
        at = self._at
        page = self._pages.next_page(at)
        while page is not None:
            if page.flags & _FIRST:
                joined = OggStream(self._source, page.at)
                if joined._rate_hz:
                    self._is_followed = page.at == at
                    reason = "" if page.at == at or self._is_last else f"bytes {at} to {page.at} are not Ogg"
                    view = View(self._source, b"", page.at, joined._walked_end())
                    yield Part(view, joined, 0.0, reason, joined=True)
            elif page.serial == self._serial and self._rate_hz and page.granule != 0:
                reason = f"bytes {at} to {page.at} are not Ogg" if page.at > at else "Ogg pages are missing"
                part = self._continued(page, reason)
                if part is not None and (part.ends_s or 0.0) - done_s < BELIEVABLE_S:
                    yield part
            page = self._pages.next_page(page.end)

    def ending(self, done_s: float, error: str) -> tuple[str, float]:
        """Tell why a stream that stopped at `done_s` is incomplete, and where it should end.

        The reason is "" where it is complete.
        """
        if self._broken and not self._is_followed:
            return f"from byte {self._at} on it is not Ogg", done_s
        if self._rate_hz and _SHORTEST_LOSS_S < self._seconds(self._granule) - done_s < BELIEVABLE_S:
            return "its last pages cannot be decoded", self._seconds(self._granule)
        return error, done_s

    def _seconds(self, granule: int) -> float:
        return (granule - self._lead) / self._rate_hz if granule >= 0 else 0.0

    def _step(self) -> None:
        """Walk past the next page, or note that it is missing."""
        page = self._pages.page(self._at)
        if page is None or page.flags & _FIRST or (page.serial == self._serial and page.number != self._number + 1):
            self._ended = self._at >= self._source.size or (self._is_last and self._pages.next_page(self._at) is None)
            self._broken = not self._ended
            return
        self._at = page.end
        if page.serial != self._serial:
            return
        self._number = page.number
        self._is_last = bool(page.flags & _LAST)
        if page.granule >= 0:
            if self._n_pages == 0 and page.granule > _FROM_THE_BEGINNING_S * self._rate_hz:
                self._lead = page.granule  # a recording that begins in the middle of a broadcast
            self._granule = page.granule
            self._n_pages += 1

    def _walked_end(self) -> int:
        """Give the byte where the stream ends or breaks."""
        self.reach_s(float("inf"))
        return self._at

    def _continued(self, page: Page, reason: str) -> Part | None:
        """Give the part from a page on, up to the next break."""
        rest = OggStream(self._source, self._start)
        rest._lead, rest._number, rest._at, rest._n_pages = self._lead, page.number - 1, page.at, 1
        end = rest._walked_end()
        if rest._granule < 0:
            return None
        view = View(self._source, self._head, page.at, end)
        return Part(view, rest, None, reason, ends_s=rest._seconds(rest._granule))


def _packets_ended(head: bytes) -> int:
    """Count the packets that end in the page with this header."""
    return sum(1 for length in head[_HEADER_BYTES : _HEADER_BYTES + head[26]] if length < 255)
