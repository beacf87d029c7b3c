"""Finds the structure of a recording, and where one begins in a file whose beginning is damaged."""

from __future__ import annotations

from collections.abc import Iterator

from .flac import FlacStream
from .mp3 import Mp3Stream
from .ogg import OggStream
from .parts import Part, Stream
from .sniff import holds_many_kinds, other_kind, weak_kind
from .view import Source

_HEAD_BYTES = 512


def stream_of(source: Source, format: str) -> Stream | None:
    """Give the structure of a recording by libsndfile's name of its format; None where it has no frames."""
    if format == "MP3":
        return Mp3Stream(source, 0)
    if format == "OGG":
        return OggStream(source, 0)
    return FlacStream(source, 0) if format == "FLAC" else None


def find_part(source: Source) -> Iterator[Part]:
    """Find where a recording may begin after damage; nothing in files of other kinds."""
    head = source.read_at(0, _HEAD_BYTES)
    if other_kind(head) is not None or weak_kind(head) is not None or holds_many_kinds(head):
        return
    for finder in (FlacStream, OggStream, Mp3Stream):
        yield from finder(source, 0).first_part()
