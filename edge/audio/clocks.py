"""Reads from a container's header where its clock begins, how long it is and whether its time stamps may leap."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .containers import Bytes, demuxers

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

_MICROSECONDS = 1_000_000
_HEAD_BYTES = 1 << 16
# Containers whose clock may begin anywhere; that of the others begins at zero.
_RUNNING_CLOCK = frozenset({"mpegts", "mpeg", "ogg", "rm", "wtv", "ty", "pva", "nsv", "dhav", "mxf"})
# Containers that say how long they are; the length of the others is guessed from their bytes.
_PROMISING = frozenset({"mov", "matroska", "avi", "flv", "caf", "wv", "tta", "tak", "ape"})
_MATROSKA_DURATION = re.compile(rb"\x44\x89[\x84\x88]")  # an element with a float; a live recording has none
_MP4_FRAGMENTS = b"mvex"
_AVI_UNKNOWN = 1 << 30


def zero_of(container: InputContainer) -> float:
    """Give the container's clock at the beginning of the recording, in seconds."""
    start_s = (container.start_time or 0) / _MICROSECONDS
    return start_s if start_s < 0 or not _RUNNING_CLOCK.isdisjoint(demuxers(container)) else 0.0


def promised_end(container: InputContainer, stream: AudioStream, source: Bytes) -> float | None:
    """Find where the header says that the sound ends, in seconds of the container's clock.

    None where the header does not say.
    """
    names = demuxers(container)
    if _PROMISING.isdisjoint(names):
        return None
    if "mov" in names and stream.duration and stream.time_base:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
    if "avi" in names:
        n_frames = stream.frames if 0 < stream.frames < _AVI_UNKNOWN else 0
        return float(n_frames * stream.time_base) if n_frames and stream.time_base else None
    if "matroska" in names:
        if tagged_s := _seconds(stream.metadata.get("DURATION", "")):
            return tagged_s
        if not _MATROSKA_DURATION.search(source.at(0, _HEAD_BYTES)):
            return None
    return guessed_duration(container)


def guessed_duration(container: InputContainer) -> float | None:
    """Give the length of the recording in seconds; some containers guess it from their size in bytes."""
    return container.duration / _MICROSECONDS if container.duration else None


def leaps_by_intent(container: InputContainer, source: Bytes) -> bool:
    """Whether time stamps that leap are edits, as in an MP4 in one piece, rather than packets that are lost."""
    return "mov" in demuxers(container) and _MP4_FRAGMENTS not in source.at(0, _HEAD_BYTES)


def last_stamp(container: InputContainer, from_s: float) -> float:
    """Find the last time stamp of a film, reading from about `from_s` on; `from_s` where nothing follows it."""
    import av

    last_s = from_s
    if len(container.streams) == 1:
        return last_s
    try:
        container.seek(int(from_s * _MICROSECONDS))
        for packet in container.demux():
            if packet.pts is not None and packet.time_base:
                last_s = max(last_s, float(packet.pts * packet.time_base))
    except (av.FFmpegError, IndexError):  # what PyAV raises where a track appeared late
        return last_s
    return last_s


def _seconds(text: str) -> float | None:
    """Parse hours:minutes:seconds into seconds."""
    try:
        hours, minutes, seconds = map(float, text.split(":"))
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds
