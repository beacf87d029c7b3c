"""A recording with a session that is slow: its sound is on the disk all the same, and its text is the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from edge.arrays import FloatArray
from edge.audio.journal import Journal
from edge.audio.microphone import Captured
from edge.dictate.recording import Recording, Spoken
from edge.errors import OptionError
from edge.gaps import Gap
from edge.session import Session
from edge.transcript.events import End, Event, Final, Silence

from .parts import ScriptedSession, final

N_PIECE = 320
_HEADER_BYTES, _SAMPLE_BYTES = 44, 4


@dataclass
class SlowSession(ScriptedSession):
    """Reads nothing until it may."""

    may_read: threading.Event = field(default_factory=threading.Event)

    def feed(self, samples: FloatArray) -> list[Event]:
        assert self.may_read.wait(10)
        return super().feed(samples)


@pytest.fixture
def reader() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as reader:
        yield reader


def record(session: Session, reader: ThreadPoolExecutor, folder: Path) -> Recording:
    return Recording(lambda: session, reader, lambda: Journal(folder), None, 0.0, 0, lambda event: None)


def speak(recording: Recording, n_pieces: int) -> list[Spoken]:
    samples = np.full(N_PIECE, 0.1, np.float32)
    pieces = (Captured(samples, recording.position) for _ in range(n_pieces))
    return [spoken for piece in pieces for spoken in recording.take(piece)]


def n_kept(journal: Path) -> int:
    """Count the pieces that are on the disk."""
    return (journal.stat().st_size - _HEADER_BYTES) // _SAMPLE_BYTES // N_PIECE


def texts(spoken: Spoken) -> str:
    return "".join(event.segment.text for event in (*spoken.events, *spoken.rest()) if isinstance(event, Final))


def test_sound_is_on_the_disk_while_the_session_is_slow(reader: ThreadPoolExecutor, tmp_path: Path) -> None:
    session = SlowSession()
    recording = record(session, reader, tmp_path)
    speak(recording, 50)
    (journal,) = tmp_path.glob("*.wav")
    assert (n_kept(journal), session.n_heard) == (50, 0)
    session.may_read.set()
    spoken = recording.end()
    assert spoken is not None
    assert texts(spoken) == " hello there"
    assert session.n_heard == 50 * N_PIECE
    spoken.journal.deliver()


def test_sound_behind_a_pause_that_is_found_late_is_in_the_next_journal(
    reader: ThreadPoolExecutor, tmp_path: Path
) -> None:
    def answers(n_heard: int) -> list[Event]:
        return [final(" first"), Silence(0.6)] if n_heard == 30 * N_PIECE else []

    session = SlowSession(answers=answers)
    recording = record(session, reader, tmp_path)
    assert speak(recording, 40) == []
    assert recording.skip(Gap(0.8, 1.0, "the microphone was gone", "lost")) == []
    session.may_read.set()
    reader.submit(int).result()
    (first,) = speak(recording, 1)
    assert (texts(first), first.duration_s) == (" first", 0.6)
    first.journal.deliver()
    (journal,) = tmp_path.glob("*.wav")
    assert n_kept(journal) == 10 + 10 + 1  # sound, the gap as silence, sound
    rest = recording.end()
    assert rest is not None
    assert texts(rest) == " hello there"
    assert rest.duration_s == pytest.approx(11 * 0.02)
    rest.journal.deliver()


def test_a_pause_at_the_stop_is_known_though_sound_has_just_come(reader: ThreadPoolExecutor, tmp_path: Path) -> None:
    recording = record(ScriptedSession(quiet_s=1.0), reader, tmp_path)
    recording.released, recording.stop = 10 * N_PIECE, 20 * N_PIECE
    speak(recording, 10)
    assert recording.is_over
    recording.cancel()


def test_a_stop_does_not_wait_for_a_slow_session(reader: ThreadPoolExecutor, tmp_path: Path) -> None:
    session = SlowSession(quiet_s=1.0)
    recording = record(session, reader, tmp_path)
    recording.released, recording.stop = 10 * N_PIECE, 20 * N_PIECE
    speak(recording, 10)
    assert not recording.is_over
    speak(recording, 10)
    assert recording.is_over
    session.may_read.set()
    recording.cancel()


def test_what_is_given_up_is_read_no_further(reader: ThreadPoolExecutor, tmp_path: Path) -> None:
    session = SlowSession()
    recording = record(session, reader, tmp_path)
    speak(recording, 50)
    recording.cancel()
    session.may_read.set()
    reader.submit(int).result()
    assert session.n_heard <= N_PIECE  # the piece that it was at
    assert session.is_closed
    assert list(tmp_path.iterdir()) == []


def test_a_session_that_cannot_begin_loses_no_sound(reader: ThreadPoolExecutor, tmp_path: Path) -> None:
    def begin() -> Session:
        raise OptionError("the model is gone")

    recording = Recording(begin, reader, lambda: Journal(tmp_path), None, 0.0, 0, lambda event: None)
    recording.released, recording.stop = 0, N_PIECE
    reader.submit(int).result()
    assert not recording.is_over
    recording.stop = 2 * N_PIECE
    with suppress(OptionError):  # it may be known already
        speak(recording, 1)
    reader.submit(int).result()
    with pytest.raises(OptionError, match="the model is gone"):
        speak(recording, 1)
    recording.give_up()
    (journal,) = tmp_path.glob("*.wav")
    assert n_kept(journal) == 2


def test_the_end_says_so(reader: ThreadPoolExecutor, tmp_path: Path) -> None:
    recording = record(ScriptedSession(), reader, tmp_path)
    assert recording.end() is None
    recording = record(ScriptedSession(), reader, tmp_path)
    speak(recording, 5)
    spoken = recording.end()
    assert spoken is not None
    assert isinstance(spoken.rest()[-1], End)
    spoken.journal.deliver()
