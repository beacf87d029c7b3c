"""Finds the frames of an MP3: where they are, where their chain breaks, and where it goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .parts import BELIEVABLE_S, Part
from .view import Source, View

_CHUNK_BYTES = 1 << 18
_SYNC = re.compile(rb"\xff[\xe0-\xff]")
_FRAMES_TO_BELIEVE = 3
_DECODER_DELAY = 529
_SHORTEST_LOSS_S = 0.15
_FRAMES_BEFORE = 10
_FEWEST_LOST = 4
_HEAD_BYTES = 160
_ENDLESS = 1 << 28
_TAGS_AT_END = (b"TAG", b"APETAGEX", b"LYRICSBEGIN")

# Indexed by version (MPEG 2.5, unused, 2, 1) and layer (unused, III, II, I).
_RATES_HZ = ((11025, 12000, 8000), (), (22050, 24000, 16000), (44100, 48000, 32000))
_KBIT_V1 = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    3: (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
}
_KBIT_V2 = {
    1: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    3: (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """Facts in the four bytes of a frame's header."""

    n_bytes: int
    """Bytes of the whole frame; 0 where the header leaves it open."""
    n_samples: int
    rate_hz: int
    kind: tuple[int, int, int, bool]
    """Version, layer, rate and whether it is mono: equal in all frames that one decoder reads."""
    side_bytes: int
    """Bytes between the header and the place where a first frame may describe the others."""


