"""Text that is typed into real programs and read back."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.desktop.hands import hold, press_key
from benchmarks.desktop.screen import Window, wait_for
from edge.desktop.protocol import Way
from edge.desktop.typist import DesktopTypist
from tests.edge.desktop.texts import EVERYTHING, LONG, PLAIN

if TYPE_CHECKING:
    from edge.desktop.x11.selections import Selections

OpenWindow = Callable[[str], Window]


@pytest.fixture
def typist(display_name: str) -> Iterator[DesktopTypist]:
    from edge.desktop.x11.hands import X11Hands

    made = DesktopTypist(X11Hands())
    yield made
    made.close()


@pytest.fixture
def copier(display_name: str) -> Iterator[Selections]:
    """Another program that owns the clipboard."""
    from edge.desktop.x11.selections import Selections

    made = Selections()
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["tk", "gtk", "xterm"])
def test_a_program_shows_exactly_what_was_typed(kind: str, typist: DesktopTypist, open_window: OpenWindow) -> None:
    window = open_window(kind)
    for text, way in ((PLAIN, Way.KEYS), (EVERYTHING, Way.PASTE), (LONG, Way.PASTE), ("a\nb", Way.PASTE)):
        delivery = typist.deliver(text)
        assert (delivery.way, delivery.typed, delivery.trouble) == (way, len(text), "")
        assert window.comes_to(text) == text


def test_the_clipboard_has_all_its_types_again(
    typist: DesktopTypist, copier: Selections, open_window: OpenWindow
) -> None:
    from edge.desktop.x11.contents import Content, Part

    picture = bytes(range(256)) * 4096
    content = Content(
        {
            "image/png": Part("image/png", 8, picture),
            "text/html": Part("text/html", 8, b"<b>bold</b>"),
            "UTF8_STRING": Part("UTF8_STRING", 8, "früher".encode()),
            "_NUMBERS": Part("INTEGER", 32, (1, 2, 3)),
        }
    )
    copier.put(content)
    window = open_window("tk")
    typist.prepare()
    for text in ("漢", "字"):
        assert typist.deliver(text).is_whole
        assert window.comes_to(text) == text
    wait_for(lambda: copier.read().text == "früher", "the clipboard to be restored")
    assert copier.read().parts == content.parts


def test_what_is_copied_while_a_text_is_lent_stays(
    typist: DesktopTypist, copier: Selections, open_window: OpenWindow
) -> None:
    from edge.desktop.x11.contents import text_content

    window = open_window("tk")
    assert typist.deliver("漢").is_whole
    copier.put(text_content("copied since", is_private=False))
    assert window.comes_to("漢") == "漢"
    time.sleep(0.4)  # twice what restoring waits
    assert typist.read() == "copied since"


def test_an_empty_clipboard_is_empty_again(typist: DesktopTypist, display: Any, open_window: OpenWindow) -> None:
    window = open_window("tk")
    assert typist.deliver("漢").is_whole
    assert window.comes_to("漢") == "漢"
    wait_for(lambda: display.get_selection_owner(display.get_atom("CLIPBOARD")) == 0, "the clipboard to be empty")


def test_a_text_stays_while_its_reader_still_asks_for_types(
    display_name: str, copier: Selections, display: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser reads what is copied at once, and reads it again when it pastes."""
    from edge.desktop.x11 import selections
    from edge.desktop.x11.contents import Content, Part, read_selection

    def text() -> str:
        return read_selection(display, "CLIPBOARD", targets=("UTF8_STRING",)).text

    monkeypatch.setattr(selections, "_QUIET_S", 1.0)
    monkeypatch.setattr(selections, "_LONGEST_S", 60.0)
    copier.lend("words", Content({"UTF8_STRING": Part("UTF8_STRING", 8, b"before")}))
    copier.restore()
    until_s = time.monotonic() + 1.5
    while time.monotonic() < until_s:
        read_selection(display, "CLIPBOARD", targets=("image/png",))
        time.sleep(0.05)
    assert text() == "words"
    time.sleep(1.2)
    wait_for(lambda: text() == "before", "the content of before")


