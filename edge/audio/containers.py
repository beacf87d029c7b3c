"""Opens containers through PyAV: only formats of recordings, and only the bytes of the given file."""

from __future__ import annotations

import errno
import io
from functools import cache
from typing import TYPE_CHECKING, BinaryIO

from ..errors import AudioError

if TYPE_CHECKING:
    from av.container import InputContainer

# Demuxers of formats that hold their sound themselves. Left out are those that name other files or addresses
# (playlists, DASH, SDP, concatenations), devices, and those that accept any bytes.
_DEMUXERS = (
    *("aac", "ac3", "ac4", "aea", "aiff", "amr", "amrnb", "amrwb", "ape", "asf", "asf_o", "au", "avi", "avr", "bonk"),
    *("caf", "dhav", "dsf", "dss", "dts", "dtshd", "eac3", "flac", "flv", "g722", "gsm", "gxf", "hcom", "iff", "ircam"),
    *("kux", "lc3", "live_flv", "loas", "matroska", "mlp", "mmf", "mov", "mp3", "mpc", "mpc8", "mpeg", "mpegts", "mxf"),
    *("nistsphere", "nsv", "nut", "ogg", "oma", "osq", "paf", "pva", "pvf", "qcp", "qoa", "rka", "rm", "rso", "sbc"),
    *("sds", "shn", "smjpeg", "sox", "spdif", "swf", "tak", "truehd", "tta", "ty", "voc", "vqf", "w64", "wav"),
    *("wsaud", "wtv", "wv", "wve", "xa", "xwma"),
)
_NO_PROTOCOL = "none"
_SEEK_FAILED = -22  # EINVAL, as libav reports errors
# Some containers announce a track only by its first packet, which may come late.
_LATE_TRACKS = frozenset({"mpeg", "mpegts", "flv", "live_flv", "kux", "nsv", "pva", "rm", "ty", "wtv"})
_MORE_PROBING = {"probesize": str(1 << 28), "analyzeduration": "600000000"}
_CHUNK_BYTES = 1 << 16
_SEARCHED_BYTES = 1 << 26
_TEXT_BYTES = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D}
_SHOWN_CHARACTERS = 40


class Bytes:
    """A file as PyAV reads it, from its current position.

    Errors are kept here: raised through libav, they would be lost.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = file.tell()
        self.failure: BaseException | None = None
        """Error that ended the reading early: an error of the file, or an interrupt."""
        self.is_closed = False
        """Whether the container is closed; PyAV crashes when it is asked for more after that."""

    def read(self, n_bytes: int) -> bytes:
        """Read the next bytes; nothing at the end and after a failure."""
        if self.failure is not None:
            return b""
        try:
            return bytes(self._file.read(n_bytes))
        except BaseException as error:
            self.failure = error
            return b""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position and give it; a negative number where it does not exist."""
        try:
            if whence == io.SEEK_SET:
                offset += self._start
            return self._file.seek(offset, whence) - self._start
        except (OSError, ValueError, OverflowError):
            return _SEEK_FAILED
        except BaseException as error:
            self.failure = error
            return _SEEK_FAILED

    def tell(self) -> int:
        """Give the position."""
        return self._file.tell() - self._start

    def at(self, position: int, n_bytes: int) -> bytes:
        """Read the bytes at a position without moving; nothing where there is no such position."""
        before = self.tell()
        try:
            return self.read(n_bytes) if self.seek(position) == position else b""
        finally:
            self.seek(before)

    def find(self, mark: bytes, position: int) -> int | None:
        """Find `mark` at or after a position; None where it is absent or too far away."""
        if self.at(position, len(mark)) == mark:
            return position
        for begin in range(position, position + _SEARCHED_BYTES, _CHUNK_BYTES):
            data = self.at(begin, _CHUNK_BYTES + len(mark) - 1)
            found = data.find(mark)
            if found >= 0:
                return begin + found
            if len(data) < _CHUNK_BYTES:
                break
        return None


def open_av(source: Bytes, name: str, reason: str) -> InputContainer:
    """Open a recording that libsndfile refused for `reason`, and make sure that it has an audio track."""
    container = _opened(source, name, reason, {})
    if not container.streams.audio and not _LATE_TRACKS.isdisjoint(demuxers(container)):
        container.close()
        container = _opened(source, name, reason, _MORE_PROBING)
    if container.streams.audio:
        return container
    streams = container.streams
    found = f"{len(streams.video)} of video and {len(streams.subtitles)} of subtitles, {len(streams)} in all"
    container.close()
    raise AudioError(f"{name} has no audio track; expected a recording, found tracks: {found}")


def demuxers(container: InputContainer) -> set[str]:
    """Give the names of the demuxer that reads a container."""
    return set(container.format.name.split(","))


def _opened(source: Bytes, name: str, reason: str, probing: dict[str, str]) -> InputContainer:
    import av

    source.seek(0)
    try:
        return av.open(
            source,
            mode="r",
            metadata_errors="ignore",
            container_options={
                "format_whitelist": ",".join(_DEMUXERS),
                "protocol_whitelist": _NO_PROTOCOL,
                "enable_drefs": "0",
                "codec_whitelist": ",".join(_audio_decoders()),
                **probing,
            },
            io_open=_nothing,
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        _raise_failure(source, name)
        raise AudioError(_refusal(source, name, reason, error)) from error


def _raise_failure(source: Bytes, name: str) -> None:
    if isinstance(source.failure, OSError):
        raise AudioError(f"{name} cannot be read: {source.failure.strerror or source.failure}") from source.failure
    if source.failure is not None:
        raise source.failure


def _nothing(url: str, flags: int, options: dict[str, str]) -> BinaryIO:
    """Stand in for any other file that a recording names: an empty one."""
    return io.BytesIO()


@cache
def _audio_decoders() -> tuple[str, ...]:
    """Give the names of the audio decoders; video is not decoded."""
    from av.codec import Codec, codecs_available

    names = []
    for name in sorted(codecs_available):
        try:
            codec = Codec(name, "r")
        except ValueError:  # an encoder
            continue
        if codec.type == "audio":
            names.append(codec.name)
    return tuple(names)


def _refusal(source: Bytes, name: str, reason: str, error: Exception) -> str:
    head = source.at(0, 512)
    if head and _TEXT_BYTES.issuperset(head):
        first = head.decode("ascii").split("\n")[0].strip()[:_SHOWN_CHARACTERS]
        return (
            f"{name} is not audio that can be read: expected a recording, found text that begins with {first!r}. "
            "A playlist is not followed; name the recordings that it lists"
        )
    detail = getattr(error, "strerror", None) or error
    if getattr(error, "errno", None) == errno.EINVAL:
        detail = "not a known format"
    elif head[4:8] == b"ftyp" and source.find(b"moov", 0) is None:
        detail = "its index is missing, which a recorder writes last: it was interrupted, or the file is cut short"
    return (
        f"{name} is not audio that can be read ({reason}; {detail}): "
        "expected a complete recording such as WAV, FLAC, OGG, MP3 or M4A"
    )
