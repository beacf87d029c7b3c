"""Texts on their way from what was spoken to where they go."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.audio.journal import Journal, recoverable
from edge.desktop.gestures import Command
from edge.dictate.history import Fate
from edge.dictate.options import DictateOptions
from edge.written import WrittenOptions

from .parts import BROWSER, Stage, Step
from .test_dictation import key

SPOKEN = WrittenOptions(commands=True)


def say(stage: Stage, *texts: str) -> None:
    """Dictate texts one after the other."""
    stage.texts = list(texts)
    script: dict[int, Step] = {}
    for number in range(len(texts)):
        script |= {100 * number: key(stage, True), 100 * number + 50: key(stage, False)}
    stage.run(script | {100 * len(texts): stage.dictation.end})


def test_a_second_text_goes_on_behind_the_first(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions(), SPOKEN)
    say(stage, " Hello there.", " And so on")
    assert stage.typist.typed == ["Hello there.", " And so on"]


def test_after_a_click_nobody_knows_what_stands_before(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions(), SPOKEN)
    stage.typist.has_moved = True
    say(stage, " Hello there.", " And so on")
    assert stage.typist.typed == ["Hello there.", "And so on"]


def test_scratch_that_deletes_what_was_typed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions(), SPOKEN)
    say(stage, " Hello there.", " Scratch that.")
    assert stage.typist.typed == []
    assert [entry.fate for entry in stage.history.find()] == [Fate.TAKEN_BACK]
    assert stage.told == []


def test_undo_takes_that_back(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions(), SPOKEN)
    say(stage, " Hello there.", " Scratch that.", " Undo that.")
    assert stage.typist.typed == ["Hello there."]


def test_scratch_that_refuses_when_the_cursor_moved(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions(), SPOKEN)
    stage.typist.has_moved = True
    say(stage, " Hello there.", " Scratch that.")
    assert stage.typist.typed == ["Hello there."]
    assert stage.told == ["the cursor may be elsewhere"]


def test_there_may_be_nothing_to_take_back(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions(), SPOKEN)
    say(stage, " Scratch that.")
    assert stage.told == ["there is nothing to take back"]


@pytest.mark.parametrize(
    ("program", "typed", "told"),
    [
        ("print(json.dumps({'text': got['text'].upper()}))", ["HELLO THERE"], None),
        ("", ["hello there"], None),
        ("sys.exit(77)", [], None),
        ("sys.exit(3)", ["hello there"], "ended with status 3"),
        ("print('[' * 100_000)", ["hello there"], 'did not say {"text": "..."}'),
        ("print('nonsense')", ["hello there"], 'did not say {"text": "..."}'),
    ],
)
def test_a_hook_changes_or_takes_a_text(program: str, typed: list[str], told: str | None, tmp_path: Path) -> None:
    script = tmp_path / "hook.py"
    script.write_text(
        f"import json, sys\ngot = json.load(sys.stdin)\nassert got['application'] == 'Editor'\n{program}\n"
    )
    stage = Stage(tmp_path, DictateOptions(), hook=f"{sys.executable} {script}")
    say(stage, " hello there")
    assert stage.typist.typed == typed
    assert told is None or (told in stage.told[0] and stage.told[0].endswith("; the text is written as it was"))
    (entry,) = stage.history.find()
    assert entry.fate is (Fate.WRITTEN if typed else Fate.CONSUMED)
    assert list(stage.journals.iterdir()) == []


def test_a_hook_that_is_not_there_is_said(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions(), hook="/no/such/program")
    say(stage, " hello there")
    assert stage.typist.typed == ["hello there"]
    assert "the hook /no/such/program cannot be run" in stage.told[0]


def test_what_a_killed_dictation_left_is_read(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions())
    journal = Journal(stage.journals)
    journal.write(np.full(16000, 0.1, np.float32))
    journal.close()
    (left,) = recoverable(stage.journals)
    stage.writing.recover(left)
    stage.writing.close()
    (entry,) = stage.history.find()
    assert (entry.text, entry.fate) == ("read from .wav", Fate.RECOVERED)
    assert "(1.0 s) before the dictation ended without writing it is number 1 of the history" in stage.told[0]
    assert "read from" not in stage.told[0]
    assert list(stage.journals.iterdir()) == []


def test_a_history_that_cannot_be_written_keeps_the_sound(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions())
    stage.history._path.mkdir()

    def steal() -> None:
        stage.typist.focus = BROWSER

    stage.run({0: key(stage, True), 20: steal, 50: key(stage, False), 90: stage.dictation.end})
    assert "the history cannot be used" in stage.told[0]
    assert len(recoverable(stage.journals)) == 1


def test_a_text_is_typed_again_and_copied(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions())
    answers: list[str] = []
    script = {0: key(stage, True), 50: key(stage, False), 80: stage.dictation.end}
    stage.script = script
    stage.texts = [" hello there"]
    script.pop(0)()
    stage.dictation.run()
    answers += [stage.dictation.answer(Command.AGAIN), stage.dictation.answer(Command.COPY)]
    answers += [stage.dictation.answer(Command.COPY, "7"), stage.dictation.answer(Command.COPY, "x")]
    answers += [stage.dictation.answer(Command.UNDO), stage.dictation.answer(Command.UNDO)]
    stage.writing.close()
    assert stage.typist.typed == ["hello there"]
    assert answers == [
        "done",
        "error: there is no clipboard here; `edgewise dictate history` shows the texts",
        "error: there is no clipboard here; `edgewise dictate history` shows the texts",
        "error: expected the number of a text, got 'x'",
        "done",
        "error: there is nothing to take back",
    ]


def test_recordings_are_kept_as_long_as_their_texts(tmp_path: Path) -> None:
    stage = Stage(tmp_path, DictateOptions(), audio=tmp_path / "audio")
    say(stage, " hello there")
    (entry,) = stage.history.find()
    assert stat.S_IMODE(Path(entry.audio).stat().st_mode) == 0o600
    assert list(stage.journals.iterdir()) == []
    assert stage.history.clear() == 1
    assert list((tmp_path / "audio").iterdir()) == []


def test_facts_for_a_hook_are_json(tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    stage = Stage(tmp_path, DictateOptions(), hook=f"tee {facts}")
    say(stage, ' say "hé"')
    assert stage.typist.typed == ['say "hé"']
    found = json.loads(facts.read_text(encoding="utf-8"))
    assert found["text"] == found["said"] == 'say "hé"'
    assert found.keys() == {"text", "said", "language", "application", "began", "duration"}
