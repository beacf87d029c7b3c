"""Makes text of what was spoken, and delivers it: in a thread of its own, in the order in which it was spoken."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ..audio.journal import Unfinished
from ..desktop.protocol import Delivery, Target, Way
from ..errors import DesktopError, OutputError
from ..transcript.events import Event, Final
from ..transcript.transcript import Transcript
from ..written import Writer, Written
from .history import Entry, Fate, History
from .hook import ask_hook
from .outlet import Outlet
from .recording import Spoken

_LOG = logging.getLogger("edge.dictate")

NOTHING_TO_TAKE_BACK = "there is nothing to take back"


@dataclass(frozen=True, slots=True)
class Outlets:
    """Places that texts pass on their way, and functions that tell the user."""

    outlet: Outlet
    history: History
    writer_of: Callable[[str, str], Writer | None]
    """Function that gives the rules of a language and a program; None leaves texts as they are heard."""
    transcribe: Callable[[Path], Transcript]
    """Function that reads a recording that was left behind."""
    tell: Callable[[str], object]
    """Function that tells the user something; never the text itself."""
    explain: Callable[[BaseException], str]
    """Function that puts a failure into a sentence."""
    hook: str | None = None
    put: Callable[[str], object] | None = None
    """Function that leaves a text in the clipboard; None where there is none."""
    audio: Path | None = None
    """Folder for recordings that are kept; None keeps none."""
    on_done: Callable[[], object] = lambda: None
    """Function that is told when a text is dealt with."""
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class _Last:
    """The text that was written last."""

    delivery: Delivery
    text: str
    number: int | None
    """Number in the history."""


class Writing:
    """The thread that writes. It goes on whatever happens to one text, whose sound then stays in the journal."""

    def __init__(self, outlets: Outlets) -> None:
        self._outlets = outlets
        self._worker = ThreadPoolExecutor(1, "edgewise writing")
        self._last: _Last | None = None
        self._taken_back: str | None = None
        self._n_put = self._n_done = 0  # each is counted by one thread alone
        self.delay_s: float | None = None
        """Seconds from the last stop until its text was delivered; None before the first."""

    @property
    def n_due(self) -> int:
        """Number of texts that are on their way."""
        return self._n_put - self._n_done

    def prepare(self) -> None:
        """Have the outlet get ready, while somebody speaks."""
        self._worker.submit(partial(self._guarded, self._outlets.outlet.prepare))

    def put(self, spoken: Spoken) -> None:
        """Write what was spoken, once all before it is written."""
        self._n_put += 1
        self._worker.submit(self._write, spoken)

    def recover(self, left: Unfinished) -> None:
        """Read what a dictation left behind that was killed, and keep the text."""
        self._n_put += 1
        self._worker.submit(self._recover, left)

    def take_back(self) -> Future[str]:
        """Delete what was typed last; the answer is why not, or empty."""
        return self._worker.submit(self._take_back)

    def repeat(self) -> Future[str]:
        """Type the newest text of the history where the cursor is; the answer is why not, or empty."""
        return self._worker.submit(self._repeat)

    def copy(self, number: int | None) -> Future[str]:
        """Leave a text of the history, or the newest one, in the clipboard; the answer is why not, or empty."""
        return self._worker.submit(self._copy, number)

    def close(self) -> None:
        """Wait until all is written."""
        self._worker.shutdown()

    def _write(self, spoken: Spoken) -> None:
        began_s = self._outlets.clock()
        try:
            events = [*spoken.events, *spoken.rest()]
            waited_s, took_s = began_s - spoken.stopped_s, self._outlets.clock() - began_s
            _LOG.debug("sound came until %.3f s after the stop; reading took %.3f s", waited_s, took_s)
            self._write_text(spoken, events)
        except Exception as error:  # whatever it is, the next text is to be written, and this one is not to be lost
            spoken.journal.close()
            self._outlets.tell(f"{self._outlets.explain(error)}; what was said is kept, and read at the next start")
            _LOG.debug("a text was not written", exc_info=True)
        finally:
            self._n_done += 1
            self._outlets.on_done()

    def _write_text(self, spoken: Spoken, events: Iterable[Event]) -> None:
        segments = [event.segment for event in events if isinstance(event, Final)]
        said = "".join(segment.text for segment in segments).strip()
        if not said:
            spoken.journal.deliver()
            self._outlets.tell(f"no words were heard in {spoken.duration_s:.1f} s")
            return
        written = self._formatted(said, segments[-1].language, spoken.target)
        if written.action is not None:
            self._act(written.action)
            spoken.journal.deliver()
            return
        entry = Entry(spoken.began_s, written.text, said, Fate.WRITTEN, duration_s=spoken.duration_s)
        text = self._through_hook(entry, spoken.target, segments[-1].language)
        if text is None:
            self._keep(spoken, replace(entry, fate=Fate.CONSUMED), is_safe=True)
            return
        ready_s = self._outlets.clock()
        delivery = self._deliver(text, spoken.target)
        self.delay_s = self._outlets.clock() - spoken.stopped_s
        _LOG.debug("%s after %.3f s, which took %.3f s", delivery.way, self.delay_s, self._outlets.clock() - ready_s)
        application = delivery.target.application if delivery.target else ""
        fate = Fate.WRITTEN if delivery.is_whole else Fate.WAITING
        number = self._keep(
            spoken, replace(entry, text=text, fate=fate, application=application), is_safe=delivery.is_whole
        )
        self._last, self._taken_back = _Last(delivery, text, number), None
        if not delivery.is_whole:
            kept = "" if number is None else f"; it is number {number} of the history"
            self._outlets.tell(f"{delivery.trouble}{kept}")

    def _formatted(self, said: str, language: str, target: Target | None) -> Written:
        writer = self._outlets.writer_of(language, target.application if target else "")
        if writer is None:
            return Written(said)
        written = writer.write(said, self._text_before(target))
        for note in written.notes:
            self._outlets.tell(note)
        return written

    def _text_before(self, target: Target | None) -> str | None:
        """Return the text before the cursor where it is ours; None where nobody knows."""
        last = self._last
        if last is None or last.delivery.target is None or not last.delivery.is_whole or not self._is_behind(last):
            return None
        return last.text if target is None or target.window == last.delivery.target.window else None

    def _is_behind(self, last: _Last) -> bool:
        try:
            return self._outlets.outlet.is_behind(last.delivery)
        except DesktopError:
            return False

    def _through_hook(self, entry: Entry, target: Target | None, language: str) -> str | None:
        """Return what the user's program makes of a text; where it fails, the text goes on as it is."""
        hook = self._outlets.hook
        if hook is None:
            return entry.text
        application = target.application if target else ""
        facts = {"text": entry.text, "said": entry.said, "language": language, "application": application}
        try:
            return ask_hook(hook, facts | {"began": entry.at_s, "duration": entry.duration_s})
        except OutputError as error:
            self._outlets.tell(f"{error}; the text is written as it was")
            return entry.text

    def _deliver(self, text: str, target: Target | None) -> Delivery:
        try:
            return self._outlets.outlet.deliver(text, target)
        except DesktopError as error:
            return Delivery(Way.NONE, 0, target, str(error))

    def _keep(self, spoken: Spoken, entry: Entry, *, is_safe: bool) -> int | None:
        """Keep a text in the history, and then, or if it `is_safe` anyway, let its recording go; None if that fails."""
        audio = self._outlets.audio
        try:
            if audio is not None:
                entry = replace(entry, audio=str(audio / spoken.journal.path.name))
            number = self._outlets.history.add(entry)
        except OutputError as error:
            self._outlets.tell(str(error))
            (spoken.journal.deliver if is_safe else spoken.journal.close)()
            return None
        if audio is None:
            spoken.journal.deliver()
        else:
            _move(spoken, audio)
        return number

    def _act(self, action: str) -> None:
        """Do what was asked for by voice."""
        again = self._taken_back if action == "undo" else None
        reason = self._take_back() if again is None else self._type_again(again)
        if reason:
            self._outlets.tell(reason)

    def _take_back(self) -> str:
        last = self._last
        if last is None:
            return NOTHING_TO_TAKE_BACK
        try:
            reason = self._outlets.outlet.erase(last.delivery)
        except DesktopError as error:
            return str(error)
        if reason:
            return reason
        self._last, self._taken_back = None, last.text
        self._settle(last.number, Fate.TAKEN_BACK)
        return ""

    def _repeat(self) -> str:
        try:
            entry = self._outlets.history.get()
        except OutputError as error:
            return str(error)
        if entry is None:
            return "the history is empty"
        reason = self._type_again(entry.text)
        if not reason:
            self._settle(entry.number, Fate.WRITTEN)
        return reason

    def _copy(self, number: int | None) -> str:
        try:
            entry = self._outlets.history.get(number)
            if self._outlets.put is None:
                return "there is no clipboard here; `edgewise dictate history` shows the texts"
            if entry is None:
                return "the history is empty" if number is None else f"the history has no number {number}"
            self._outlets.put(entry.text)
        except (OutputError, DesktopError) as error:
            return str(error)
        self._settle(entry.number, Fate.WRITTEN)
        return ""

    def _type_again(self, text: str) -> str:
        delivery = self._deliver(text, None)
        self._last, self._taken_back = _Last(delivery, text, None), None
        return delivery.trouble

    def _settle(self, number: int | None, fate: Fate) -> None:
        try:
            if number is not None:
                self._outlets.history.settle(number, fate)
        except OutputError as error:
            self._outlets.tell(str(error))

    def _recover(self, left: Unfinished) -> None:
        when = f"what was said at {left.began:%H:%M} ({left.duration_s:.1f} s)"
        try:
            found = self._outlets.transcribe(left.path)
            writer = self._outlets.writer_of(found.language, "")
            text = found.text if writer is None else writer.write(found.text).text
            if text:
                entry = Entry(left.began.timestamp(), text, found.text, Fate.RECOVERED, duration_s=left.duration_s)
                number = self._outlets.history.add(entry)
                told = f"is number {number} of the history: `edgewise dictate copy {number}` has it"
            else:
                told = "had no words"
            left.remove()
            self._outlets.tell(f"{when} before the dictation ended without writing it {told}")
        except Exception as error:  # a recording that cannot be read must not keep others from being read
            self._outlets.tell(f"{when} could not be read: {self._outlets.explain(error)}; it stays at {left.path}")
            _LOG.debug("a recording was not recovered", exc_info=True)
        finally:
            self._n_done += 1
            self._outlets.on_done()

    def _guarded(self, ask: Callable[[], object]) -> None:
        """Do what is only of help."""
        try:
            ask()
        except DesktopError as error:
            _LOG.debug("%s", error)


def _move(spoken: Spoken, folder: Path) -> None:
    """Move a recording to those that are kept."""
    spoken.journal.close()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = spoken.journal.path
    path.with_suffix(".jsonl").unlink(missing_ok=True)
    path.rename(folder / path.name)
