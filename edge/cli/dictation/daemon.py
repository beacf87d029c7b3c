"""The dictation that runs: its parts found, put together, and ended in order."""

from __future__ import annotations

import argparse
import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...audio.journal import Journal, recoverable
from ...audio.microphone import Microphone, devices
from ...audio.microphone.devices import choose
from ...desktop.choose import BIND, choose_trigger, choose_typist
from ...desktop.chords import parse_chord
from ...desktop.control import ControlServer, runtime_folder
from ...desktop.protocol import Key, Target, Trigger
from ...dictate.dictation import Dictation, State, Surroundings
from ...dictate.history import History
from ...dictate.memory import OnDemand, give_back
from ...dictate.options import DictateOptions
from ...dictate.outlet import Outlet
from ...dictate.places import audio_folder, history_path, journal_folder
from ...dictate.printer import Printer
from ...dictate.profiles import Profile, profile_of
from ...dictate.settings import DictateSettings
from ...dictate.writing import Outlets, Writing
from ...errors import DesktopError, EdgeError, MicrophoneError, OptionError, OutputError
from ...live.options import LiveOptions
from ...memory import give_back_large_blocks
from ...power import is_on_battery
from ...settings import keywords_from, settings_of
from ...written import Writer
from ..console.bar import Console
from ..console.streams import put
from ..failures import explain
from ..options.vocabulary import words_of
from ..stops import Stop, held
from .places import wanted_settings
from .signs import Signs

if TYPE_CHECKING:
    from ...recognizer import Recognizer
    from ...session import Session
    from ...transcript.transcript import Transcript

_UNWATCHED_S = 10.0
"""Seconds between two readings of what is not final, which nobody sees."""

_SYNC_EVERY_S = 0.15
"""Seconds within which what is spoken is on the disk, so that a power cut loses no more than a word."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the desktop gives."""

    outlet: Outlet
    put: Callable[[str], object] | None
    trigger: Trigger | None


