"""A journal of what is spoken, written while it is spoken, for the case that the program does not live to say it.

Each recording is a WAV of float32 whose header leaves its length open, so that `edgewise transcribe` reads it up to
the last sample that reached the disk, and a file of JSON lines beside it that say what is missing. A recording that is
being written is locked; one that is there and not locked was left by a program that is gone.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import struct
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from ..arrays import FloatArray
from ..errors import OutputError
from ..files import lock_file, sync_file, sync_folder
from ..gaps import Gap
from .mono import SAMPLE_RATE_HZ

_LOG = logging.getLogger("edge.audio")

_TIME_FORM = "%Y%m%dT%H%M%S"
_PATTERN = "edgewise-*.wav"
_GAPS_SUFFIX = ".jsonl"
_SAMPLE_BYTES = 4
_UNKNOWN = 0xFFFFFFFF
_SYNC_WITHIN_S = 5.0
_TRY_AGAIN_S = 1.0
_LOCK_TRIES = 20
_KEPT_S = 120
_MOST_SILENCE_S = 60.0
_NOT_KEPT = "the disk was full for longer than sound was kept in memory"


def _header(n_bytes: int | None = None) -> bytes:
    """Make the header of a WAV with `n_bytes` of samples; None leaves it open how many they are."""
    length = _UNKNOWN if n_bytes is None else min(n_bytes, _UNKNOWN)
    whole = min(length + 36, _UNKNOWN)
    form = (3, 1, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * _SAMPLE_BYTES, _SAMPLE_BYTES, 8 * _SAMPLE_BYTES)
    riff = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", whole, b"WAVE", b"fmt ", 16, *form)
    return riff + struct.pack("<4sI", b"data", length)


_HEADER_BYTES = len(_header())


class Journal:
    """A recording that is kept on disk until its words are safe.

    Nothing waits: what was written is with the system when `write` returns, and on the disk a moment later. A disk that
    is full is mentioned once; the last two minutes are kept in memory meanwhile, and written when there is room.
    """

    def __init__(self, folder: Path, sync_every_s: float = 1.0) -> None:
        """Begin a recording in a folder, which is made if it is not there.

        Should the power go, so many seconds are lost that passed between two times of bringing it to the disk.

        Raises:
            OutputError: the folder cannot be made, or no file in it.
        """
        name = f"edgewise-{datetime.now().astimezone().strftime(_TIME_FORM)}-{secrets.token_hex(4)}.wav"
        self.path = folder / name
        """WAV that is being written."""
        self.problem = ""
        """Reason why nothing can be written at the moment; empty where it can."""
        self._waiting: deque[tuple[int, FloatArray] | Gap] = deque()
        self._n_waiting = self._n_written = self._position = 0
        self._try_at_s = 0.0
        self._is_begun = self._is_over = False
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sound, self._gaps = _create(self.path), _create(self.path.with_suffix(_GAPS_SUFFIX))
        except OSError as error:
            raise OutputError(f"{folder}: {error.strerror or error}; name another folder for what is spoken") from error
        self._n_gap_bytes = 0
        self._sync_every_s = sync_every_s
        self._ending = threading.Event()
        self._syncing = threading.Thread(target=self._sync, name="edgewise-journal", daemon=True)
        self._syncing.start()
        self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, samples: FloatArray) -> None:
        """Write samples (n_samples,), mono at 16 kHz."""
        self._check_open()
        self._waiting.append((self._position, samples.astype("<f4")))
        self._n_waiting += len(samples)
        self._position += len(samples)
        self._flush()

    def gap(self, gap: Gap) -> None:
        """Write that something is missing here, and as much silence, but a minute at most."""
        self._check_open()
        self._waiting.append(gap)
        self._position = round(gap.end * SAMPLE_RATE_HZ)
        self._flush()

    def deliver(self) -> None:
        """Remove the recording, whose words are safe."""
        self._end()
        _remove(self.path)

    def close(self) -> None:
        """Leave the recording, whole, to whoever asks for `recoverable` ones; harmless after its end."""
        if self._is_over:
            return
        self._try_at_s = 0.0
        self._flush()
        with suppress(OSError):  # it is read all the same
            os.pwrite(self._sound, _header(self._n_written * _SAMPLE_BYTES), 0)
        self._end()

    def _check_open(self) -> None:
        if self._is_over:
            raise ValueError(f"{self.path} is closed: begin another journal")

    def _end(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._ending.set()
        self._syncing.join(_SYNC_WITHIN_S)
        if not self._syncing.is_alive():  # a disk may hang; its files then stay open
            os.close(self._sound)
            os.close(self._gaps)

    def _flush(self) -> None:
        """Write what waits, as far as there is room."""
        if time.monotonic() < self._try_at_s:
            self._forget_oldest()
            return
        try:
            if not self._is_begun:
                _write_at(self._sound, _header(), 0)
                self._is_begun = True
            while self._waiting:
                self._write(self._waiting[0])
                self._waiting.popleft()
        except OSError as error:
            if not self.problem:
                _LOG.warning("%s: %s; what is spoken is kept in memory, %d s of it", self.path, error.strerror, _KEPT_S)
            self.problem = error.strerror or str(error)
            self._try_at_s = time.monotonic() + _TRY_AGAIN_S
            self._forget_oldest()
        else:
            if self.problem:
                _LOG.warning("%s: it can be written to again", self.path)
            self.problem = ""

    def _write(self, item: tuple[int, FloatArray] | Gap) -> None:
        """Write sound or a gap to its place; what an error interrupts is written once more, to the same place."""
        if isinstance(item, Gap):
            n_silent = round(min(item.end - item.start, _MOST_SILENCE_S) * SAMPLE_RATE_HZ)
            line = json.dumps({**asdict(item), "at": self._n_written, "n_silent": n_silent}) + "\n"
            _write_at(self._gaps, line.encode(), self._n_gap_bytes)
            os.ftruncate(self._sound, _HEADER_BYTES + (self._n_written + n_silent) * _SAMPLE_BYTES)
            self._n_gap_bytes += len(line.encode())
            self._n_written += n_silent
            return
        _, samples = item
        _write_at(self._sound, samples.tobytes(), _HEADER_BYTES + self._n_written * _SAMPLE_BYTES)
        self._n_written += len(samples)
        self._n_waiting -= len(samples)

    def _forget_oldest(self) -> None:
        """Keep what waits within bounds: the oldest becomes a gap."""
        if self._n_waiting <= _KEPT_S * SAMPLE_RATE_HZ:
            return
        begin_s, end_s = None, 0.0
        while self._n_waiting > _KEPT_S * SAMPLE_RATE_HZ:
            item = self._waiting.popleft()
            if isinstance(item, Gap):
                start_s, end_s = item.start, item.end
            else:
                self._n_waiting -= len(item[1])
                start_s, end_s = item[0] / SAMPLE_RATE_HZ, (item[0] + len(item[1])) / SAMPLE_RATE_HZ
            begin_s = start_s if begin_s is None else begin_s
        self._waiting.appendleft(Gap(begin_s or 0.0, end_s, _NOT_KEPT, "lost"))

    def _sync(self) -> None:
        """Bring to the disk, again and again, what the system has; in a thread, since a disk may take its time."""
        sync_folder(self.path.parent)
        while not self._ending.wait(self._sync_every_s):
            with suppress(OSError):  # whether there is room is seen by who writes
                sync_file(self._sound)
                sync_file(self._gaps)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A recording that somebody left without saying that its words are safe."""

    path: Path
    """WAV to transcribe."""
    began: datetime
    duration_s: float
    gaps: tuple[Gap, ...]
    """Gaps within it, in seconds of the WAV, which has no more than a minute of silence for each."""

    def remove(self) -> None:
        """Remove it: its words are safe now."""
        _remove(self.path)


