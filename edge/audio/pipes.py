"""Recordings from a pipe or a file object, read once from front to back: WAV, or raw 16 kHz s16le PCM.

Any other container is kept in a temporary file first, since its decoder must seek.
"""

from __future__ import annotations

import string
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from ..errors import AudioError
from .files import open_container
from .mono import BLOCK_VALUES, FloatArray, Opened, check_rate, to_mono_16k
from .options import AS_IT_COMES, ReadOptions
from .wav import PCM16_MONO_16K, WavFormat, read_wav_header, samples_of

_HEAD_BYTES = 512
_SPOOL_BYTES = 1 << 24
_TEXT = frozenset(string.printable.encode()) - {0x0B, 0x0C}

# First bytes of containers that are not read front to back: FLAC, OGG, MP3, AIFF, AU, CAF, Matroska, ASF …
_CONTAINERS = (
    *(b"fLaC", b"OggS", b"ID3", b"FORM", b".snd", b"caff", b"RF64", b"riff", b"MThd"),
    *(b"\x1aE\xdf\xa3", b"0&\xb2u", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9"),
)


def open_pipe(
    pipe: BinaryIO, *, name: str | None = None, owned: bool = False, options: ReadOptions = AS_IT_COMES
) -> Opened:
    """Open what can be read from `pipe`; it is closed with the result only when it is `owned`."""
    name = name or _name_of(pipe)
    reader = _Reader(pipe, name, owned=owned)
    try:
        return _open_pipe(reader, name, options)
    except BaseException:
        reader.close()
        raise


def _name_of(pipe: BinaryIO) -> str:
    name = getattr(pipe, "name", None)  # a pipe without a file has its number there
    if not isinstance(name, str):
        return "the audio stream"
    return "standard input" if name == "<stdin>" else name


def _open_pipe(reader: _Reader, name: str, options: ReadOptions) -> Opened:
    head = reader.peek(_HEAD_BYTES)
    if not head:
        raise AudioError(f"{name} is empty: expected a WAV or raw 16 kHz 16-bit mono PCM, found 0 bytes")
    wav: WavFormat | None = PCM16_MONO_16K
    if head[:4] == b"RIFF":
        wav, wav_header = read_wav_header(reader.read, name)
        if wav is None:  # a codec inside WAV; libsndfile knows those
            reader.unread(wav_header)
    elif head.startswith(_CONTAINERS) or head[4:8] == b"ftyp":
        wav = None
    elif len(head) >= 16 and _TEXT.issuperset(head):
        raise AudioError(f"{name} is text; expected a WAV or raw 16 kHz 16-bit mono PCM")
    if wav is None:
        return open_container(_spool(reader), name, options)
    options.check_only_track(name)
    check_rate(wav.rate_hz, name)
    return Opened(name, to_mono_16k(_blocks(reader, wav), wav.rate_hz), close=reader.close)


class _Reader:
    """Reads whole amounts from a pipe, and can take back what was read."""

    def __init__(self, pipe: BinaryIO, name: str, *, owned: bool) -> None:
        self._pipe = pipe
        self._name = name
        self._owned = owned
        self._ahead = b""

    def read(self, n_bytes: int) -> bytes:
        """`n_bytes` bytes; fewer only at the end."""
        parts = [self._ahead[:n_bytes]]
        self._ahead = self._ahead[n_bytes:]
        missing = n_bytes - len(parts[0])
        while missing > 0:
            part = self._pipe.read(missing)  # a raw pipe gives what it has
            if not part:
                break
            if not isinstance(part, (bytes, bytearray, memoryview)):
                raise AudioError(f"{self._name} reads as text; expected a file object opened as binary")
            parts.append(bytes(part))
            missing -= len(part)
        return b"".join(parts)

    def unread(self, data: bytes) -> None:
        """Give back bytes, to be read next."""
        self._ahead = data + self._ahead

    def peek(self, n_bytes: int) -> bytes:
        """The next `n_bytes` bytes without taking them."""
        data = self.read(n_bytes)
        self.unread(data)
        return data

    def close(self) -> None:
        """Close the pipe if it is ours to close."""
        if self._owned:
            self._pipe.close()


def _blocks(reader: _Reader, wav: WavFormat) -> Iterator[FloatArray]:
    block_bytes = max(1, BLOCK_VALUES // wav.n_channels) * wav.frame_bytes
    remaining = wav.data_bytes
    while remaining is None or remaining > 0:
        wanted = block_bytes if remaining is None else min(block_bytes, remaining)
        data = reader.read(wanted)
        if remaining is not None:
            remaining -= len(data)
        if data:
            yield samples_of(data, wav)
        if len(data) < wanted:
            return


def _spool(reader: _Reader) -> BinaryIO:
    spooled = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES))  # noqa: SIM115
    while data := reader.read(1 << 16):
        spooled.write(data)
    reader.close()
    spooled.seek(0)
    return spooled
