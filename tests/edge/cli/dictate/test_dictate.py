"""`edgewise dictate`: a microphone, a key, a window, and the words in it."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import edge
from benchmarks.desktop.cable import Cable
from benchmarks.desktop.hands import hold, press_key
from benchmarks.desktop.screen import Window, wait_for
from tests.edge.desktop.buses import Panel, session_bus
from tests.edge.desktop.overlays import seen_on

from ..conftest import Run
from .conftest import WORDS, Dictate, Dictating, plain

if sys.platform == "win32":
    pytest.skip("needs signals", allow_module_level=True)

IDLE_MB = 132
"""Most memory of a dictation that waits for its key, with tiny.en loaded."""


def overlay_of(display: Any) -> str:
    """What the overlay says; nothing where it is not to be seen."""
    found = seen_on(display)
    return "" if found is None else found[0]


def journal_of(folder: Path) -> Path:
    return folder / "state" / "edgewise" / "dictate" / "spoken"


def recording_of(folder: Path) -> Path:
    (path,) = (folder / "state" / "edgewise" / "dictate" / "audio").glob("*.wav")
    return path


def test_words_are_where_the_cursor_is(
    dictate: Dictate,
    display: Any,
    open_window: Callable[[str, str], Window],
    cable: Cable,
    clip: Path,
    tiny_en_int8: Path,
    tmp_path: Path,
) -> None:
    window = open_window("tk", "note")
    dictating = dictate("--keep-audio", "--overlay", "--undo-key", "shift+F9")
    with hold(display, "F9"):
        dictating.hears()
        cable.play(clip)
        cable.wait_played()
        wait_for(lambda: "what you can do" in plain(overlay_of(display)), "the words that are understood by now")
        assert overlay_of(display).startswith("listening: ")
    wait_for(lambda: WORDS in plain(window.text), "the words")
    wait_for(lambda: not overlay_of(display), "the overlay to go")
    text = edge.load(tiny_en_int8, offline=True).transcribe(recording_of(tmp_path)).text
    wait_for(lambda: window.text == text, "the text of the whole recording")
    assert dictating.said.splitlines()[1:] == []
    assert re.search(r"idle; last text \d+\.\d\d s after the stop", dictating.ask("status"))
    assert text in dictating.ask("history", "COUNTRY")
    with hold(display, "Shift_L", "F9"):
        pass
    wait_for(lambda: window.text == "", "the words to go")
    assert dictating.ask("again") == "done"
    wait_for(lambda: window.text == text, "the words to come back")
    press_key(display, "Left")
    assert dictating.ask("undo").endswith("keys or buttons were pressed since; the cursor may be elsewhere")
    wait_for(lambda: window.text == text, "the words to be there still")
    assert dictating.end() == 0


def test_a_program_may_have_settings_of_its_own(
    dictate: Dictate,
    display: Any,
    open_window: Callable[[str, str], Window],
    cable: Cable,
    clip: Path,
    tiny_en_int8: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "own.toml").write_text(
        """[written]
