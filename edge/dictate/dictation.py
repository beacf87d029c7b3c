"""The dictation: keys and commands in, the microphone opened and heard, what was spoken handed on."""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from math import inf

from ..arrays import FloatArray
from ..audio.journal import Journal
from ..audio.microphone import Captured, Notice, Piece
from ..audio.mono import SAMPLE_RATE_HZ
from ..desktop.gestures import Command, Gestures, Mode
from ..desktop.protocol import KeyEvent, Target
from ..errors import EdgeError, MicrophoneError
from ..gaps import Gap
from ..session import Session
from ..transcript.events import Event
from .moments import Moments, Steadiness
from .options import DictateOptions
from .recording import Recording
from .writing import Writing

OpenMicrophone = Callable[[], AbstractContextManager[Iterable[Piece]]]

_BEHIND_S = 0.5
"""Seconds of sound that are kept before a key, to find the sample at which it was pressed."""
_LAST_WITHIN_S = 0.5
"""Seconds that the last sound of a dictation has to come."""
_SILENT_S = 5.0
"""Seconds without a real sample after which that is said once more."""
_ANSWER_S = 4.0
_WAKING = "the microphone gives exact silence so far: it is muted, or a headset that needs up to 3 s to wake up"


class State(StrEnum):
    """State of a dictation."""

    IDLE = "idle"
    PREPARING = "preparing"
    """The microphone gives no sound yet."""
    LISTENING = "listening"


