"""Reads recordings from a pipe or a file object, once from front to back: WAV, or raw 16 kHz s16le PCM.

Any other container is kept in a temporary file first, since its decoder must seek.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from ..arrays import FloatArray
from ..errors import AudioError
from ..gaps import Gap
from .convert import to_mono_16k
from .files import open_container
from .mono import BLOCK_VALUES, SAMPLE_RATE_HZ, Opened, check_rate
from .options import AS_IT_COMES, ReadOptions
from .sniff import SPEECH_HEAD_BYTES, is_container, is_like_speech, other_kind, weak_kind
from .waiting import PipeReader
from .wav import BELIEVABLE_BYTES, PCM16_MONO_16K, WavFormat, is_chunk, is_wav, read_wav_header, samples_of, skip_chunk

_LOG = logging.getLogger("edge.audio")

_HEAD_BYTES = 4096
_LEAST_S = 0.02
"""Seconds of sound that are waited for where it is wanted as it comes: less is not worth the work of a block."""
_SPOOL_BYTES = 1 << 24
_SPOOL_MAX_BYTES = 1 << 33
_EXPECTED = "expected a recording such as WAV, FLAC or MP3, or raw 16 kHz 16-bit mono PCM"


def open_pipe(
    pipe: BinaryIO, *, name: str | None = None, owned: bool = False, options: ReadOptions = AS_IT_COMES
) -> Opened:
    """Open the recording in `pipe`, which is closed with the result only when it is `owned`."""
    name = name or _name_of(pipe)
    reader = PipeReader(pipe, name, owned=owned)
    try:
        if options.raw:
            return _open_pcm(reader, name, PCM16_MONO_16K, options)
        return _open_pipe(reader, name, options)
    except BaseException:
        reader.close()
        raise


def _name_of(pipe: BinaryIO) -> str:
    name = getattr(pipe, "name", None)  # of a pipe without a file this is a number
    if not isinstance(name, str):
        return "the audio stream"
    return "standard input" if name == "<stdin>" else name


def _open_pipe(reader: PipeReader, name: str, options: ReadOptions) -> Opened:
    head = reader.peek(12)
    if not head and reader.problem:
        raise AudioError(f"{name}: {reader.problem}; expected a recording")
    if not head:
        raise AudioError(f"{name} is empty: {_EXPECTED}, found 0 bytes")
    if is_wav(head):
        wav, wav_header = read_wav_header(reader.read, name)
        if wav is not None:
            return _open_pcm(reader, name, wav, options)
        reader.unread(wav_header)  # a codec inside WAV; libsndfile knows those
        return open_container(_spool(reader, name), name, options)
    head = reader.peek(_HEAD_BYTES)
    if is_container(head):
        return open_container(_spool(reader, name), name, options)
    kind = other_kind(head)
    if kind is None and is_like_speech(reader.peek(SPEECH_HEAD_BYTES)):
        return _open_pcm(reader, name, PCM16_MONO_16K, options)
    kind = kind or weak_kind(head)
    if kind is not None:
        raise AudioError(f"{name} is {kind}; {_EXPECTED}. If it is raw PCM all the same, say so with --raw")
    try:
        return open_container(_spool(reader, name), name, options)
    except AudioError as error:
        raise AudioError(
            f"{name} begins with the bytes {head[:8].hex(' ')}, which are neither of a known format nor like speech "
            f"in raw 16 kHz 16-bit mono PCM; {_EXPECTED}. If it is raw PCM, say so with --raw"
        ) from error


def _open_pcm(reader: PipeReader, name: str, wav: WavFormat, options: ReadOptions) -> Opened:
    options.check_only_track(name)
    check_rate(wav.rate_hz, name)
    gaps: list[Gap] = []
    return Opened(name, _blocks(reader, name, wav, gaps, options.block_s), close=reader.close, gaps=gaps)


def _blocks(
    reader: PipeReader, name: str, first: WavFormat, gaps: list[Gap], block_s: float | None
) -> Iterator[FloatArray]:
    """Decode to blocks (n_samples,): one recording after the other where several are joined."""
    n_done, wav = 0, first
    while True:
        began_s = n_done / SAMPLE_RATE_HZ
        samples = _Samples(reader, wav, block_s)
        for block in to_mono_16k(samples.blocks(), wav.rate_hz, name, gaps, began_s):
            n_done += len(block)
            yield block
        if samples.problem:
            end_s = n_done / SAMPLE_RATE_HZ
            gaps.append(Gap(end_s, max(began_s + samples.promised_s, end_s), samples.problem, "damage"))
            _LOG.warning("%s: %s; its first %.2f s were read", name, samples.problem, end_s)
        following = _next_wav(reader, name) if samples.has_ended else None
        if following is None:
            return
        wav = following


class _Samples:
    """Samples of one PCM stream, and what was wrong with their end."""

    def __init__(self, reader: PipeReader, wav: WavFormat, block_s: float | None) -> None:
        """Begin; blocks have `block_s` at most, and come before they are full."""
        self._reader = reader
        self._wav = wav
        n_frames = max(1, BLOCK_VALUES // wav.n_channels)
        self._n_frames = n_frames if block_s is None else min(n_frames, _frames(block_s, wav))
        self._least_frames = self._n_frames if block_s is None else _frames(min(block_s, _LEAST_S), wav)
        believed = wav.data_bytes is not None and (wav.is_long or wav.data_bytes < BELIEVABLE_BYTES)
        self.promised_s = (wav.data_bytes or 0) / wav.frame_bytes / wav.rate_hz if believed else 0.0
        """Seconds of samples that the header announces; 0 where that is not plausible."""
        self.problem = ""
        """Reason why the samples ended early; empty where they did not."""
        self.has_ended = False
        """Whether all that the header announces has come, and what follows does not look like more of it."""

    def blocks(self) -> Iterator[FloatArray]:
        """Read blocks (n_frames, n_channels)."""
        wav = self._wav
        block_bytes, least_bytes = self._n_frames * wav.frame_bytes, self._least_frames * wav.frame_bytes
        remaining = wav.data_bytes
        while remaining is None or remaining > 0:
            wanted = block_bytes if remaining is None else min(block_bytes, remaining)
            least = min(least_bytes, wanted)
            data = self._reader.read(wanted, least)
            n_unfinished = len(data) % wav.frame_bytes
            if n_unfinished and least <= len(data) < wanted:
                self._reader.unread(data[-n_unfinished:])
                data = data[:-n_unfinished]
            if remaining is not None:
                remaining -= len(data)
            if len(data) >= wav.frame_bytes:
                yield samples_of(data, wav)
            if len(data) < least:
                is_short = remaining is not None and self.promised_s > 0 and not self._reader.is_left
                self.problem = self._reader.problem or ("it ends before its header says" if is_short else "")
                return
            if remaining == 0 and self._goes_on():
                remaining = None
        self.has_ended = True

    def _goes_on(self) -> bool:
        """Whether samples go on after their announced end: the writer was killed before it could correct its header."""
        if not self._reader.has_more():
            return False
        pad = (self._wav.data_bytes or 0) % 2
        after = self._reader.peek(8 + pad)[pad:]
        return len(after) == 8 and not is_chunk(after)


def _frames(seconds: float, wav: WavFormat) -> int:
    return max(1, round(seconds * wav.rate_hz))


def _next_wav(reader: PipeReader, name: str) -> WavFormat | None:
    """Find the format of a WAV that follows the one whose samples have been read."""
    while reader.has_more():
        head = reader.peek(13)
        if head[:1] == b"\0":  # samples of odd length are padded
            reader.read(1)
            head = head[1:]
        if is_wav(head) and head[8:12] == b"WAVE":
            try:
                wav, _ = read_wav_header(reader.read, name)
                check_rate(wav.rate_hz if wav else 0, name)
            except AudioError as error:
                _LOG.warning("%s: another WAV follows, which cannot be read and is left out: %s", name, error)
                return None
            return wav
        if not is_chunk(head) or not skip_chunk(reader.read):
            return None
    return None


def _spool(reader: PipeReader, name: str) -> BinaryIO:
    """Copy all that comes to a temporary file."""
    spooled = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES))  # noqa: SIM115
    try:
        while data := reader.read(1 << 16):
            spooled.write(data)
            if spooled.tell() > _SPOOL_MAX_BYTES:
                raise AudioError(
                    f"{name} is longer than {_SPOOL_MAX_BYTES >> 30} GiB, the most that is kept of a stream whose "
                    "format needs seeking; write it to a file and give that"
                )
    except OSError as error:
        spooled.close()
        raise AudioError(
            f"{name} cannot be kept in a temporary file ({error.strerror or error}); write it to a file and give that"
        ) from error
    except BaseException:
        spooled.close()
        raise
    if reader.problem:
        _LOG.warning("%s: %s; what came before that is used", name, reader.problem)
    reader.close()
    spooled.seek(0)
    return spooled
