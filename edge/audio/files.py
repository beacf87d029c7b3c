"""Opens recordings in seekable files through libsndfile; what that refuses through PyAV, where it is installed."""

from __future__ import annotations

from typing import BinaryIO

import soundfile

from ..errors import AudioError
from .codecs import open_with_pyav
from .decode import Decoder, Recording, open_part, read_forward, reason_of
from .find_stream import find_part, stream_of
from .headers import HeaderStream
from .mono import Opened, check_rate
from .options import AS_IT_COMES, ReadOptions
from .view import Source, View

_UNKNOWN_FRAMES = 1 << 62


def open_container(file: BinaryIO, name: str, options: ReadOptions = AS_IT_COMES) -> Opened:
    """Open a seekable file that holds a recording of any format; the result owns the file."""
    try:
        return _open_container(file, name, options)
    except BaseException:
        file.close()
        raise


def _open_container(file: BinaryIO, name: str, options: ReadOptions) -> Opened:
    try:
        source = Source(file)
        if not source.size:
            raise AudioError(f"{name} is empty: expected a recording, found 0 bytes")
        first = _first_decoder(source)
    except soundfile.LibsndfileError as error:
        source.rewind()
        return _open_refused(source, file, name, reason_of(error), options)
    except AudioError:
        raise
    except (OSError, TypeError, ValueError) as error:
        raise AudioError(f"{name} cannot be read as audio: {error}") from error
    options.check_only_track(name)
    return _opened(source, name, first, first.stream.before())


def _first_decoder(source: Source) -> Decoder:
    """Open a decoder at the beginning of the file, after mending a header that claims less than the file holds."""
    header = HeaderStream(source)
    view = header.repaired() if header.is_short() else None
    try:
        sound = _sound(source, view)
    except soundfile.LibsndfileError:
        view = header.repaired()
        if view is None:
            raise
        sound = _sound(source, view)
    if sound.format != "MP3":  # else its samples would differ in the last bits from those of other readers
        read_forward(sound)
    if sound.frames < _UNKNOWN_FRAMES:
        header.announced_s = sound.frames / sound.samplerate
    return Decoder(sound, stream_of(source, sound.format) or header, view)


def _sound(source: Source, view: View | None) -> soundfile.SoundFile:
    if view is None and source.descriptor is not None:
        source.rewind()
        return soundfile.SoundFile(source.descriptor, closefd=False)
    return soundfile.SoundFile(view or View(source, b"", 0, source.size))


def _open_refused(source: Source, file: BinaryIO, name: str, reason: str, options: ReadOptions) -> Opened:
    """Open what libsndfile refuses: after damage at its beginning, or through PyAV."""
    for part in find_part(source):
        decoder = open_part(part)
        if decoder is not None:
            return _opened(source, name, decoder, part.reason)
    source.rewind()
    return open_with_pyav(file, name, reason=reason, track=options.track)


def _opened(source: Source, name: str, first: Decoder, reason: str = "") -> Opened:
    """Wrap the decoder `first` as a recording; `reason` says what is missing before it, if anything is."""
    check_rate(first.sound.samplerate, name)
    recording = Recording(source, name, first, reason)
    sound = first.sound
    duration_s = sound.frames / sound.samplerate if sound.frames < _UNKNOWN_FRAMES else None
    return Opened(name, recording.blocks(), duration_s, recording.close, recording.gaps)