off = ["figures"]
[applications.tkwindow]
sentences = false
ways = ["paste"]
"""
    )
    window = open_window("tk", "note")
    dictating = dictate("--settings", tmp_path / "own.toml")
    dictating.ask("start")
    dictating.hears()
    cable.play(clip)
    cable.wait_played()
    dictating.ask("stop")
    wait_for(lambda: WORDS in window.text, "the words")
    wait_for(lambda: "Tkwindow" in dictating.ask("history"), "the name of the program in the history")
    assert window.text == window.text.lower().rstrip(".")
    assert dictating.end() == 0
    (tmp_path / "own.toml").write_text('[applications.code]\nvocabulary = "none.txt"\n')
    said = dictating.ask("--print", "--settings", tmp_path / "own.toml", "--model", tiny_en_int8)
    assert said.endswith("[applications] code: none.txt: No such file or directory")


def test_what_is_said_when_it_is_killed_is_recovered(
    dictate: Dictate, cable: Cable, clip: Path, tmp_path: Path
) -> None:
    dictating = dictate("--print")
    dictating.ask("start")
    dictating.hears()
    cable.play(clip)
    cable.wait_played()
    dictating.end(signal.SIGKILL)
    assert len(list(journal_of(tmp_path).glob("*.wav"))) == 1
    again = dictate("--print")
    wait_for(lambda: "is number 1 of the history" in again.said, "the recovery")
    assert WORDS in plain(again.ask("history", "--number", 1))
    assert list(journal_of(tmp_path).iterdir()) == []
    assert WORDS not in plain(again.said)


def test_nothing_is_typed_where_the_focus_was_taken(
    dictate: Dictate, display: Any, open_window: Callable[[str, str], Window], cable: Cable, clip: Path
) -> None:
    note = open_window("tk", "note")
    dictating = dictate()
    dictating.ask("start")
    dictating.hears()
    cable.play(clip)
    thief = open_window("xterm", "thief")
    cable.wait_played()
    dictating.ask("stop")
    wait_for(lambda: "another window took the focus" in dictating.said, "the words")
    assert (note.text, thief.text) == ("", "")
    assert "the text is in the clipboard; it is number 1 of the history" in dictating.said
    assert dictating.ask("copy", 1) == "done"
    assert dictating.ask("again") == "done"
    wait_for(lambda: WORDS in plain(thief.text), "the words, in the window that is meant now")


def resident_mb(dictating: Dictating) -> float:
    """Memory of the process, in megabytes."""
    status = Path(f"/proc/{dictating.process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1000


def test_the_model_leaves_when_nobody_speaks_and_is_back_for_the_next_text(
    dictate: Dictate, cable: Cable, clip: Path
) -> None:
    dictating = dictate("--print", "--keep-open", 0, "--unload", 0)
    for _ in range(2):
        dictating.ask("start")
        dictating.hears()
        cable.play(clip)
        cable.wait_played()
        with_model_mb = resident_mb(dictating) if sys.platform == "linux" else 0
        dictating.ask("stop")
        assert WORDS in plain(dictating.line())
        if with_model_mb:
            wait_for(partial(has_shrunk, dictating, with_model_mb - 25), "the model to leave")


def has_shrunk(dictating: Dictating, most_mb: float) -> bool:
    return resident_mb(dictating) < most_mb


def test_texts_are_printed_without_a_desktop(dictate: Dictate, cable: Cable, clip: Path, tmp_path: Path) -> None:
    dictating = dictate("--print", "--keep-open", 0, "--hook", f"tee {tmp_path}/facts.json")
    assert "neither WAYLAND_DISPLAY nor DISPLAY is set" in dictating.said
    assert dictating.ask("status") == "idle"
    assert dictating.ask("toggle") == "preparing"
    dictating.hears()
    cable.play(clip)
    cable.wait_played()
    assert dictating.ask("toggle") == "stopped"
    line = dictating.line()
    assert WORDS in plain(line)
    assert line.strip() in (tmp_path / "facts.json").read_text(encoding="utf-8")
    if sys.platform == "linux":
        wait_for(partial(has_shrunk, dictating, IDLE_MB), "what one text needs to be given back")
    assert dictating.end() == 0


def test_a_panel_shows_what_goes_on_and_commands_it(dictate: Dictate, cable: Cable, tmp_path: Path) -> None:
    pytest.importorskip("jeepney")
    with session_bus(tmp_path) as (address, _):
        dictating = dictate("--print", "--tray", "--overlay", DBUS_SESSION_BUS_ADDRESS=address)
        assert dictating.said.count("there is no desktop") == 2  # for the key, and for the overlay
        assert "no panel here shows icons; the icon comes with the first one that does" in dictating.said
        with Panel(address) as panel:
            panel.wait_for_item()
            panel.choose(panel.line("Dictate"))
            dictating.hears()
            wait_for(lambda: panel.properties()["ToolTip"][3] == "listening", "the icon")
            panel.choose(panel.line("Cancel"))
            wait_for(lambda: [line[1] for line in panel.menu()][:2] == ["Idle", "Dictate"], "the end")
            panel.choose(panel.line("Quit"))
            assert dictating.process.wait(30) == 0


def test_hands_free_each_pause_ends_a_text(dictate: Dictate, cable: Cable, clip: Path) -> None:
    dictating = dictate("--print", "--endpoint", "quick")
    dictating.hears()
    cable.play(clip)
    assert WORDS in plain(dictating.line())
    cable.play(clip)
    cable.wait_played()
    dictating.process.send_signal(signal.SIGTERM)  # what is said by then is written
    assert WORDS in plain(dictating.line())
    assert dictating.process.wait(30) == 0


def test_a_second_one_is_refused(dictate: Dictate, tiny_en_int8: Path) -> None:
    dictating = dictate("--print")
    assert dictating.ask("--print", "--model", tiny_en_int8).endswith(
        "a dictation is running already; see `edgewise dictate status`"
    )


def test_without_a_dictation_commands_say_so(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    for command in ("start", "stop", "status", "undo", "copy"):
        outcome = run("dictate", command)
        assert outcome.status == 1
        assert outcome.message == "edgewise: no dictation is running; start it with `edgewise dictate`"