class Daemon:
    """One run of `edgewise dictate`."""

    def __init__(self, args: argparse.Namespace, console: Console) -> None:
        self._console = console
        self._prints: bool = args.prints
        self._settings = _with_arguments(wanted_settings(args), args)
        self._options = self._settings.dictate
        self._offline = args.offline or None
        self._writer = cache(self._make_writer)
        self._spoken = cache(speech_settings)
        self._end: Callable[[], object] = lambda: None
        self._n_due: Callable[[], int] = lambda: 0

    def run(self) -> None:
        """Run until the end is asked for."""
        with ExitStack() as stack:
            stop = stack.enter_context(held())
            self._signs = Signs(self._options, self._console, stack, prints=self._prints)
            desk = self._desk(stack)
            self._check_microphone()
            give_back_large_blocks()
            self._model = OnDemand(self._load, self._idle_s, lambda: self._n_due() > 0)
            self._check_sessions()
            self._model.rest(is_idle=True)
            outlets = self._outlets(desk)
            self._look_after(outlets.history)
            writing = Writing(outlets)
            self._n_due = lambda: writing.n_due
            dictation = Dictation(self._options, self._around(desk), writing)
            stack.callback(writing.close)
            self._signs.follow(dictation, writing, outlets.history, stack)
            stack.callback(ControlServer(dictation.answer).close)
            self._end = dictation.end
            self._hear_keys(desk, dictation)
            for folder in (journal_folder(), _second_folder()):
                for left in recoverable(folder):
                    writing.recover(left)
            give_back()
            with _ended_by(stop, dictation.end):
                dictation.run()

    def _desk(self, stack: ExitStack) -> _Desk:
        """Find who types and what hears keys; without a key, commands start and stop it."""
        named = {Key.DICTATE: self._options.key, Key.CANCEL: self._options.cancel_key, Key.UNDO: self._options.undo_key}
        chords = {key: parse_chord(name) for key, name in named.items() if name is not None}
        try:
            trigger = choose_trigger(chords)
            stack.callback(trigger.close)
        except DesktopError as error:
            trigger = None
            self._console.say(f"{error}; `edgewise dictate toggle` starts and stops it")
        if self._prints:
            return _Desk(Printer(self._print), None, trigger)
        own = [chord for key, chord in chords.items() if key is not Key.CANCEL]  # which programs see at other times
        try:
            typist = choose_typist(self._options.ways or None, self._settings.paste_keys, own, self._settings.own_ways)
        except DesktopError as error:
            raise DesktopError(f"{error}; or have texts printed, with --print") from None
        stack.callback(typist.close)
        return _Desk(typist, typist.put, trigger)

    def _print(self, text: str) -> None:
        try:
            put(text)
        except OSError as error:
            self._end()
            raise DesktopError(f"the text was not printed: {explain(error)}") from error

    def _hear_keys(self, desk: _Desk, dictation: Dictation) -> None:
        """Hear the keys, and say how to begin."""
        how = "`edgewise dictate toggle` begins and ends"
        if desk.trigger is not None:
            try:
                desk.trigger.start(dictation.heard)
                how = f"hold {self._options.key}" if self._options.mode != "toggle" else f"press {self._options.key}"
                how += " and speak"
            except DesktopError as error:
                if self._prints or self._options.endpoint is not None:
                    self._console.say(str(error))
                else:
                    raise DesktopError(f"{error}; --key names another, or {BIND}") from None
        self._console.say(f"ready: {how if self._options.endpoint is None else 'speak'}; Ctrl-C ends")

    def _check_microphone(self) -> None:
        """Say at once that there is none; it may come later."""
        try:
            choose(self._device, devices())
        except MicrophoneError as error:
            if self._prints:
                raise
            self._console.say(str(error))

    @property
    def _device(self) -> str | int | None:
        device = self._options.device
        return int(device) if device is not None and device.isdecimal() else device

    def _load(self) -> Recognizer:
        """Load the model."""
        from ... import load

        model = load(
            self._options.model,
            kind="speech",
            threads=self._options.threads,
            offline=self._offline,
            progress=self._console.progress,
        )
        if self._options.correct != "off":
            model.session(**self._spoken(self._options)).close()  # loads those who judge now, not while somebody speaks
        self._console.clear()
        return model

    @property
    def _is_sparing(self) -> bool:
        """Whether the battery is to be spared now."""
        return self._options.battery and is_on_battery()

    def _idle_s(self) -> float | None:
        """Return the seconds that the model stays after a dictation; None where it does for good."""
        return 0.0 if self._is_sparing else self._options.unload

    def _check_sessions(self) -> None:
        """Say now what is wrong with the model, a language or a vocabulary."""
        self._session(None).close()
        for name in self._settings.applications:
            try:
                self._session(Target("", name)).close()
            except OptionError as error:
                raise OptionError(f"[applications] {name}: {error}") from None

    def _session(self, target: Target | None) -> Session:
        """Begin to read what is meant for a window."""
        interval_s = LiveOptions().interval if self._signs.show_words else _UNWATCHED_S
        options = self._profile(target.application if target else "").dictation(self._options)
        spoken = self._spoken(options)
        return self._model.get().session(endpoint=self._options.endpoint, trim=True, interval=interval_s, **spoken)

    def _profile(self, application: str) -> Profile:
        return profile_of(application, self._settings.applications)

    def _read(self, path: Path) -> Transcript:
        """Read a recording that was left behind."""
        return self._model.get().transcribe(path, **self._spoken(self._options))

    def _outlets(self, desk: _Desk) -> Outlets:
        options = self._options
        return Outlets(
            outlet=desk.outlet,
            history=History(history_path(), options.history_days),
            writer_of=self._writer_for,
            transcribe=self._read,
            tell=self._signs.tell,
            explain=explain,
            hook=options.hook,
            put=desk.put,
            audio=audio_folder() if options.keep_audio else None,
            on_done=self._done,
        )

    def _done(self) -> None:
        """Take note that a text is dealt with."""
        self._signs.note_written()
        if self._n_due():
            return
        model = self._model.kept
        if model is not None:
            model.let_go()
        give_back()

    def _look_after(self, history: History) -> None:
        """Forget what is too old, in a folder that nobody else can look into."""
        try:
            history_path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            history.forget()
        except OSError as error:  # those of the history among them
            self._signs.tell(explain(error))

    def _writer_for(self, language: str, application: str) -> Writer | None:
        """Return the rules of a language and a program."""
        is_formatted = self._profile(application).dictation(self._options).formatted
        name = application.casefold()
        return self._writer(language, name if name in self._settings.applications else "") if is_formatted else None

    def _make_writer(self, language: str, application: str) -> Writer | None:
        """Make the rules; where their libraries are missing, that is said once, and there are none."""
        try:
            return Writer(language, self._profile(application).writing(self._settings.written))
        except OptionError:
            raise
        except EdgeError as error:
            self._signs.tell(f"{error}; texts are written as they are heard")
            return None

    def _around(self, desk: _Desk) -> Surroundings:
        return Surroundings(
            open_microphone=lambda: Microphone(self._device),
            begin_session=self._session,
            open_journal=self._journal,
            focused=partial(_focused, desk.outlet),
            tell=self._signs.tell,
            show=self._show_state,
            on_sound=self._signs.hear,
            on_event=self._signs.take,
            is_sparing=lambda: self._is_sparing,
            hear_cancel=desk.trigger.hear_cancel if desk.trigger is not None else lambda is_on: None,
        )

    def _show_state(self, state: State) -> None:
        """Say what goes on, and let the model rest where nobody needs it."""
        self._model.rest(is_idle=state is State.IDLE)
        self._signs.show(state)

    def _journal(self) -> Journal:
        """Begin a journal; where the disk refuses, in the runtime folder, which outlives the process at least."""
        try:
            return Journal(journal_folder(), _SYNC_EVERY_S)
        except OutputError as error:
            folder = _second_folder()
            self._signs.tell(f"{error}; what is spoken is kept in {folder} meanwhile")
            return Journal(folder, _SYNC_EVERY_S)


