"""Parts of a dictation that follow a script: a clock, a microphone, a session and somebody who types."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from edge.arrays import FloatArray
from edge.audio.journal import Journal
from edge.audio.microphone import Captured, Piece
from edge.desktop.protocol import Delivery, Target, Way
from edge.dictate.dictation import Dictation, State, Surroundings
from edge.dictate.history import History
from edge.dictate.options import DictateOptions
from edge.dictate.writing import Outlets, Writing
from edge.errors import AudioError
from edge.gaps import Gap
from edge.transcript.events import End, Event, Final
from edge.transcript.transcript import Transcript
from edge.transcript.types import Segment, Timing
from edge.written import Writer, WrittenOptions

PIECE_S = 0.02
EDITOR = Target("0x1", "Editor")
BROWSER = Target("0x2", "Browser")


class Clock:
    """A clock that goes on as told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def final(text: str, at: int = 0) -> Final:
    return Final(Segment(at, 0.0, 1.0, text, language="en"))


@dataclass
class ScriptedSession:
    """Hears how many samples there are, and says what it is told to."""

    text: str = " hello there"
    n_heard: int = 0
    is_closed: bool = False
    answers: Callable[[int], list[Event]] = lambda n_heard: []
    fails: bool = False
    quiet_s: float = 0.0

    @property
    def done_s(self) -> float:
        return self.n_heard / 16000

    def feed(self, samples: FloatArray) -> list[Event]:
        if self.fails:
            raise AudioError("the sound is odd")
        self.n_heard += len(samples)
        return self.answers(self.n_heard)

    def skip(self, gap: Gap) -> list[Event]:
        return [gap]

    def ahead(self) -> list[Event]:
        return []

    def finish(self) -> list[Event]:
        events: list[Event] = [final(self.text)] if self.text else []
        return [*events, End("en", self.done_s, Timing())]

    def close(self) -> None:
        self.is_closed = True

    def listen(self, sound: object) -> Iterator[Event]:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass
class ScriptedTypist:
    """Types into what has the focus, and remembers it."""

    focus: Target | None = EDITOR
    typed: list[str] = field(default_factory=list)
    has_moved: bool = False
    last: Delivery | None = None

    def focused(self) -> Target | None:
        return self.focus

    def prepare(self) -> None:
        pass

    def deliver(self, text: str, target: Target | None = None, *, keep: bool = True) -> Delivery:
        if target is not None and target != self.focus:
            return Delivery(Way.CLIPBOARD, 0, target, "another window took the focus; the text is in the clipboard")
        self.typed.append(text)
        self.last = Delivery(Way.KEYS, len(text), self.focus)
        return self.last

    def is_behind(self, delivery: Delivery) -> bool:
        return delivery is self.last and not self.has_moved

    def erase(self, delivery: Delivery) -> str:
        if not self.is_behind(delivery):
            return "the cursor may be elsewhere"
        self.typed.pop()
        return ""

    def close(self) -> None:
        pass


Step = Callable[[], object]


@dataclass
class Stage:
    """A dictation with all its parts; a script says what happens at which piece of sound."""

    folder: Path
    options: DictateOptions
    written: WrittenOptions | None = None
    hook: str | None = None
    days: float = 7.0
    audio: Path | None = None
    clock: Clock = field(default_factory=Clock)
    typist: ScriptedTypist = field(default_factory=ScriptedTypist)
    told: list[str] = field(default_factory=list)
    shown: list[State] = field(default_factory=list)
    cancels: list[bool] = field(default_factory=list)
    sessions: list[ScriptedSession] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """Texts of the sessions, in order."""
    make_session: Callable[[str], ScriptedSession] = ScriptedSession
    n_opened: int = 0
    script: dict[int, Step] = field(default_factory=dict)
    """What is done before the piece of a number, counted from 0 over all openings."""
    sound: Callable[[int], Piece | None] | None = None
    """The piece of a number; None where it is a usual one."""
    n_pieces: int = 0

    def __post_init__(self) -> None:
        self.history = History(self.folder / "history.sqlite", self.days)
        self.journals = self.folder / "spoken"
        rules = None if self.written is None else Writer("en", self.written)
        self.writing = Writing(
            Outlets(
                outlet=self.typist,
                history=self.history,
                writer_of=lambda language, application: rules,
                transcribe=self._read,
                tell=self.told.append,
                explain=str,
                hook=self.hook,
                audio=self.audio,
                clock=self.clock,
            )
        )
        around = Surroundings(
            open_microphone=self._open,
            begin_session=self._begin,
            open_journal=lambda: Journal(self.journals),
            focused=self.typist.focused,
            tell=self.told.append,
            show=self.shown.append,
            hear_cancel=self.cancels.append,
            clock=self.clock,
        )
        self.dictation = Dictation(self.options, around, self.writing)

    def run(self, script: dict[int, Step]) -> None:
        """Run to the end."""
        self.script = script
        if 0 in script:
            script.pop(0)()
        self.dictation.run()
        self.writing.close()

    @contextmanager
    def _open(self) -> Iterator[Iterator[Piece]]:
        self.n_opened += 1
        yield self._pieces()

    def _pieces(self) -> Iterator[Piece]:
        position = 0
        while True:
            if self.n_pieces in self.script:
                self.dictation._reader.submit(int).result()  # what was said before is read
                while self.writing.n_due:  # and written before anything else happens
                    time.sleep(0.001)
                self.script.pop(self.n_pieces)()
            self.clock.now_s += PIECE_S
            odd = self.sound(self.n_pieces) if self.sound else None
            n_samples = round(PIECE_S * 16000)
            self.n_pieces += 1
            if odd is not None:
                position = odd.end if isinstance(odd, Captured) else position
                yield odd
                continue
            samples = np.linspace(0.1, 0.2, n_samples, dtype=np.float32)
            yield Captured(samples, position)
            position += n_samples
            assert self.n_pieces < 20000, "the script does not end"

    def _begin(self, target: Target | None) -> ScriptedSession:
        text = self.texts.pop(0) if self.texts else " hello there"
        self.sessions.append(self.make_session(text))
        return self.sessions[-1]

    def _read(self, path: Path) -> Transcript:
        return Transcript(f"read from {path.suffix}", "en", (), 1.0, Timing())