def test_a_lent_text_is_marked_as_private(display_name: str, copier: Selections, display: Any) -> None:
    from edge.desktop.x11.contents import Content, Part, read_selection

    copier.lend("secret words", Content())
    name = "x-kde-passwordManagerHint"
    wait_for(lambda: name in read_selection(display, "CLIPBOARD").parts, "an owner that answers in time")
    assert read_selection(display, "CLIPBOARD", targets=(name,)).parts == {name: Part(name, 8, b"secret")}


def test_nothing_is_typed_into_a_window_that_took_the_focus(typist: DesktopTypist, open_window: OpenWindow) -> None:
    open_window("tk")
    target = typist.focused()
    thief = open_window("xterm")
    delivery = typist.deliver("for somebody else", target)
    assert (delivery.way, delivery.typed) == (Way.CLIPBOARD, 0)
    assert delivery.trouble == "another window took the focus; the text is in the clipboard"
    assert typist.read() == "for somebody else"
    delivery = typist.deliver("for nobody", target, keep=False)
    assert (delivery.way, delivery.trouble) == (Way.NONE, "another window took the focus; the text was not typed")
    assert typist.read() == "for somebody else"
    assert thief.text == ""


def test_the_rest_is_kept_when_the_focus_moves_while_typing(
    typist: DesktopTypist, display: Any, open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge.desktop import typist as module

    window = open_window("tk")
    looks = iter([True, True, True])
    monkeypatch.setattr(module.DesktopTypist, "_has_focus", lambda *_: next(looks, False))
    delivery = typist.deliver(PLAIN)
    assert delivery.typed == 32
    assert "another window took the focus after 32 of" in delivery.trouble
    assert window.comes_to(PLAIN[:32]) + typist.read() == PLAIN


@pytest.mark.parametrize("key", ["Control_L", "Alt_L", "Shift_L"])
def test_held_modifiers_are_waited_for(key: str, typist: DesktopTypist, display: Any, open_window: OpenWindow) -> None:
    window = open_window("tk")
    with hold(display, key) as release:
        threading.Timer(0.3, release).start()
        began_s = time.monotonic()
        assert typist.deliver("what is it").is_whole
        assert time.monotonic() - began_s > 0.25
    assert window.comes_to("what is it") == "what is it"


def test_a_key_that_stays_down_is_said(
    typist: DesktopTypist, display: Any, open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge.desktop import typist as module

    monkeypatch.setattr(module, "KEYS_UP_S", 0.2)
    window = open_window("tk")
    with hold(display, "Control_L"):
        delivery = typist.deliver("what is it")
    assert delivery.trouble == "a key was held for 0 s; the text is in the clipboard"
    assert window.text == ""


def test_a_window_that_does_not_paste_leaves_the_text_in_the_clipboard(
    typist: DesktopTypist, display: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge.desktop import typist as module

    monkeypatch.setattr(module, "PASTED_S", 0.2)
    with _deaf_window(display):
        wait_for(lambda: typist.focused() is not None, "the window to have the focus")
        delivery = typist.deliver("漢字")
    assert (delivery.way, delivery.typed) == (Way.CLIPBOARD, 0)
    assert delivery.trouble == "the window did not paste at ctrl+v within 0 s; the text is in the clipboard"
    assert typist.read() == "漢字"


def test_without_a_window_the_text_is_in_the_clipboard(typist: DesktopTypist) -> None:
    assert typist.deliver("nobody").trouble == "no window has the focus; the text is in the clipboard"
    assert typist.read() == "nobody"


@pytest.mark.parametrize("layout", ["de", "fr", "us -variant dvorak"])
def test_any_layout(layout: str, typist: DesktopTypist, open_window: OpenWindow) -> None:
    window = open_window("tk")
    subprocess.run(["setxkbmap", *layout.split()], check=True)
    try:
        for text in ("Zäh, y & q? 7 / 8 = a@b.c [x]", EVERYTHING):
            assert typist.deliver(text).is_whole
            assert window.comes_to(text) == text
    finally:
        subprocess.run(["setxkbmap", "us"], check=True)


def test_a_layout_without_latin_letters_pastes(typist: DesktopTypist, open_window: OpenWindow) -> None:
    window = open_window("gtk")
    subprocess.run(["setxkbmap", "ru"], check=True)
    try:
        for text in ("Ordinary words", EVERYTHING):
            assert typist.deliver(text).is_whole
            assert window.comes_to(text) == text
    finally:
        subprocess.run(["setxkbmap", "us"], check=True)


def test_the_first_of_two_layouts_has_not_what_the_second_has(typist: DesktopTypist, open_window: OpenWindow) -> None:
    window = open_window("gtk")
    subprocess.run(["setxkbmap", "us,de"], check=True)
    try:
        for text, way in (("Zy & @ [x] {y}", Way.KEYS), ("5 €", Way.PASTE)):
            assert typist.deliver(text).way is way
            assert window.comes_to(text) == text
    finally:
        subprocess.run(["setxkbmap", "us"], check=True)


def test_the_second_of_two_layouts(typist: DesktopTypist, display: Any, open_window: OpenWindow) -> None:
    window = open_window("gtk")
    subprocess.run(["setxkbmap", "us,de", "-option", "grp:toggle"], check=True)
    try:
        press_key(display, "ISO_Next_Group")
        for text, way in (("Zy & Größe?", Way.KEYS), ("@ [x] {y} €", Way.PASTE)):
            assert typist.deliver(text).way is way
            assert window.comes_to(text) == text
    finally:
        subprocess.run(["setxkbmap", "us", "-option", ""], check=True)


def test_the_third_level_of_one_layout(typist: DesktopTypist, open_window: OpenWindow) -> None:
    window = open_window("gtk")
    subprocess.run(["setxkbmap", "de"], check=True)
    try:
        assert typist.deliver("ä@b [x] {y} 5 €").way is Way.KEYS
        assert window.comes_to("ä@b [x] {y} 5 €") == "ä@b [x] {y} 5 €"
    finally:
        subprocess.run(["setxkbmap", "us"], check=True)


def test_caps_lock_does_not_shout(typist: DesktopTypist, display: Any, open_window: OpenWindow) -> None:
    window = open_window("tk")
    press_key(display, "Caps_Lock")
    try:
        assert typist.deliver("Not a shout").is_whole
        assert window.comes_to("Not a shout") == "Not a shout"
    finally:
        press_key(display, "Caps_Lock")


@contextmanager
def _deaf_window(display: Any) -> Iterator[None]:
    """A window that takes the focus and nothing else."""
    window = display.screen().root.create_window(0, 0, 50, 50, 0, display.screen().root_depth)
    window.set_wm_class("deaf", "Deaf")
    window.map()
    display.sync()
    try:
        yield
    finally:
        window.destroy()
        display.sync()


def test_nothing_is_typed_that_a_program_would_obey(typist: DesktopTypist, open_window: OpenWindow) -> None:
    window = open_window("xterm")
    for text, shown in (("a\x1b[2Jb\x03", "a[2Jb"), ("one\r\ntwo\x04漢", "one\ntwo漢")):
        assert typist.deliver(text).typed == len(shown)
        assert window.comes_to(shown) == shown


def test_a_program_may_have_a_way_of_its_own(display_name: str, open_window: OpenWindow) -> None:
    from edge.desktop.x11.hands import X11Hands

    typist = DesktopTypist(X11Hands(), (Way.KEYS,), {"TKwindow": (Way.PASTE,)})
    try:
        window = open_window("tk")
        assert typist.deliver("One two").way is Way.PASTE
        assert window.comes_to("One two") == "One two"
        open_window("gtk")
        assert typist.deliver("One two").way is Way.KEYS
    finally:
        typist.close()
