"""A dictation by a script: what the keys and the microphone make of each other, by a clock of the test's own."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.audio.journal import recoverable
from edge.audio.microphone import Captured, Notice, Piece
from edge.desktop.gestures import Command
from edge.desktop.protocol import Key, KeyEvent
from edge.dictate.dictation import State
from edge.dictate.history import Fate
from edge.dictate.options import DictateOptions
from edge.errors import OptionError
from edge.transcript.events import Event, Silence

from .parts import BROWSER, PIECE_S, ScriptedSession, Stage, Step, final


def make(folder: Path, **options: Any) -> Stage:
    return Stage(folder, DictateOptions(**options))


def key(stage: Stage, is_down: bool, which: Key = Key.DICTATE) -> Step:
    return lambda: stage.dictation.heard(KeyEvent(which, is_down, stage.clock()))


def ask(stage: Stage, command: Command) -> Step:
    """Ask from another thread, as the socket does."""

    def go() -> None:
        threading.Thread(target=stage.dictation.answer, args=(command,)).start()
        while stage.dictation._requests.empty():
            pass

    return go


def test_what_is_said_while_the_key_is_held_is_typed(tmp_path: Path) -> None:
    stage = make(tmp_path)
    stage.run({0: key(stage, True), 50: key(stage, False), 100: stage.dictation.end})
    assert stage.typist.typed == ["hello there"]
    assert stage.told == []
    assert stage.shown == [State.PREPARING, State.LISTENING, State.IDLE]
    assert stage.cancels == [True, False]
    assert abs(stage.sessions[0].done_s - 1.05) <= 2 * PIECE_S  # and the tail
    (entry,) = stage.history.find()
    assert (entry.text, entry.fate, entry.application) == ("hello there", Fate.WRITTEN, "Editor")
    assert list(stage.journals.iterdir()) == []


@pytest.mark.parametrize(("quiet_s", "tail_s"), [(0.0, 0.4), (0.06, 0.4), (0.1, 0.0), (3.0, 0.0)])
def test_the_tail_is_heard_where_somebody_still_speaks(quiet_s: float, tail_s: float, tmp_path: Path) -> None:
    stage = make(tmp_path, tail=0.4)
    stage.make_session = partial(ScriptedSession, quiet_s=quiet_s)
    stage.run({0: key(stage, True), 50: key(stage, False), 100: stage.dictation.end})
    assert abs(stage.sessions[0].done_s - 1.0 - tail_s) <= 2 * PIECE_S


def test_the_undo_key_takes_back_what_was_typed_last_and_says_why_not(tmp_path: Path) -> None:
    stage = make(tmp_path)
    script = {0: key(stage, True), 50: key(stage, False), 100: key(stage, True, Key.UNDO)}
    script |= {101: key(stage, False, Key.UNDO), 120: key(stage, True, Key.UNDO), 150: stage.dictation.end}
    stage.run(script)
    assert stage.typist.typed == []
    assert stage.told == ["there is nothing to take back"]
    assert [entry.fate for entry in stage.history.find()] == [Fate.TAKEN_BACK]


def test_a_tap_toggles(tmp_path: Path) -> None:
    stage = make(tmp_path)
    script = {0: key(stage, True), 10: key(stage, False), 60: key(stage, True), 65: key(stage, False)}
    stage.run(script | {100: stage.dictation.end})
    assert stage.typist.typed == ["hello there"]
    assert abs(stage.sessions[0].done_s - 1.25) <= 2 * PIECE_S


def test_a_tap_is_short_where_the_key_is_to_be_held(tmp_path: Path) -> None:
    stage = make(tmp_path, mode="hold")
    stage.run({0: key(stage, True), 10: key(stage, False), 60: stage.dictation.end})
    assert stage.sessions[0].done_s < 0.3


def test_the_cancel_key_gives_it_up(tmp_path: Path) -> None:
    stage = make(tmp_path)
    script = {0: key(stage, True), 30: key(stage, True, Key.CANCEL), 50: key(stage, False)}
    stage.run(script | {60: stage.dictation.end})
    assert stage.typist.typed == []
    assert stage.sessions[0].is_closed
    assert list(stage.journals.iterdir()) == []
    assert stage.history.find() == []


def test_commands_do_what_the_key_does(tmp_path: Path) -> None:
    stage = make(tmp_path)
    script = {0: ask(stage, Command.TOGGLE), 50: ask(stage, Command.TOGGLE), 90: ask(stage, Command.START)}
    stage.run(script | {120: ask(stage, Command.CANCEL), 130: stage.dictation.end})
    assert stage.typist.typed == ["hello there"]


def test_the_end_writes_what_is_being_said(tmp_path: Path) -> None:
    stage = make(tmp_path)
    stage.run({0: key(stage, True), 50: stage.dictation.end})
    assert stage.typist.typed == ["hello there"]


def test_the_microphone_stays_open_for_a_while(tmp_path: Path) -> None:
    stage = make(tmp_path, keep_open=2)
    script = {0: key(stage, True), 50: key(stage, False), 120: key(stage, True), 170: key(stage, False)}

    def again() -> None:
        key(stage, True)()
        stage.script[stage.n_pieces + 50] = key(stage, False)
        stage.script[stage.n_pieces + 60] = stage.dictation.end

    threading.Timer(0.3, again).start()
    stage.run(script)
    assert stage.n_opened == 2
    assert stage.typist.typed == ["hello there"] * 3


def test_sound_from_before_the_key_is_left_out_unless_it_is_asked_for(tmp_path: Path) -> None:
    for preroll_s in (0.0, 0.3):
        folder = tmp_path / str(preroll_s)
        stage = make(folder, preroll=preroll_s, tail=0)
        script = {0: key(stage, True), 30: key(stage, False), 100: key(stage, True), 150: key(stage, False)}
        stage.run(script | {200: stage.dictation.end})
        assert abs(stage.sessions[1].done_s - 1.0 - preroll_s) <= 2 * PIECE_S


def test_a_headset_that_is_silent_at_first_loses_nothing(tmp_path: Path) -> None:
    stage = make(tmp_path)
    silence = np.zeros(320, np.float32)
    stage.sound = lambda number: Captured(silence, number * 320) if number < 50 else None
    stage.run({0: key(stage, True), 100: key(stage, False), 110: stage.dictation.end})
    assert stage.shown[0] is State.PREPARING
    assert stage.typist.typed == ["hello there"]
    assert abs(stage.sessions[0].done_s - 1.0) <= 3 * PIECE_S


def test_a_microphone_without_sound_is_said(tmp_path: Path) -> None:
    stage = make(tmp_path)
    notice = Notice("muted", 0.8, "it is muted")
    zeros = np.zeros(320, np.float32)
    pieces: dict[int, Piece] = {40: notice}
    stage.sound = lambda number: pieces.get(number, Captured(zeros, number * 320))
    stage.run({0: key(stage, True), 300: key(stage, False), 350: stage.dictation.end})
    assert "muted, or a headset that needs up to 3 s" in stage.told[0]
    assert "still gives no sound" in stage.told[1]
    assert stage.told[2].startswith("nothing was heard")
    assert stage.typist.typed == []


def test_the_end_is_found_though_the_microphone_is_gone(tmp_path: Path) -> None:
    stage = make(tmp_path)
    nothing = np.zeros(0, np.float32)
    stage.sound = lambda number: Captured(nothing, 50 * 320) if number >= 50 else None
    stage.run({0: key(stage, True), 60: key(stage, False), 120: stage.dictation.end})
    assert stage.typist.typed == ["hello there"]


def test_nothing_is_typed_into_a_window_that_took_the_focus(tmp_path: Path) -> None:
    stage = make(tmp_path)

    def steal() -> None:
        stage.typist.focus = BROWSER

    stage.run({0: key(stage, True), 30: steal, 50: key(stage, False), 60: stage.dictation.end})
    assert stage.typist.typed == []
    assert stage.told == ["another window took the focus; the text is in the clipboard; it is number 1 of the history"]
    (entry,) = stage.history.find()
    assert (entry.text, entry.fate) == ("hello there", Fate.WAITING)


def test_without_history_a_text_that_was_not_typed_stays(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions(), days=0)

    def steal() -> None:
        stage.typist.focus = BROWSER

    script = {0: key(stage, True), 50: key(stage, False), 60: key(stage, True), 70: steal, 100: key(stage, False)}
    stage.run(script | {130: stage.dictation.end})
    assert [entry.fate for entry in stage.history.find()] == [Fate.WAITING]


def test_with_an_endpoint_each_text_is_written_in_its_pause(tmp_path: Path) -> None:
    stage = make(tmp_path, endpoint=0.7)

    def answers(n_heard: int) -> list[Event]:
        number = n_heard // 320
        return [final(f" text {number}"), Silence(number * PIECE_S)] if number in (30, 60) else []

    stage.make_session = lambda text: ScriptedSession(text, answers=answers)
    stage.run({100: stage.dictation.end})
    assert stage.typist.typed == ["text 30", "text 60", "hello there"]
    assert list(stage.journals.iterdir()) == []


def test_what_fails_is_kept_and_said(tmp_path: Path) -> None:
    stage = make(tmp_path)
    stage.make_session = lambda text: ScriptedSession(text, fails=len(stage.sessions) == 0)
    script = {0: key(stage, True), 50: key(stage, False), 60: key(stage, True), 100: key(stage, False)}
    stage.run(script | {130: stage.dictation.end})
    assert stage.told == ["the sound is odd; the dictation has ended, and what was said is kept"]
    assert stage.typist.typed == ["hello there"]
    assert len(recoverable(stage.journals)) == 1


def test_a_dictation_that_was_forgotten_ends(tmp_path: Path) -> None:
    stage = make(tmp_path, longest=2)
    stage.run({0: key(stage, True), 10: key(stage, False), 150: stage.dictation.end})
    assert stage.told == ["the dictation ended by itself after 2 s"]
    assert stage.typist.typed == ["hello there"]


@pytest.mark.parametrize("text", ["", "  "])
def test_no_words_are_said_to_be_none(text: str, tmp_path: Path) -> None:
    stage = make(tmp_path)
    stage.texts = [text]
    stage.run({0: key(stage, True), 50: key(stage, False), 60: stage.dictation.end})
    assert stage.told == ["no words were heard in 1.0 s"] or stage.told == ["no words were heard in 1.1 s"]
    assert list(stage.journals.iterdir()) == []


def test_many_dictations_lose_and_repeat_nothing(tmp_path: Path) -> None:
    """In their order, with no thread and no descriptor more at the end than at the beginning."""
    stage = make(tmp_path, history_days=7)
    texts = [f"text {number}" for number in range(100)]
    stage.texts = list(texts)
    script: dict[int, Step] = {}
    for number in range(len(texts)):
        script |= {40 * number: key(stage, True), 40 * number + 25: key(stage, False)}
    before = _n_threads_and_files()
    stage.run(script | {40 * len(texts): stage.dictation.end})
    assert stage.typist.typed == texts
    assert [entry.text for entry in stage.history.find(most=-1)] == texts
    assert stage.told == []
    assert _n_threads_and_files() == before


def _n_threads_and_files() -> tuple[int, int]:
    folder = Path("/proc/self/fd")
    return threading.active_count(), len(list(folder.iterdir())) if folder.exists() else 0


def test_a_session_that_cannot_begin_is_said(tmp_path: Path) -> None:
    stage = make(tmp_path)

    def make_session(text: str) -> ScriptedSession:
        if not stage.sessions and not stage.told:
            raise OptionError("the model cannot do that")
        return ScriptedSession(text)

    stage.make_session = make_session
    script = {0: key(stage, True), 40: key(stage, False), 60: key(stage, True), 100: key(stage, False)}
    stage.run(script | {130: stage.dictation.end})
    assert stage.told == ["the model cannot do that; the dictation has ended, and what was said is kept"]
    assert stage.typist.typed == ["hello there"]
    assert len(recoverable(stage.journals)) == 1