def recoverable(folder: Path) -> tuple[Unfinished, ...]:
    """List the recordings in a folder whose writers are gone, the oldest first."""
    found = (_unfinished(path) for path in sorted(folder.glob(_PATTERN)))
    return tuple(each for each in found if each is not None)


def _unfinished(path: Path) -> Unfinished | None:
    """Look at a recording; None where it is being written, or holds no sound."""
    try:
        with path.open("rb") as file:
            lock_file(file.fileno())
            n_samples = (os.fstat(file.fileno()).st_size - _HEADER_BYTES) // _SAMPLE_BYTES
    except OSError:
        return None
    if n_samples <= 0:
        return None
    duration_s = n_samples / SAMPLE_RATE_HZ
    try:
        began = datetime.strptime(path.name.split("-")[1], _TIME_FORM).astimezone()
    except (IndexError, ValueError):
        began = datetime.fromtimestamp(path.stat().st_mtime - duration_s).astimezone()
    return Unfinished(path, began, duration_s, tuple(_read_gaps(path.with_suffix(_GAPS_SUFFIX), duration_s)))


def _read_gaps(path: Path, duration_s: float) -> list[Gap]:
    """Read the gaps; a line that is torn, as the last may be, tells nothing."""
    gaps = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return []
    for line in lines:
        with suppress(ValueError, KeyError, TypeError, OverflowError, RecursionError):
            said = json.loads(line)
            at_s, silent_s = said["at"] / SAMPLE_RATE_HZ, said["n_silent"] / SAMPLE_RATE_HZ
            if 0 <= at_s <= duration_s and silent_s >= 0:
                gaps.append(Gap(at_s, min(at_s + silent_s, duration_s), str(said["reason"]), "lost"))
    return gaps


def _remove(path: Path) -> None:
    for each in (path.with_suffix(_GAPS_SUFFIX), path):
        each.unlink(missing_ok=True)
    sync_folder(path.parent)


def _create(path: Path) -> int:
    """Make a file that nobody else can read, locked until it is closed."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    for _ in range(_LOCK_TRIES):  # somebody who lists may have it locked for a moment; some file systems know no locks
        try:
            lock_file(descriptor)
            break
        except OSError:
            time.sleep(0.01)
    return descriptor


def _write_at(descriptor: int, data: bytes, at: int) -> None:
    """Write all of `data` at a place of a file."""
    view = memoryview(data)
    while view:
        n = os.pwrite(descriptor, view, at)
        view, at = view[n:], at + n