def _second_folder() -> Path:
    """Return where what is spoken is kept if the disk takes nothing."""
    return runtime_folder() / "spoken"


def _focused(outlet: Outlet) -> Target | None:
    try:
        return outlet.focused()
    except DesktopError:
        return None  # which the delivery finds out as well, and says


def _with_arguments(settings: DictateSettings, args: argparse.Namespace) -> DictateSettings:
    """Let what was given on the command line override the file."""
    given = {name: getattr(args, name) for name in settings_of(DictateOptions) if hasattr(args, name)}
    options = replace(settings.dictate, **keywords_from(DictateOptions, given))
    profiles = {name: profile.without(given) for name, profile in settings.applications.items()}
    return replace(settings, dictate=options, applications=profiles)


def speech_settings(options: DictateOptions) -> dict[str, Any]:
    """Return the settings of transcription that a dictation asks for; a vocabulary is read from its file."""
    named = None if options.vocabulary is None else Path(options.vocabulary).expanduser()
    found: dict[str, Any] = {} if options.language is None else {"language": options.language}
    if options.correct != "off":
        found |= {"correct": options.correct, "correct_budget": options.correct_budget}
    return found | words_of(named)


@contextmanager
def _ended_by(stop: Stop, end: Callable[[], object]) -> Iterator[None]:
    """Ask for the end once the process is told to end, until the block is left."""
    reading, writing = os.pipe()

    def watch() -> None:
        ready, _, _ = select.select([stop.fileno(), reading], [], [])
        if stop.fileno() in ready:
            end()

    thread = threading.Thread(target=watch, name="edgewise stop", daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.write(writing, b"\0")
        thread.join()
        os.close(reading)
        os.close(writing)
