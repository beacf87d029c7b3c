"""What setup asks about the desktop, on real ones."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.desktop.screen import missing as missing_screen
from benchmarks.desktop.screen import screen
from edge.cli.dictation.asked import ask_keys, ask_signs
from edge.cli.setup.questions import Questions
from edge.desktop.choose import choose_trigger
from edge.desktop.chords import parse_chord
from edge.desktop.overlay.picture import Painter
from edge.desktop.protocol import Key
from edge.dictate.options import DictateOptions
from edge.errors import DesktopError
from tests.edge.desktop.buses import Panel, session_bus
from tests.edge.desktop.compositor import compositor
from tests.edge.desktop.compositor import missing as missing_compositor

Answer = Callable[..., Questions]

KEY, UNDO_KEY = "key to hold", "key that deletes"
TONE, WINDOW, ICON = "play a short tone", "show in a small window", "show an icon"


@pytest.fixture
def asked() -> list[str]:
    """The questions that were asked."""
    return []


@pytest.fixture
def answer(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Somebody who gives these answers, and the usual one to every other question."""

    def make(**given: list[str]) -> Questions:
        def say(question: str) -> str:
            asked.append(question)
            found = next((answers for begin, answers in given.items() if question.startswith(begin)), [])
            return found.pop(0) if found else ""

        monkeypatch.setattr("builtins.input", say)
        return Questions(asks=True)

    return make


@pytest.fixture
def painter() -> None:
    """What draws the overlay, where it is installed."""
    try:
        Painter()
    except DesktopError as error:
        pytest.skip(f"{error}: apt install libpangocairo-1.0-0")


def test_without_a_desktop_keys_are_asked_for_all_the_same(
    answer: Answer, asked: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ask_keys(answer(**{KEY: ["F8"], UNDO_KEY: ["F8", "F7"]}), DictateOptions())
    assert keys == {"key": "F8", "undo_key": "F7"}
    assert "undo_key is F8, which key is as well" in capfd.readouterr().out
    assert ask_signs(answer(), DictateOptions()) == {"sounds": False}
    said = capfd.readouterr().out
    assert "no small window with what is understood: there is no desktop" in said
    assert "no icon in the panel: " in said
    assert [question for question in asked if question.startswith((WINDOW, ICON))] == []


def test_the_undo_key_gives_way_to_the_key_and_may_be_none(answer: Answer) -> None:
    usual = DictateOptions(key="F9", undo_key="F8")
    assert ask_keys(answer(), usual) == {"key": "F9", "undo_key": "F8"}
    assert ask_keys(answer(**{KEY: ["F8"]}), usual) == {"key": "F8", "undo_key": None}
    assert ask_keys(answer(**{UNDO_KEY: ["none"]}), usual) == {"key": "F9", "undo_key": None}


def test_without_questions_all_is_as_usual(asked: list[str]) -> None:
    usual = DictateOptions(key="F8", undo_key="F7", overlay=True, tray=True)
    assert ask_keys(Questions(asks=False), usual) == {"key": "F8", "undo_key": "F7"}
    assert ask_signs(Questions(asks=False), usual) == {"sounds": False}


def test_under_x11_a_key_that_is_taken_is_said_and_the_overlay_is_asked_for(
    painter: None, answer: Answer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if missing_screen():
        pytest.skip(f"no screen without {missing_screen()}")
    with screen(tmp_path) as (name, _):
        monkeypatch.setenv("DISPLAY", name)
        with closing(choose_trigger({Key.DICTATE: parse_chord("F8")})) as other:
            other.start(lambda event: None)
            keys = ask_keys(answer(**{KEY: ["F8", "F7"], UNDO_KEY: ["shift+F8"]}), DictateOptions())
        assert keys == {"key": "F7", "undo_key": "shift+F8"}
        assert "the key F8 is taken by another program" in capfd.readouterr().out
        assert ask_signs(answer(**{WINDOW: ["yes"]}), DictateOptions()) == {"sounds": False, "overlay": True}


def test_where_the_desktop_gives_out_no_keys_none_is_asked_for(
    painter: None,
    answer: Answer,
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    if missing_compositor():
        pytest.skip(f"no compositor without {missing_compositor()}")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    with compositor() as environment:
        for name in ("XDG_RUNTIME_DIR", "WAYLAND_DISPLAY"):
            monkeypatch.setenv(name, environment[name])
        assert ask_keys(answer(), DictateOptions()) == {}
        assert asked == []
        assert "bind a key to `edgewise dictate toggle`" in capfd.readouterr().out
        assert ask_signs(answer(**{WINDOW: ["yes"]}), DictateOptions()) == {"sounds": False, "overlay": True}


def test_the_icon_is_asked_for_where_a_panel_shows_it(
    answer: Answer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("jeepney")
    with session_bus(tmp_path) as (address, _):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        assert ask_signs(answer(**{ICON: ["yes"]}), DictateOptions()) == {"sounds": False}
        assert "none here shows icons" in capfd.readouterr().out
        with Panel(address):
            assert ask_signs(answer(**{ICON: ["yes"]}), DictateOptions()) == {"sounds": False, "tray": True}
