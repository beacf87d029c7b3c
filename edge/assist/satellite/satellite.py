"""A satellite: it waits for the wake word; Home Assistant hears the command, and its answer is played.

Sound leaves the microphone's machine from the wake word to the end of the command alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...arrays import FloatArray
from ...audio.microphone import Notice, Piece
from ...audio.mono import SAMPLE_RATE_HZ
from ...errors import EdgeError
from ...gaps import Gap
from ...serve.pcm import PcmStream
from ...wake import Spotter
from ..answers import Answers
from ..barge import Barge
from ..echo import Echo
from ..phase import Phase
from ..recent import BEHIND_S, LEAD_S, Recent
from ..speaker import Speaker
from ..voice import Spoken
from .message import GONE, PAUSE, RUN, Message

_FORM = {"rate": SAMPLE_RATE_HZ, "width": 2, "channels": 1}
_ACTING_S = 60.0
"""Seconds after a command in which its answer may come."""
_LONGEST_ANSWER_S = 600.0
_MOST_TIMERS = 100


class Home(Protocol):
    """Home Assistant, as a satellite sees it."""

    def send(self, *messages: Message) -> None:
        """Send, where it is there."""
        ...

    def received(self) -> list[Message]:
        """Return what came since the last time."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts of a satellite, and functions that it tells things."""

    home: Home
    wake: str
    """Name by which Home Assistant knows the wake word."""
    spotter: Spotter
    answers: Answers
    """Voice for timers that ring: Home Assistant sends no speech for them."""
    speaker: Speaker
    echo: Echo
    begin_barge: Callable[[], Barge | None]
    """Function that begins to listen for somebody who speaks into an answer; None where only the wake word counts."""
    patience_s: float
    """Seconds in which a command has to begin."""
    longest_s: float
    follow_up_s: float
    """Seconds after an answer in which a command needs no wake word."""
    tell: Callable[[str], object]
    """Function that tells the user something."""
    show: Callable[[Phase], object] = lambda phase: None
    """Function that is told what goes on."""


