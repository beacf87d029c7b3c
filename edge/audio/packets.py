"""Decodes the packets of an audio track to frames; packets that cannot be decoded are skipped and accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import AudioError
from .containers import Bytes
from .mono import check_rate
from .timeline import TOLERANCE_S

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

_MOST_FAILURES = 16
"""Failed reads in a row after which a container is given up."""

# Formats that are mere frames: what is reported as their time stamps is a count of frames.
_WITHOUT_CLOCK = frozenset({"aac", "ac3", "eac3", "amr", "dts", "loas", "mlp", "mp3", "truehd"})
_TAGS = (b"ID3", b"TAG", b"APETAGEX")
_MARK_BYTES = 32
_MOST_CHANNELS = 64
_UNTOLD = ("Invalid data found", "Error number")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A frame, with what is missing before it."""

    frame: AudioFrame
    stamp_s: float | None
    """Time stamp of the frame in seconds of the container's clock; None where it has none."""
    trouble: str | None
    """Description of what went wrong since the frame before; None where nothing did."""
    lost_s: float
    """Seconds that are missing before the frame and that no time stamp shows."""


class Decoder:
    """Decoder of one track, as far as it can be decoded."""

    def __init__(self, container: InputContainer, stream: AudioStream, source: Bytes) -> None:
        self.trouble: str | None = None
        """Description of what went wrong since the last frame; None where nothing did."""
        self.bad_s = 0.0
        """Seconds that could not be decoded since the last frame, as far as packets state their length."""
        self.n_bad = 0
        """Number of packets that could not be decoded."""
        self._container = container
        self._stream = stream
        self._source = source
        self._has_clock = container.format.name not in _WITHOUT_CLOCK
        self._good_bytes = 0
        self._good_s = 0.0
        self._bad_bytes = 0
        self._end: int | None = None  # byte of the file where the last decoded packet ends

    def frames(self) -> Iterator[Decoded]:
        """Decode frames until the end, or until reading the file fails."""
        import av

        for packet in self._packets():
            try:
                frames = [frame for frame in packet.decode() if frame.samples]
                for frame in frames:
                    _check_frame(frame)
            except (av.FFmpegError, AudioError, ValueError) as error:
                self._note(packet, error)
                continue
            lost_s = 0.0 if self._has_clock or not frames else self._lost(packet)
            for frame in frames:
                yield Decoded(frame, frame.time if self._has_clock else None, self.trouble, lost_s)
                self.trouble, self.bad_s, self._bad_bytes, lost_s = None, 0.0, 0, 0.0
            self._good_bytes += packet.size
            self._good_s += sum(frame.samples / frame.sample_rate for frame in frames)

    def _packets(self) -> Iterator[Packet[AudioStream]]:
        import av

        if self._source.is_closed:
            return
        n_failures = 0
        while n_failures < _MOST_FAILURES and self._source.failure is None:
            try:
                for packet in self._container.demux(self._stream):
                    n_failures = 0
                    yield packet
                    if self._source.is_closed:
                        return
                return
            except IndexError:  # at the end, where tracks had packets but were not announced
                break
            except av.FFmpegError as error:
                self.trouble = f"reading the container failed ({_told(error)})"
                n_failures += 1
        flush: Any = av.Packet()
        flush.stream = self._stream
        yield flush

    def _note(self, packet: Packet[AudioStream], error: Exception) -> None:
        if not packet.size or bytes(packet).startswith(_TAGS):
            return  # the packet that flushes the decoder, or tags between joined files
        self.n_bad += 1
        self.trouble = f"packets cannot be decoded ({_told(error)})"
        self._bad_bytes += packet.size
        if packet.duration and packet.time_base:
            self.bad_s += float(packet.duration * packet.time_base)

    def _lost(self, packet: Packet[AudioStream]) -> float:
        """Estimate the seconds that are missing before a packet without a clock, from its bytes at the rate so far."""
        hole = self._bad_bytes
        begin = self._begin(packet)
        if self._end is not None and begin is not None:
            hole = begin - self._end
            if not self._bad_bytes and self._source.at(self._end, _MARK_BYTES).startswith(_TAGS):
                hole = 0
        self._end = None if begin is None else begin + packet.size
        if not self._good_s:
            return 0.0
        missing_s = max(self.bad_s, hole * self._good_s / self._good_bytes)
        if missing_s <= TOLERANCE_S and self.trouble is None:
            return 0.0
        self.trouble = self.trouble or f"{hole} bytes are not audio"
        return missing_s

    def _begin(self, packet: Packet[AudioStream]) -> int | None:
        """Give the byte of the file at which a packet begins.

        PyAV's position in an AAC leaves out bytes that were skipped, so such packets are searched for.
        """
        if self._end is None or self._container.format.name != "aac":
            return packet.pos
        return self._source.find(bytes(packet)[:_MARK_BYTES], self._end)


def _check_frame(frame: AudioFrame) -> None:
    check_rate(frame.sample_rate, "a frame")
    n_channels = frame.layout.nb_channels
    if not 1 <= n_channels <= _MOST_CHANNELS:
        raise AudioError(f"a frame has {n_channels} channels; expected 1 to {_MOST_CHANNELS}")


def _told(error: Exception) -> str:
    told = str(getattr(error, "strerror", None) or error)
    return "damaged data" if told.startswith(_UNTOLD) else told