@lru_cache(maxsize=4096)
def parse_frame(header: bytes) -> Frame | None:
    """Parse the header of a frame (4 bytes); None where it is not one."""
    if len(header) < 4 or header[0] != 0xFF or header[1] < 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    rate_code, rate_of_bits, padding = header[2] >> 2 & 3, header[2] >> 4, header[2] >> 1 & 1
    if version == 1 or layer == 0 or rate_code == 3 or rate_of_bits == 15 or header[3] & 3 == 2:
        return None
    rate_hz, is_mono = _RATES_HZ[version][rate_code], header[3] >> 6 == 3
    bits = 1000 * (_KBIT_V1 if version == 3 else _KBIT_V2)[layer][rate_of_bits]
    n_samples = 384 if layer == 3 else 1152 if layer == 2 or version == 3 else 576
    slot = 4 if layer == 3 else 1
    n_bytes = (n_samples // 8 * bits // rate_hz // slot + padding) * slot if bits else 0
    side_bytes = (17 if is_mono else 32) if version == 3 else (9 if is_mono else 17)
    return Frame(n_bytes, n_samples, rate_hz, (version, layer, rate_hz, is_mono), side_bytes)


def _endless_head(header: bytes) -> bytes:
    """Build a silent frame that promises a very large number of frames like the one with this `header`."""
    for bits in range(1, 15):
        like = bytes([0xFF, header[1] | 1, bits << 4 | header[2] & 0x0C, header[3]])
        frame = parse_frame(like)
        if frame is not None and frame.n_bytes >= _HEAD_BYTES:
            words = b"Info" + (1).to_bytes(4, "big") + _ENDLESS.to_bytes(4, "big")
            return (like + bytes(frame.side_bytes) + words).ljust(frame.n_bytes, b"\0")
    return b""


class Mp3Stream:
    """An MP3 stream inside a file: frames of one kind in a chain; its clock begins with its first sample."""

    def __init__(self, source: Source, start: int, *, first_frame: int = 0) -> None:
        self._source = source
        self._chunk, self._chunk_at = b"", 0
        self._at = self._audio_at = start
        self._n_frames = first_frame
        self._first_frame = first_frame
        self._n_promised: int | None = None
        self._skipped = 0
        self._whole = True  # until the chain breaks
        self._ended = False
        self._is_followed = False  # by another stream
        self._frame: Frame | None = None
        self._tags_end = self._found_at = start
        self._has_head = False
        self._open()

    def _open(self) -> None:
        self._at = self._tags_end = self._behind_tags(self._at)
        found = self._find(self._at)
        if found is None:
            self._ended = True
            return
        self._at, self._frame = found
        self._found_at = self._at
        head = self._bytes(self._at, self._frame.n_bytes or 4)
        words = head[4 + self._frame.side_bytes :]
        if words[:4] in (b"Xing", b"Info"):
            self._has_head = True
            if words[7] & 1:
                self._n_promised = int.from_bytes(words[8:12], "big")
            if words[120:129].strip(b"\0") and len(words) >= 144:
                self._skipped = (words[141] << 4 | words[142] >> 4) + _DECODER_DELAY
            self._at += self._frame.n_bytes
        elif head[36:40] == b"VBRI":
            self._has_head = True
            self._n_promised = int.from_bytes(head[50:54], "big")
            self._at += self._frame.n_bytes
        self._audio_at = self._at
        self._ended = self._frame.n_bytes == 0

    def first_part(self) -> Iterator[Part]:
        """Give the stream, if there is one, where it begins after something else."""
        if self._frame is not None:
            at = self._found_at
            yield Part(View(self._source, b"", at, self._source.size), self, 0.0, self.before())

    def before(self) -> str:
        """Tell what stands in front of the first frame, if the beginning may be lost."""
        n_bytes = self._found_at - self._tags_end
        # Tags that state a wrong length for themselves are no loss: the first frame is there and shows it.
        if self._frame is None or self._has_head or n_bytes < _FEWEST_LOST * self._frame.n_bytes:
            return ""
        return f"bytes {self._tags_end} to {self._found_at} are not MP3"

    def reach_s(self, wanted_s: float) -> float:
        """Find up to where, at most `wanted_s`, the frames follow each other without a break."""
        while not self._ended and self._whole and self._seconds(self._n_frames) < wanted_s:
            self._step()
        is_walked = self._n_frames > self._first_frame and (self._ended or not self._whole)
        return min(wanted_s, self._seconds(self._n_frames)) if is_walked else wanted_s

    def go_on(self, done_s: float, near: int) -> Iterator[Part]:
        """Find places to go on from when reading stopped at `done_s`."""
        frame = self._frame
        if frame is None:
            return
        n_done = int(done_s * frame.rate_hz + self._skipped) // frame.n_samples
        if n_done + 1 < self._n_frames and (self._n_promised is None or n_done + 1 < self._n_promised):
            yield from self._behind_refused(n_done)
        if self._whole:
            self.reach_s(float("inf"))
        if self._whole:
            return
        tags_end = self._behind_tags(self._at)
        found = self._find(tags_end)
        if found is None:
            return
        at, following = found
        is_other = tags_end > self._at or following.kind != frame.kind or self._n_frames == self._n_promised
        if at == tags_end and is_other:
            self._is_followed = True
            yield Part(View(self._source, b"", at, self._source.size), Mp3Stream(self._source, at), 0.0, joined=True)
        else:
            reason = f"bytes {self._at} to {at} are not MP3"
            first = self._n_frames + self._n_missing(at)
            yield self._part(at, first, reason)
            # The decoder may refuse the first frames, which use bits of frames before them.
            rest = self._continued(at, first)
            for n_more in (1, 2, 10):
                rest.reach_s(rest._seconds(first + n_more))
                yield self._part(rest._at, rest._n_frames, reason)

    def ending(self, done_s: float, error: str) -> tuple[str, float]:
        """Tell why a stream that stopped at `done_s` is incomplete, and where it should end.

        The reason is "" where it is complete.
        """
        if self._n_promised is not None:
            promised_s = self._seconds(self._n_promised)
            if _SHORTEST_LOSS_S < promised_s - done_s < BELIEVABLE_S:
                return "it ends before its header says", promised_s
        if not self._whole and not self._is_followed:
            return f"from byte {self._at} on it is not MP3", done_s
        return ("its last frame is cut" if self._at > self._source.size else error), done_s

    def _seconds(self, n_frames: int) -> float:
        if self._frame is None:
            return 0.0
        return max(n_frames * self._frame.n_samples - self._skipped, 0) / self._frame.rate_hz

    def _step(self) -> None:
        """Walk to the next frame, or note that there is none."""
        header = self._bytes(self._at, 4)
        frame = parse_frame(header)
        if frame is not None and self._frame is not None and frame.kind == self._frame.kind and frame.n_bytes:
            if self._n_frames != self._n_promised:
                self._at += frame.n_bytes
                self._n_frames += 1
                return
        elif len(header) < 4 or self._at >= self._source.size or self._is_end(self._at):
            self._ended = True
            return
        self._whole = False

    def _is_end(self, at: int) -> bool:
        """Whether only tags and padding are left."""
        if self._source.size - at > 1 << 20:
            return False
        rest = self._source.read_at(at, 1 << 20)
        return rest.startswith(_TAGS_AT_END) or not rest.strip(b"\0")

    def _find(self, at: int) -> tuple[int, Frame] | None:
        """Find the next place from which several frames of one kind follow each other."""
        while at < self._source.size:
            chunk = self._source.read_at(at, _CHUNK_BYTES)
            for match in _SYNC.finditer(chunk):
                frame = parse_frame(chunk[match.start() : match.start() + 4])
                if frame is not None and self._is_chain(at + match.start(), frame):
                    return at + match.start(), frame
            at += max(len(chunk) - 3, 1)
        return None

    def _is_chain(self, at: int, frame: Frame) -> bool:
        for _ in range(_FRAMES_TO_BELIEVE):
            if frame.n_bytes == 0 or at + frame.n_bytes > self._source.size:
                return False
            at += frame.n_bytes
            following = parse_frame(self._bytes(at, 4))
            if following is None or following.kind != frame.kind:
                return self._is_end(at)
            frame = following
        return True

    def _behind_tags(self, at: int) -> int:
        """Skip the tags that may stand in front of a stream."""
        while (head := self._bytes(at, 10))[:3] in (b"ID3", b"TAG") and len(head) == 10:
            if head[:3] == b"TAG":
                at += 128
                continue
            length = 0
            for byte in head[6:10]:
                length = length << 7 | byte & 0x7F
            at += 10 + length + (10 if head[5] & 0x10 else 0)
        return at

    def _n_missing(self, at: int) -> int:
        """Estimate how many frames are missing before `at`.

        The estimate is by the mean length of frames, or by the promised number where the rest of the file is whole.
        """
        frame = self._frame
        n_walked = self._n_frames - self._first_frame
        if frame is None or not n_walked:
            return 0
        mean_bytes = (self._at - self._audio_at) / n_walked
        by_bytes = max(round((at - self._at) / mean_bytes), 0)
        if self._n_promised is None:
            return by_bytes
        rest = self._continued(at, 0)
        rest.reach_s(float("inf"))
        missing = self._n_promised - self._n_frames - rest._n_frames
        is_last = rest._whole and rest._at == self._source.size
        return missing if is_last and missing > by_bytes else by_bytes

    def _behind_refused(self, n_done: int) -> Iterator[Part]:
        """Go on from frames at and after the one that the decoder stopped at."""
        again = self._continued(self._audio_at, self._first_frame)
        # A frame uses bits of the frames before it.
        for first in (n_done - _FRAMES_BEFORE, n_done + 1, n_done + 2, n_done + 10, n_done + 100):
            again.reach_s(self._seconds(first))
            if again._n_frames < self._n_frames:
                yield self._part(again._at, again._n_frames, "MP3 frames that cannot be decoded")

    def _part(self, at: int, first_frame: int, reason: str) -> Part:
        """Make a part that begins with a frame.

        A frame of our own in front of it promises a stream without end; libsndfile would guess a length otherwise, and
        stop there.
        """
        stream = self._continued(at, first_frame)
        view = View(self._source, _endless_head(self._bytes(at, 4)), at, self._source.size)
        return Part(view, stream, self._seconds(first_frame + self._n_undecodable(at)), reason)

    def _n_undecodable(self, at: int) -> int:
        """Count the frames from `at` on that need bits of frames before `at`, and so cannot be decoded."""
        n_bytes_before = 0
        for n_frames in range(_FRAMES_BEFORE):
            head = self._bytes(at, 8)
            frame = parse_frame(head[:4])
            if frame is None or not frame.n_bytes or frame.kind[1] != 1 or len(head) < 8:
                return n_frames
            crc_bytes = 0 if head[1] & 1 else 2
            side = self._bytes(at + 4 + crc_bytes, 2).ljust(2, b"\0")
            begins_before = int.from_bytes(side, "big") >> 7 if frame.kind[0] == 3 else side[0]
            if begins_before <= n_bytes_before:
                return n_frames
            n_bytes_before += frame.n_bytes - 4 - crc_bytes - frame.side_bytes
            at += frame.n_bytes
        return _FRAMES_BEFORE

    def _continued(self, at: int, first_frame: int) -> Mp3Stream:
        stream = Mp3Stream(self._source, at, first_frame=first_frame)
        stream._skipped, stream._n_promised = self._skipped, self._n_promised
        return stream

    def _bytes(self, at: int, n_bytes: int) -> bytes:
        behind = at - self._chunk_at
        if behind < 0 or behind + n_bytes > len(self._chunk):
            self._chunk, self._chunk_at, behind = self._source.read_at(at, _CHUNK_BYTES), at, 0
        return self._chunk[behind : behind + n_bytes]
