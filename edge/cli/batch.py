"""A run over many recordings: one that fails does not stop the others, and at the end it is said what became of all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..debugging import is_debugging
from ..transcript.options import OutputOptions
from . import stops
from .console.bar import Console
from .console.colors import LEGEND
from .console.places import Place, is_done, remove_unfinished
from .console.sinks import FileSink, PrintSink, Sink
from .console.streams import standard_input
from .console.summary import Tally, correction_lines, gaps_line, summary_line, timing_line, wordless_line
from .failures import explain
from .inputs import STANDARD_INPUT, Recording, none_found

if TYPE_CHECKING:
    from ..recognizer import Recognizer
    from ..transcript.transcript import Transcript
    from ..written.segments import Scribe
    from .ahead import Save


class Ahead(Protocol):
    """A reader of recordings ahead of their turn."""

    def stop(self) -> None:
        """Read no further."""
        ...

    def saved(self) -> Iterator[tuple[str, Transcript]]:
        """Give the recordings that are saved and were not given yet, in order; to be called after `stop`."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What to transcribe, and where it goes."""

    recordings: Sequence[Recording]
    barren: Sequence[str]
    """Folders and patterns that hold no recording."""
    formats: Sequence[str]
    """Formats to write: one, unless `places` says where several go."""
    places: Mapping[str, Place] | None
    """Places of the files, by name of the recording; None prints."""
    resumes: bool
    """Whether to pass over recordings that have their files already."""
    accepts_damaged: bool
    """Whether to pass over them also where their transcripts are not whole."""
    options: OutputOptions
    shows_timing: bool
    in_colors: bool = False
    """Whether printed text shows how sure each word is."""
    scribe: Scribe | None = None
    """Writer of figures and the like; None leaves texts as they are recognized."""
    shows_corrections: bool = False
    n_jobs: int | None = None
    """Recordings to read at a time; None leaves it to the model."""
    cluster: Cluster | None = None
    """Cluster whose workers read them; None reads them here."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster of workers."""

    address: str
    """Address of the scheduler, or "local"."""
    model: Mapping[str, Any]
    """Arguments of `edge.load` on the workers."""


