"""Recordings in files: whatever libsndfile reads, and through PyAV, where it is installed, the rest."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from ..errors import AudioError
from .codecs import open_with_pyav
from .mono import BLOCK_VALUES, FloatArray, Opened, check_rate, to_mono_16k
from .options import AS_IT_COMES, ReadOptions

_LOG = logging.getLogger("edge.audio")

_UNKNOWN_FRAMES = 1 << 62
_RAW_SUFFIXES = frozenset({".raw", ".pcm"})


def open_file(path: Path, options: ReadOptions = AS_IT_COMES) -> Opened:
    """Open the recording at `path`; every way in which that fails is an `AudioError` that names it."""
    name = str(path)
    if path.is_dir():
        raise AudioError(f"{name} is a folder; expected a recording, so name the files inside it")
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise AudioError(f"{name} does not exist; expected a recording") from None
    except OSError as error:
        raise AudioError(f"{name} cannot be opened: {error.strerror or error}") from error
    if path.suffix.lower() in _RAW_SUFFIXES or not file.seekable():
        from .pipes import open_pipe

        return open_pipe(file, name=name, owned=True, options=options)
    return open_container(file, name, options)


def open_container(file: BinaryIO, name: str, options: ReadOptions = AS_IT_COMES) -> Opened:
    """Open a seekable file that holds a complete recording of any format; the result owns the file."""
    try:
        return _open_container(file, name, options)
    except BaseException:
        file.close()
        raise


def _open_container(file: BinaryIO, name: str, options: ReadOptions) -> Opened:
    start = file.tell()
    if not file.read(1):
        raise AudioError(f"{name} is empty: expected a recording, found 0 bytes")
    file.seek(start)
    try:
        sound = soundfile.SoundFile(_handle(file, start), closefd=False)
    except soundfile.LibsndfileError as error:
        file.seek(0, io.SEEK_END)  # libsndfile has moved the file behind its buffer's back
        file.seek(start)
        return open_with_pyav(file, name, _reason(error), track=options.track)
    except (OSError, TypeError, ValueError) as error:
        raise AudioError(f"{name} cannot be read as audio: {error}") from error
    options.check_only_track(name)
    check_rate(sound.samplerate, name)

    def close() -> None:
        sound.close()
        file.close()

    blocks = to_mono_16k(_sound_blocks(sound, name), sound.samplerate)
    duration_s = sound.frames / sound.samplerate if sound.frames < _UNKNOWN_FRAMES else None
    return Opened(name, blocks, duration_s, close)


def _handle(file: BinaryIO, start: int) -> BinaryIO | int:
    """The file's descriptor where it has one: libsndfile then reads by itself. It would call back into Python for every
    read otherwise, and an interrupt that arrives in there is lost."""
    try:
        descriptor = file.fileno()
        if start == 0 and os.lseek(descriptor, 0, os.SEEK_SET) == 0:
            return descriptor
    except (OSError, AttributeError):
        pass
    return file


def _sound_blocks(sound: soundfile.SoundFile, name: str) -> Iterator[FloatArray]:
    block_frames = max(1, BLOCK_VALUES // sound.channels)
    done = 0
    while True:
        block = np.empty((block_frames, sound.channels), np.float32)
        try:
            n_frames = len(sound.read(block_frames, out=block))
        except soundfile.LibsndfileError as error:
            # The decoder stops at the damage; what it wrote before that is good.
            n_frames = _frames_before_damage(sound, done, block_frames)
            _report_damage(name, _reason(error), (done + n_frames) / sound.samplerate)
            yield block[:n_frames]
            return
        if n_frames == 0:
            return
        done += n_frames
        yield block[:n_frames]


def _report_damage(name: str, reason: str, good_s: float) -> None:
    if good_s == 0:
        raise AudioError(f"{name} is damaged from its beginning ({reason}); get a complete copy of it")
    _LOG.warning("%s is damaged or cut short (%s): using its first %.2f s", name, reason, good_s)


def _reason(error: soundfile.LibsndfileError) -> str:
    return str(error.error_string).removeprefix("Error : ").rstrip(".")


def _frames_before_damage(sound: soundfile.SoundFile, done: int, block_frames: int) -> int:
    try:
        return min(max(int(sound.tell()) - done, 0), block_frames)
    except soundfile.LibsndfileError:
        return 0
