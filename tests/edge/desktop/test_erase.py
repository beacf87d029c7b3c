"""What was typed is deleted, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from benchmarks.desktop.hands import hold, press_key
from benchmarks.desktop.screen import Window, wait_for
from edge.desktop.characters import is_deleted_one_by_one
from edge.desktop.chords import Chord
from edge.desktop.typist import DesktopTypist

OpenWindow = Callable[[str], Window]


@pytest.fixture
def typist(display_name: str) -> Iterator[DesktopTypist]:
    from edge.desktop.x11.hands import X11Hands

    made = DesktopTypist(X11Hands(own_keys=[Chord("F9"), Chord("d", frozenset({"ctrl", "alt"}))]))
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["tk", "gtk"])
@pytest.mark.parametrize("text", ["One, two. ", "Größe 漢字 😀 “q”\n\tx"])
def test_exactly_what_was_typed_is_deleted(
    kind: str, text: str, typist: DesktopTypist, display: Any, open_window: OpenWindow
) -> None:
    window = open_window(kind)
    assert typist.deliver("Stays. é").is_whole
    delivery = typist.deliver(text)
    assert window.comes_to("Stays. é" + text) == "Stays. é" + text
    press_key(display, "F9")
    assert typist.erase(delivery) == ""
    wait_for(lambda: window.text == "Stays. é", "the text to be deleted", 5)
    assert typist.erase(delivery) == "there is nothing to delete: only the last text that was typed can be"


def test_a_cursor_that_may_have_moved_is_left_alone(
    typist: DesktopTypist, display: Any, open_window: OpenWindow
) -> None:
    window = open_window("tk")
    delivery = typist.deliver("One two")
    assert delivery.is_whole
    press_key(display, "Left")
    assert typist.erase(delivery) == "keys or buttons were pressed since; the cursor may be elsewhere"
    assert window.comes_to("One two") == "One two"


def test_another_window_is_left_alone(typist: DesktopTypist, open_window: OpenWindow) -> None:
    window = open_window("tk")
    delivery = typist.deliver("One two")
    assert delivery.is_whole
    assert window.comes_to("One two") == "One two"
    open_window("gtk")
    assert typist.erase(delivery) == "another window has the focus"
    assert window.text == "One two"


@pytest.mark.parametrize("text", ["👩\u200d💻", "e\u0301", "🇩🇪", "❤\ufe0f", "नि"])
def test_what_programs_delete_each_in_their_own_way_is_known(text: str) -> None:
    assert not is_deleted_one_by_one(text)


def test_lines_that_a_terminal_obeyed_are_not_deleted(typist: DesktopTypist, open_window: OpenWindow) -> None:
    open_window("xterm")
    assert typist.erase(typist.deliver("one\ntwo")) == "a terminal has obeyed the lines already"


def test_a_key_of_ours_without_its_modifiers_is_the_user_s(
    typist: DesktopTypist, display: Any, open_window: OpenWindow
) -> None:
    window = open_window("tk")
    delivery = typist.deliver("One two")
    assert window.comes_to("One two") == "One two"
    with hold(display, "Control_L", "Alt_L", "d"):
        assert typist.is_behind(delivery)
    with hold(display, "Shift_L"):
        assert typist.is_behind(delivery)
    press_key(display, "d")
    assert window.comes_to("d") == "d"
    assert typist.erase(delivery) == "keys or buttons were pressed since; the cursor may be elsewhere"