@dataclass(frozen=True, slots=True)
class Request:
    """A command, and where its answer goes."""

    command: Command
    time_s: float
    answer: Future[str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Parts around a dictation, and functions that it tells things."""

    open_microphone: OpenMicrophone
    begin_session: Callable[[Target | None], Session]
    """Function that begins to read what is meant for a window."""
    open_journal: Callable[[], Journal]
    focused: Callable[[], Target | None]
    """Function that gives the window that text is meant for."""
    tell: Callable[[str], object]
    """Function that tells the user something."""
    show: Callable[[State], object] = lambda state: None
    """Function that is told what goes on."""
    hear_cancel: Callable[[bool], object] = lambda is_on: None
    """Function that takes the cancel key, or gives it back."""
    on_sound: Callable[[FloatArray], object] = lambda samples: None
    """Function that takes the sound of a dictation, for a meter."""
    on_event: Callable[[Event], object] = lambda event: None
    """Function that takes what is read while somebody speaks."""
    is_sparing: Callable[[], bool] = lambda: False
    """Function that tells whether the microphone is closed at once after a dictation, to spare a battery."""
    clock: Callable[[], float] = time.monotonic


class Dictation:
    """Hears keys and commands from any thread, and does what they ask for in the one that runs it."""

    def __init__(self, options: DictateOptions, around: Surroundings, writing: Writing) -> None:
        self._options, self._around, self._writing = options, around, writing
        self._gestures = Gestures(Mode(options.mode))
        self._requests: queue.SimpleQueue[KeyEvent | Request | None] = queue.SimpleQueue()
        self._reader = ThreadPoolExecutor(1, "edgewise reading")
        self._recording: Recording | None = None
        self._is_ending = self._is_open = False
        self._trouble = ""  # what is wrong with the microphone
        self._idle_since_s = around.clock()
        self._shown = State.IDLE
        self._begin_hearing()

    def heard(self, event: KeyEvent) -> None:
        """Take a key."""
        self._requests.put(event)

    def answer(self, command: Command, detail: str = "") -> str:
        """Do what a command asks for, and return what came of it."""
        if command is Command.STATUS:
            return self.status
        if command in (Command.UNDO, Command.AGAIN, Command.COPY):
            return self._written(command, detail)
        request = Request(command, self._around.clock(), Future())
        self._requests.put(request)
        try:
            return request.answer.result(_ANSWER_S)
        except TimeoutError:
            return f"error: no answer within {_ANSWER_S:.0f} s; it may still come"

    def _written(self, command: Command, detail: str) -> str:
        """Do what is about texts that are written already."""
        if detail and not detail.isdecimal():
            return f"error: expected the number of a text, got {detail[:40]!r}"
        if command is Command.COPY:
            asked = self._writing.copy(int(detail) if detail else None)
        else:
            asked = self._writing.take_back() if command is Command.UNDO else self._writing.repeat()
        try:
            reason = asked.result(_ANSWER_S)
        except TimeoutError:
            return "it waits for the texts before it"
        return f"error: {reason}" if reason else "done"

    def end(self) -> None:
        """End once what is being said is over: it is written like any other."""
        self._requests.put(None)

    @property
    def state(self) -> State:
        """State at the moment."""
        recording = self._recording
        if recording is None:
            return State.IDLE
        return State.LISTENING if self._steady.is_steady else State.PREPARING

    @property
    def status(self) -> str:
        """Description of the state, in words."""
        recording, due = self._recording, self._writing.n_due
        words = [str(self.state) if recording is None else f"{self.state}, {recording.heard_s:.1f} s heard"]
        if due:
            words.append(f"{due} to write")
        if self._trouble:
            words.append(self._trouble)
        if self._writing.delay_s is not None:
            words.append(f"last text {self._writing.delay_s:.2f} s after the stop")
        return "; ".join(words)

    def run(self) -> None:
        """Run until the end is asked for."""
        with self._reader:
            if self._options.endpoint is not None:
                self._start(self._around.clock())
            while not self._is_ending:
                if self._recording is not None or (self._options.always_open and not self._is_refused):
                    self._listen()
                else:
                    self._obey(self._requests.get())

    def _begin_hearing(self) -> None:
        self._moments, self._steady = Moments(), Steadiness()
        self._recent: deque[Captured] = deque()
        self._opened_s = self._around.clock()
        self._is_refused = self._has_warned = False

    def _listen(self) -> None:
        """Hold the microphone open while somebody dictates, and for a while after."""
        self._begin_hearing()
        self._trouble = ""
        try:
            with self._around.open_microphone() as microphone:
                self._is_open, self._opened_s = True, self._around.clock()
                for piece in microphone:
                    self._take(piece)
                    self._obey_all()
                    if self._may_close():
                        break
        except MicrophoneError as error:
            self._is_refused, self._trouble = True, str(error)
            self._around.tell(self._trouble)
        finally:
            self._is_open = False
            self._finish()

    def _may_close(self) -> bool:
        if self._recording is not None:
            return False
        idle_s = self._around.clock() - self._idle_since_s
        if self._is_ending or self._options.always_open:
            return self._is_ending
        return idle_s >= self._options.keep_open or self._around.is_sparing()

    def _take(self, piece: Piece) -> None:
        """Take what the microphone gives."""
        recording = self._recording
        if isinstance(piece, Notice):
            if piece.kind == "lost":
                self._steady.lose()
                self._has_warned = True  # there is nothing else to say until it is back
            words = _WAKING if piece.kind == "muted" and not self._steady.is_real else piece.text
            if piece.kind != "clipping":
                self._trouble = words if piece.kind in ("lost", "muted") else ""
            if recording is not None:
                self._around.tell(words)
        elif isinstance(piece, Gap):
            self._record(piece)
        else:
            self._hear(piece)
        self._show()
        self._end_if_over()

    def _hear(self, piece: Captured) -> None:
        if not len(piece.samples):
            return
        self._moments.note(piece.end, self._around.clock())
        self._steady.feed(piece)
        if self._steady.is_real:
            self._recent.append(piece)
            self._forget_old(piece.end)
            self._record(piece)
            if self._is_on:
                self._around.on_sound(piece.samples)

    def _record(self, piece: Captured | Gap) -> None:
        recording = self._recording
        if recording is None:
            return
        try:
            for spoken in recording.skip(piece) if isinstance(piece, Gap) else recording.take(piece):
                self._writing.put(spoken)
        except EdgeError as error:
            self._around.tell(f"{error}; the dictation has ended, and what was said is kept")
            self._recording = None
            recording.give_up()
            self._rest()

    def _forget_old(self, end: int) -> None:
        kept = round((_BEHIND_S + self._options.preroll) * SAMPLE_RATE_HZ)
        while self._recent and self._recent[0].end < end - kept:
            self._recent.popleft()

    def _obey_all(self) -> None:
        while True:
            try:
                self._obey(self._requests.get_nowait())
            except queue.Empty:
                return

    def _obey(self, request: KeyEvent | Request | None) -> None:
        if request is None:
            self._is_ending = True
            self._stop(self._around.clock())
        elif isinstance(request, Request):
            request.answer.set_result(self._do(request.command, request.time_s))
        else:
            command = self._gestures.command(request, self._is_on)
            if command is Command.UNDO:
                self._writing.take_back().add_done_callback(self._tell_why_not)
            elif command is not None:
                self._do(command, request.time_s)

    def _tell_why_not(self, asked: Future[str]) -> None:
        if reason := asked.result():
            self._around.tell(reason)

    @property
    def _is_on(self) -> bool:
        """Whether somebody dictates, and has not stopped yet."""
        return self._recording is not None and self._recording.stop == inf

    def _do(self, command: Command, time_s: float) -> str:
        """Do what is asked for, and return what came of it."""
        if command is Command.TOGGLE:
            command = Command.STOP if self._is_on else Command.START
        if command is Command.START:
            return self._start(time_s)
        if command is Command.STOP:
            return self._stop(time_s)
        return self._cancel() if command is Command.CANCEL else self.status

    def _start(self, time_s: float) -> str:
        if self._is_on:
            return "it is on already"
        self._finish()  # what was stopped a moment ago, and whose last sound has not come
        start = 0
        if self._is_open:
            start = max(0, self._moments.sample_at(time_s) - round(self._options.preroll * SAMPLE_RATE_HZ))
        target = self._around.focused()
        self._recording = Recording(
            partial(self._around.begin_session, target),
            self._reader,
            self._around.open_journal,
            target,
            time.time(),
            start,
            self._around.on_event,
        )
        for piece in self._recent if self._is_open else ():
            self._record(piece)
        if self._is_open and self._trouble:
            self._around.tell(self._trouble)
        self._around.hear_cancel(True)
        self._writing.prepare()
        self._show()
        return str(self.state)

    def _stop(self, time_s: float) -> str:
        recording = self._recording
        if recording is None or not self._is_on:
            return "it is off already"
        recording.stopped_s = time_s
        recording.released = self._moments.sample_at(time_s) if self._is_open else 0
        recording.stop = recording.released + (round(self._options.tail * SAMPLE_RATE_HZ) if self._is_open else 0)
        self._end_if_over()
        return "stopped"

    def _cancel(self) -> str:
        recording, self._recording = self._recording, None
        if recording is None:
            return "it is off already"
        recording.cancel()
        self._rest()
        return "cancelled"

    def _end_if_over(self) -> None:
        """End what is over: its last sound has come, or will not come."""
        recording = self._recording
        if recording is None:
            return
        now_s = self._around.clock()
        if self._is_on and recording.heard_s >= self._options.longest:
            self._around.tell(f"the dictation ended by itself after {self._options.longest:.0f} s")
            self._stop(now_s)
        elif not self._is_on and (recording.is_over or now_s - recording.stopped_s >= _LAST_WITHIN_S):
            self._finish()

    def _finish(self) -> None:
        """End what is being said, and hand it on."""
        recording, self._recording = self._recording, None
        if recording is None:
            return
        recording.stopped_s = recording.stopped_s or self._around.clock()
        spoken = recording.end()
        if spoken is not None:
            self._writing.put(spoken)
        elif not recording.n_heard and not self._is_refused:
            self._around.tell("nothing was heard: the microphone gave no sound while the key was held")
        self._rest()

    def _rest(self) -> None:
        """Turn idle."""
        self._idle_since_s = self._around.clock()
        self._around.hear_cancel(False)
        self._show()

    def _show(self) -> None:
        """Tell what goes on, where that changed; and that a microphone gives nothing, once."""
        state = self.state
        if state is not self._shown:
            self._shown = state
            self._around.show(state)
        is_late = self._is_open and self._around.clock() - self._opened_s >= _SILENT_S
        if state is State.PREPARING and is_late and not self._has_warned:
            self._has_warned = True
            self._around.tell("the microphone still gives no sound: is it the right one, and not muted?")