class Satellite:
    """A microphone and a loudspeaker of Home Assistant's; it runs in the thread that feeds it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.phase = Phase.WAITING
        """Phase of the dialogue."""
        self._is_led = False
        self._recent = Recent()
        self._ends_at = 0  # samples, at which what goes on is given up
        self._barge: Barge | None = None
        self._answer: _Answer | None = None
        self._timers: dict[str, str] = {}
        self._said: deque[str] = deque()

    def run(self, pieces: Iterable[Piece], is_ending: Callable[[], bool] = lambda: False) -> None:
        """Serve Home Assistant until the microphone ends, or the end is asked for."""
        try:
            for piece in pieces:
                self.take(piece)
                if is_ending():
                    return
        finally:
            self._parts.speaker.stop()

    def take(self, piece: Piece) -> None:
        """Take what the microphone gives, and what came from Home Assistant meanwhile."""
        for message in self._parts.home.received():
            try:
                self._told(message)
            except EdgeError as error:
                self._parts.tell(str(error))
        if isinstance(piece, Notice):
            self._parts.tell(piece.text)
        elif isinstance(piece, Gap):
            self._parts.spotter.reset()
            self._recent.clear()
        else:
            self._hear(self._parts.echo.clean(piece.samples))
        self._look()

    def _hear(self, samples: FloatArray) -> None:
        if not self._is_led or not len(samples):
            return
        self._recent.append(samples)
        detections = self._parts.spotter.feed(samples)
        if detections and self.phase is not Phase.LISTENING:
            behind = self._recent.n_heard - detections[-1].at
            self._listen(behind + round(LEAD_S * SAMPLE_RATE_HZ), self._parts.patience_s, is_called=True)
        elif self.phase is Phase.LISTENING:
            self._send_sound(samples)
        elif self._barge is not None and self._barge.feed(samples, is_fair=self._parts.echo.is_out):
            self._listen(round(BEHIND_S * SAMPLE_RATE_HZ), self._parts.patience_s)

    def _listen(self, n_behind: int, patience_s: float, *, is_called: bool = False) -> None:
        """Have a command heard that began up to `n_behind` samples ago."""
        self._silence()
        if is_called:
            self._parts.tell(f"heard: {self._parts.spotter.word.phrase}")
            stamp = {"name": self._parts.wake, "timestamp": 1000 * self._recent.n_heard // SAMPLE_RATE_HZ}
            self._parts.home.send(Message("detection", stamp))
        run = {"start_stage": "asr", "end_stage": "tts", "restart_on_end": False}
        self._parts.home.send(
            Message("run-pipeline", run | ({"wake_word_name": self._parts.wake} if is_called else {})),
            Message("audio-start", _FORM),
        )
        self._ends_at = self._recent.n_heard + round(patience_s * SAMPLE_RATE_HZ)
        self._show(Phase.LISTENING)
        if n_behind:
            self._send_sound(self._recent.last(n_behind))

    def _send_sound(self, samples: FloatArray) -> None:
        whole = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
        self._parts.home.send(Message("audio-chunk", _FORM, whole))

    def _silence(self) -> None:
        """Stop what is being played, or comes to be played."""
        if self.phase is Phase.ANSWERING:
            self._parts.home.send(Message("played"))
        self._parts.speaker.stop()
        self._parts.echo.stop()
        self._barge = self._answer = None

    def _told(self, message: Message) -> None:
        """Do what Home Assistant says."""
        data = message.data
        if message.kind == RUN:
            self._lead(True)
            self._parts.tell("Home Assistant is here")
        elif message.kind in (PAUSE, GONE):
            if self._is_led:
                self._parts.tell("Home Assistant is gone" if message.kind == GONE else "muted by Home Assistant")
            self._lead(False)
        elif message.kind == "voice-started" and self.phase is Phase.LISTENING:
            self._ends_at = self._recent.n_heard + round(self._parts.longest_s * SAMPLE_RATE_HZ)
        elif message.kind in ("voice-stopped", "transcript"):
            if text := str(data.get("text") or ""):
                self._parts.tell(f"understood: {text}")
            self._act()
        elif message.kind == "synthesize":
            self._parts.tell(f"says: {data.get('text')}")
        elif message.kind == "error":
            self._parts.tell(f"Home Assistant: {data.get('text')}")
            self._wait()
        elif message.kind.startswith("audio-"):
            self._take_answer(message)
        elif message.kind.startswith("timer-"):
            self._take_timer(message.kind, str(data.get("id")), str(data.get("name") or ""))

    def _lead(self, is_led: bool) -> None:
        """Begin to listen to the wake word, or stop all."""
        self._is_led = is_led
        self._parts.spotter.reset()
        self._recent.clear()
        self._silence()
        self._show(Phase.WAITING)

    def _act(self) -> None:
        """Send no more: Home Assistant has heard enough."""
        if self.phase is Phase.LISTENING:
            self._ends_at = self._recent.n_heard + round(_ACTING_S * SAMPLE_RATE_HZ)
            self._show(Phase.ACTING)

    def _wait(self) -> None:
        """Wait for the wake word, unless an answer is being played."""
        if self.phase in (Phase.LISTENING, Phase.ACTING):
            self._show(Phase.WAITING)

    def _take_answer(self, message: Message) -> None:
        """Gather speech; when it is whole, play it."""
        if message.kind == "audio-start":
            self._answer = _Answer()
        elif self._answer is not None and message.kind == "audio-chunk":
            try:
                self._answer.take(message)
            except EdgeError:
                self._answer = None
                raise
        elif self._answer is not None and message.kind == "audio-stop":
            spoken, self._answer = self._answer.finish(), None
            self._play(spoken)

    def _play(self, spoken: Spoken) -> None:
        if self.phase is Phase.LISTENING:
            self._parts.home.send(Message("audio-stop"))
        self._silence()
        self._show(Phase.ANSWERING)
        self._parts.speaker.play(spoken)
        self._parts.echo.play(spoken)
        self._barge = self._parts.begin_barge()

    def _take_timer(self, kind: str, number: str, name: str) -> None:
        if kind == "timer-started" and len(self._timers) < _MOST_TIMERS:
            self._timers[number] = name
        elif kind == "timer-cancelled":
            self._timers.pop(number, None)
        elif kind == "timer-finished":
            known = self._timers.pop(number, "")
            text = f"Your {known} timer is done." if known else "Your timer is done."
            self._parts.tell(f"says: {text}")
            self._said.append(text)

    def _look(self) -> None:
        """Go on with what is due: the end of an answer, of patience, a timer that rings."""
        if self.phase is Phase.ANSWERING and not self._parts.speaker.is_on:
            self._barge = None
            self._parts.home.send(Message("played"))
            self._show(Phase.WAITING)
            if self._parts.follow_up_s and not self._said:
                self._listen(0, self._parts.follow_up_s)
        elif self.phase in (Phase.LISTENING, Phase.ACTING) and self._recent.n_heard >= self._ends_at:
            self._parts.home.send(Message("audio-stop"))
            self._show(Phase.WAITING)
        if self._said and self.phase is Phase.WAITING:
            self._say(self._said.popleft())

    def _say(self, text: str) -> None:
        try:
            spoken = self._parts.answers.speech(text)
            if spoken is not None:
                self._play(spoken)
        except EdgeError as error:
            self._parts.tell(str(error))

    def _show(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.phase = phase
            self._parts.show(phase)


class _Answer:
    """Speech that comes in pieces."""

    def __init__(self) -> None:
        self._pcm = PcmStream()
        self._pieces: list[FloatArray] = []
        self._left = round(_LONGEST_ANSWER_S * SAMPLE_RATE_HZ)

    def take(self, message: Message) -> None:
        """Take a piece; AudioError if it is no sound. What is too long is cut."""
        data = message.data
        samples = self._pcm.feed(data.get("rate"), data.get("width"), data.get("channels"), message.payload)
        self._pieces.append(samples[: self._left])
        self._left = max(0, self._left - len(samples))

    def finish(self) -> Spoken:
        """Return the whole of it."""
        return Spoken(np.concatenate([*self._pieces, self._pcm.finish()]), SAMPLE_RATE_HZ)