class Batch:
    """One run over a plan, of which the console says what happens."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._said: set[str] = set()
        self._sinks: dict[str, Sink] = {}
        """Sinks of the recordings that are begun before it is their turn."""
        self._durations_s: dict[str, float | None] = {}
        """Lengths of recordings, by name, as far as they are known."""
        self._tally = Tally(len(plan.recordings) + len(plan.barren))

    def run(self, load: Callable[[], Recognizer], settings: Mapping[str, Any]) -> int:
        """Transcribe with the model that `load` gives, which is asked for only if there is something to transcribe.

        `settings` are arguments of `Model.transcribe`. Returns the exit status: 1 if any recording could not be read
        at all, or its transcript not be written; where a part is missing, that is said, and the status is 0.
        """
        try:
            self._run(load, settings)
        except KeyboardInterrupt:
            self._sum_up()
            raise
        self._sum_up()
        return 1 if self._tally.failed else 0

    def _run(self, load: Callable[[], Recognizer], settings: Mapping[str, Any]) -> None:
        for argument in self._plan.barren:
            self._fail(argument, none_found(argument))
        due = [recording for recording in self._plan.recordings if not self._is_done(recording)]
        self._tally.n_skipped = len(self._plan.recordings) - len(due)
        sound = [recording for recording in due if self._opens(recording, settings)]
        if not sound:
            return
        if self._plan.cluster is not None:
            self._on_cluster(self._plan.cluster, sound, settings)
            return
        model = load()
        self._console.clear()
        if self._plan.in_colors:
            self._console.show(LEGEND)
        n_jobs = min(self._plan.n_jobs or model.n_at_once, sum(recording.is_file for recording in sound))
        if n_jobs > 1:
            self._side_by_side(sound, model, settings, n_jobs)
        else:
            for recording in sound:
                self._transcribe(recording.name, _asked(model, recording, settings))

    def _side_by_side(
        self, sound: Sequence[Recording], model: Recognizer, settings: Mapping[str, Any], n_jobs: int
    ) -> None:
        """Read several files at a time, and the streams among them as they come; all is told in order."""
        from .ahead import ReadingAhead

        with ReadingAhead(model.transcribe, self._begun(sound), settings, n_jobs) as ahead:
            self._in_order(
                ahead,
                {
                    one.name: partial(ahead.transcribe, one.name) if one.is_file else _asked(model, one, settings)
                    for one in sound
                },
            )

    def _on_cluster(self, cluster: Cluster, sound: Sequence[Recording], settings: Mapping[str, Any]) -> None:
        """Have the workers of a cluster read the recordings and write their files; all is told in order."""
        from .cluster.reading import ClusterReading
        from .cluster.tasks import Task

        plan, tasks = self._plan, []
        assert plan.places is not None
        for name in (recording.name for recording in sound):
            place, options = plan.places[name].absolute(), replace(plan.options, file=name)
            self._sinks[name] = sink = FileSink(plan.places[name], options, self._console)
            path = Path(name).absolute()
            is_written = plan.scribe is not None
            task = Task(path, place, cluster.model, settings, options, is_written, self._durations_s.get(name))
            tasks.append((name, task, sink))
        try:
            with ClusterReading(cluster.address, tasks, plan.n_jobs) as reading:
                self._in_order(reading, {one.name: partial(reading.transcribe, one.name) for one in sound})
        finally:
            remove_unfinished(task.place for _, task, _ in tasks)  # a worker may be killed while it writes

    def _in_order(self, ahead: Ahead, asks: Mapping[str, Callable[..., Transcript]]) -> None:
        """Ask for recordings that are read at the same time, by name; where it is interrupted, tell what is saved."""
        began = time.monotonic()
        try:
            for name, ask in asks.items():
                self._transcribe(name, ask)
        except KeyboardInterrupt:
            ahead.stop()
            self._tell_saved(ahead)
            raise
        finally:
            self._tally.work_s = time.monotonic() - began

    def _begun(self, recordings: Sequence[Recording]) -> Iterator[tuple[str, Save]]:
        """Open the sinks of files, one by one as they are begun."""
        for recording in recordings:
            if recording.is_file:
                sink = self._sinks[recording.name] = self._sink(recording.name)
                yield recording.name, sink.save

    def _tell_saved(self, ahead: Ahead) -> None:
        """Say what became of recordings that have their files, though it was not their turn."""
        if self._plan.places is not None:
            for name, transcript in ahead.saved():
                self._transcribe(name, partial(_known, transcript))

    def _transcribe(self, name: str, ask: Callable[..., Transcript]) -> None:
        """Ask for the transcript of a recording, and say what becomes of it."""
        sink = self._sinks.pop(name, None) or self._sink(name)
        try:
            transcript = ask(on_segment=sink.segment, progress=self._console.progress)
            self._console.clear()
            if transcript.gaps:
                self._console.say(gaps_line(name, transcript.gaps))
            if (wordless := wordless_line(name, transcript)) is not None:
                self._console.say(wordless)
            for note in transcript.notes:
                self._say_once(note)
            if self._plan.shows_corrections:
                for line in correction_lines(transcript):
                    self._console.show(line)
            sink.end(transcript)
        except BrokenPipeError:
            raise
        except Exception as error:  # whatever it is, the other recordings are not lost
            self._fail(name, _told(name, error))
            return
        self._tally.add(name, transcript)
        if self._plan.shows_timing:
            self._console.show(timing_line(name, transcript))

    def _say_once(self, note: str) -> None:
        """Say what concerns all recordings at the first of them."""
        if note not in self._said:
            self._said.add(note)
            self._console.say(note)

    def _is_done(self, recording: Recording) -> bool:
        plan = self._plan
        if not plan.resumes or plan.places is None:
            return False
        return is_done(recording, plan.places[recording.name], accepts_damaged=plan.accepts_damaged)

    def _opens(self, recording: Recording, settings: Mapping[str, Any]) -> bool:
        """Whether a recording can be opened: found out before a model is fetched or loaded for it."""
        path = Path(recording.name)
        try:
            if recording.name == STANDARD_INPUT:
                standard_input()
            elif path.is_file() or not path.exists():  # a pipe can be opened only once
                from ..audio import open_audio

                with open_audio(path, raw=settings.get("raw", False), track=settings.get("track")) as source:
                    self._durations_s[recording.name] = source.duration_s
        except Exception as error:
            self._fail(recording.name, _told(recording.name, error))
            return False
        return True

    def _sink(self, name: str) -> Sink:
        sink = self._plain_sink(name)
        if self._plan.scribe is None:
            return sink
        from .console.written import WrittenSink

        return WrittenSink(sink, self._plan.scribe)

    def _plain_sink(self, name: str) -> Sink:
        plan = self._plan
        options = replace(plan.options, file=name)
        if plan.places is not None:
            return FileSink(plan.places[name], options, self._console)
        heading = f"==> {name} <==" if self._tally.n_given > 1 else None
        return PrintSink(plan.formats[0], options, self._console, heading, in_colors=plan.in_colors)

    def _fail(self, name: str, message: str) -> None:
        self._tally.failed.append(name)
        self._console.say(message)
        if self._plan.places is None:
            try:
                self._sink(name).error(message)
            except BrokenPipeError:
                raise
            except OSError as error:  # the others may find room
                self._console.say(explain(error))

    def _sum_up(self) -> None:
        if self._tally.n_given > 1 or self._tally.n_skipped:
            self._console.say(summary_line(self._tally))


def _asked(model: Recognizer, recording: Recording, settings: Mapping[str, Any]) -> Callable[..., Transcript]:
    """Prepare to ask a model for a recording."""

    def ask(**hooks: Any) -> Transcript:
        audio = standard_input() if recording.name == STANDARD_INPUT else recording.name
        return model.transcribe(audio, **hooks, **settings)

    return ask


def _known(transcript: Transcript, **hooks: Any) -> Transcript:
    return transcript


def _told(name: str, error: Exception) -> str:
    """Say why a recording failed, with its name."""
    stops.check()
    if is_debugging():
        raise error
    message = explain(error)
    return message if Path(name).name in message else f"{name}: {message}"
