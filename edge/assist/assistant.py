"""The dialogue: a wake word, a command, what it asks for, something done, and an answer that can be interrupted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from ..audio.microphone import Captured, Notice, Piece
from ..audio.mono import SAMPLE_RATE_HZ
from ..errors import EdgeError
from ..gaps import Gap
from ..wake import Spotter
from .answers import Answers
from .barge import Barge
from .ear import Ear, Heard
from .echo import Echo
from .intent import Intent, Plan, Skill, first_plan
from .phase import Phase
from .recent import BEHIND_S, LEAD_S, Recent
from .speaker import Speaker
from .voice import Spoken

_NOT_UNDERSTOOD = "Sorry, I did not understand that."
_FAILED = "Sorry, that did not work."
_SILENT_INTENTS = ("HassNevermind",)


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts of an assistant, and functions that it tells things."""

    spotter: Spotter
    begin_ear: Callable[[float, Callable[[Heard], object]], Ear]
    """Function that begins to listen to a command: how many seconds for its beginning, and who is told its words."""
    skills: tuple[Skill, ...]
    answers: Answers
    speaker: Speaker
    echo: Echo
    begin_barge: Callable[[], Barge | None]
    """Function that begins to listen for somebody who speaks into an answer; None where only the wake word counts."""
    patience_s: float
    follow_up_s: float
    """Seconds after an answer in which a command needs no wake word."""
    answers_all: bool
    """Whether what is understood by nobody is answered with that."""
    tell: Callable[[str], object]
    """Function that tells the user something."""
    show: Callable[[Phase], object] = lambda phase: None
    """Function that is told what goes on."""
    to_say: Callable[[], list[str]] = list
    """Function that gives what others want to be said, such as timers that ring."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """Answer to what was done."""

    text: str
    spoken: Spoken | None


class Assistant:
    """A dialogue over one microphone; it runs in the thread that feeds it, and acts in another."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.phase = Phase.WAITING
        """Phase of the dialogue."""
        self._recent = Recent()
        self._ear: Ear | None = None
        self._barge: Barge | None = None
        self._acting: Future[_Answer] | None = None
        self._said: deque[str] = deque()
        self._worker = ThreadPoolExecutor(1, "edgewise-act")

    def run(self, pieces: Iterable[Piece], is_ending: Callable[[], bool] = lambda: False) -> None:
        """Lead the dialogue until the microphone ends, or the end is asked for."""
        try:
            for piece in pieces:
                self.take(piece)
                if is_ending():
                    return
        finally:
            self.close()

    def close(self) -> None:
        """Stop what is said, and wait for what is being done."""
        self._parts.speaker.stop()
        self._worker.shutdown()

    def take(self, piece: Piece) -> None:
        """Take what the microphone gives."""
        if isinstance(piece, Notice):
            self._parts.tell(piece.text)
        elif isinstance(piece, Gap):
            self._miss(piece)
        else:
            self._hear(piece)
        self._look()

    def _hear(self, piece: Captured) -> None:
        samples = self._parts.echo.clean(piece.samples)
        if not len(samples):
            return
        self._recent.append(samples)
        detections = self._parts.spotter.feed(samples)
        if detections and self.phase is not Phase.ACTING and (self._ear is None or not self._ear.is_spoken):
            self._wake(self._recent.n_heard - detections[-1].at)
        elif self._ear is not None:
            self._command(self._ear.feed(samples))
        elif self._barge is not None and self._barge.feed(samples, is_fair=self._parts.echo.is_out):
            self._wake(round(BEHIND_S * SAMPLE_RATE_HZ))

    def _miss(self, gap: Gap) -> None:
        """Begin anew after sound that is missing: whatever was being said is not whole."""
        self._parts.spotter.reset()
        self._recent.clear()
        if self._ear is not None:
            self._listen(self._parts.patience_s, 0)

    def _wake(self, n_behind: int) -> None:
        """Listen to a command that began up to `n_behind` samples ago."""
        self._silence()
        self._listen(self._parts.patience_s, n_behind + round(LEAD_S * SAMPLE_RATE_HZ))

    def _silence(self) -> None:
        """Stop what is being said, and forget what was to be said."""
        self._parts.speaker.stop()
        self._parts.echo.stop()
        self._said.clear()
        self._barge = None

    def _listen(self, patience_s: float, n_behind: int) -> None:
        self._ear = self._parts.begin_ear(patience_s, self._prepare)
        self._show(Phase.LISTENING)
        if n_behind:
            self._command(self._ear.feed(self._recent.last(n_behind)))

    def _prepare(self, heard: Heard) -> None:
        """Make speech of the answer while it is not sure yet that the command is over."""
        plan = self._plan(heard)
        if plan is not None and plan.is_known:
            self._parts.answers.prepare(plan.say)

    def _plan(self, heard: Heard) -> Plan | None:
        if heard.kind == "nothing" or heard.intent in _SILENT_INTENTS:
            return None
        plan = first_plan(self._parts.skills, Intent(heard.intent, heard.text, heard.slots))
        return plan if plan is not None or not self._parts.answers_all else Plan(_NOT_UNDERSTOOD)

    def _command(self, heard: Heard | None) -> None:
        """Do what was asked for, once it is."""
        if heard is None:
            return
        self._ear = None
        plan = self._plan(heard)
        if heard.kind != "nothing":
            self._parts.tell(f"heard: {heard.text}{f' [{heard.intent}]' if heard.intent else ''}")
        if plan is None:
            self._show(Phase.WAITING)
            return
        self._do(plan)

    def _do(self, plan: Plan) -> None:
        self._show(Phase.ACTING)
        self._acting = self._worker.submit(self._act, plan)

    def _act(self, plan: Plan) -> _Answer:
        """Do it, and make speech of the answer, while the microphone is heard in another thread."""
        try:
            answer = plan.act()
        except EdgeError as error:
            self._parts.tell(str(error))
            answer = _FAILED
        text = plan.say if answer is None else answer
        try:
            return _Answer(text, self._parts.answers.speech(text))
        except EdgeError as error:
            self._parts.tell(str(error))
            return _Answer(text, None)

    def _look(self) -> None:
        """Go on with what is due: an answer to what was done, the end of an answer, something to be said."""
        if self._acting is not None and self._acting.done():
            answer, self._acting = self._acting.result(), None
            self._say(answer)
        if self.phase is Phase.ANSWERING and not self._parts.speaker.is_on:
            self._answered()
        self._said.extend(self._parts.to_say())
        if self._said and self.phase is Phase.WAITING:
            self._do(Plan(self._said.popleft()))

    def _say(self, answer: _Answer) -> None:
        self._show(Phase.ANSWERING)
        if answer.text:
            self._parts.tell(f"says: {answer.text}")
        if answer.spoken is None:
            return
        try:
            self._parts.speaker.play(answer.spoken)
        except EdgeError as error:
            self._parts.tell(str(error))
            return
        self._parts.echo.play(answer.spoken)
        self._barge = self._parts.begin_barge()

    def _answered(self) -> None:
        """Wait for the wake word again, or for a command that follows at once."""
        self._barge = None
        if self._parts.follow_up_s and not self._said:
            self._listen(self._parts.follow_up_s, 0)
        else:
            self._show(Phase.WAITING)

    def _show(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.phase = phase
            self._parts.show(phase)
