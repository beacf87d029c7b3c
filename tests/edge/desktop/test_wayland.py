"""Text that is typed into real programs under a Wayland compositor and read back."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.desktop.screen import Window, command_of, wait_for, wait_for_focus
from edge.desktop.choose import choose_overlay, try_ways
from edge.desktop.overlay.picture import Painter
from edge.desktop.protocol import Caption, Way
from edge.desktop.typist import DesktopTypist
from edge.desktop.wayland import trial
from edge.desktop.wayland.globals import open_wayland
from edge.desktop.wayland.hands import WaylandHands
from edge.desktop.wayland.keyboard import Keyboard
from edge.errors import DesktopError
from tests.edge.desktop.compositor import compositor, missing
from tests.edge.desktop.texts import EVERYTHING, LONG, PLAIN

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"no compositor without {missing()}")

OpenWindow = Callable[[str], Window]


@pytest.fixture(scope="module")
def sway() -> Iterator[dict[str, str]]:
    with compositor() as environment:
        yield environment


@pytest.fixture
def typist(sway: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[DesktopTypist]:
    for name in ("XDG_RUNTIME_DIR", "WAYLAND_DISPLAY"):
        monkeypatch.setenv(name, sway[name])
    made = DesktopTypist(WaylandHands())
    yield made
    made.close()


@pytest.fixture
def open_window(sway: dict[str, str], typist: DesktopTypist, tmp_path: Path) -> Iterator[OpenWindow]:
    with ExitStack() as windows:

        def open_one(kind: str) -> Window:
            before = typist.focused()
            path = tmp_path / f"{kind}.txt"
            command = command_of(kind, path)
            if not command:
                pytest.skip(f"{kind} is not installed: apt install foot python3-gi gir1.2-gtk-3.0")
            window = Window(path, *command, environment=sway | {"GDK_BACKEND": "wayland"})
            windows.callback(window.close)
            wait_for(lambda: window.is_open, f"{kind} to open")
            wait_for_focus(typist.focused, (None, before), f"{kind} to have the focus")
            return window

        yield open_one
    wait_for(lambda: typist.focused() is None, "the windows to close")


@pytest.mark.parametrize("kind", ["foot", "gtk"])
def test_a_program_shows_exactly_what_was_typed(kind: str, typist: DesktopTypist, open_window: OpenWindow) -> None:
    window = open_window(kind)
    texts = (
        (PLAIN, Way.VIRTUAL_KEYBOARD),
        (EVERYTHING, Way.PASTE),
        (LONG, Way.PASTE),
        ("漢字 😀", Way.VIRTUAL_KEYBOARD),
    )
    for text, way in texts:
        delivery = typist.deliver(text)
        assert (delivery.way, delivery.typed, delivery.trouble) == (way, len(text), "")
        assert window.comes_to(text) == text


@pytest.mark.parametrize("kind", ["foot", "gtk"])
def test_keys_alone_carry_every_text(kind: str, typist: DesktopTypist, open_window: OpenWindow) -> None:
    keys_alone = DesktopTypist(WaylandHands(), [Way.VIRTUAL_KEYBOARD])
    try:
        window = open_window(kind)
        many = "".join(chr(code) for code in range(0x4E00, 0x4E00 + 260))
        for text in (EVERYTHING, LONG[:400], many):
            assert keys_alone.deliver(text).is_whole
            assert window.comes_to(text) == text
    finally:
        keys_alone.close()


@pytest.mark.parametrize("text", ["One, two. ", "Größe 漢字 👩\u200d💻 e\u0301"])
def test_exactly_what_was_typed_is_deleted(text: str, typist: DesktopTypist, open_window: OpenWindow) -> None:
    window = open_window("gtk")
    assert typist.deliver("Stays. é").is_whole
    delivery = typist.deliver(text)
    assert window.comes_to("Stays. é" + text) == "Stays. é" + text
    assert typist.erase(delivery) == ""
    wait_for(lambda: window.text == "Stays. é", "the text to be deleted", 5)
    assert typist.erase(delivery) == "there is nothing to delete: only the last text that was typed can be"
    assert typist.deliver(text).is_whole
    wait_for(lambda: window.text == "Stays. é" + text, "typing to go on", 5)


def test_what_the_cursor_is_not_behind_is_left_alone(
    sway: dict[str, str], typist: DesktopTypist, open_window: OpenWindow
) -> None:
    window = open_window("gtk")
    delivery = typist.deliver("One two")
    assert window.comes_to("One two") == "One two"
    user = open_wayland()
    try:
        keyboard = Keyboard(user)
        keyboard.press("x")
        wait_for(lambda: window.text == "One twox", "the user's key", 5)
        assert typist.erase(delivery) == "the text is not right before the cursor any more"
        keyboard.close()
    finally:
        user.wire.close()
    assert window.text == "One twox"


def test_a_program_that_tells_nothing_is_left_alone(typist: DesktopTypist, open_window: OpenWindow) -> None:
    window = open_window("foot")
    delivery = typist.deliver("One two")
    assert window.comes_to("One two") == "One two"
    assert typist.erase(delivery) == "this program does not tell what is before the cursor"
    assert window.text == "One two"


def test_nothing_is_typed_into_a_window_that_took_the_focus(typist: DesktopTypist, open_window: OpenWindow) -> None:
    open_window("gtk")
    target = typist.focused()
    thief = open_window("foot")
    delivery = typist.deliver("for somebody else", target)
    assert (delivery.way, delivery.typed) == (Way.CLIPBOARD, 0)
    assert delivery.trouble == "another window took the focus; the text is in the clipboard"
    assert typist.read() == "for somebody else"
    assert thief.text == ""


@pytest.mark.skipif(not shutil.which("wl-copy"), reason="wl-copy is not installed: apt install wl-clipboard")
def test_the_clipboard_is_as_before(sway: dict[str, str], typist: DesktopTypist, open_window: OpenWindow) -> None:
    picture = bytes(range(256)) * 4096
    quiet = subprocess.DEVNULL
    subprocess.run(["wl-copy", "-t", "image/png"], input=picture, env=sway, check=True, stdout=quiet, stderr=quiet)
    window = open_window("gtk")
    typist.prepare()
    for text in ("one\ntwo", "three\tfour"):
        assert typist.deliver(text).is_whole
        assert window.comes_to(text) == text

    def pasted() -> bytes:
        return subprocess.run(["wl-paste"], env=sway, capture_output=True).stdout

    wait_for(lambda: pasted() == picture, "the clipboard to be restored", 5)
    subprocess.run(["wl-copy", "--clear"], env=sway, check=True)
    wait_for(lambda: typist.read() == "", "the clipboard to be cleared")
    assert typist.deliver("five\nsix").is_whole
    assert window.comes_to("five\nsix") == "five\nsix"
    wait_for(lambda: pasted() == b"", "the clipboard to be empty", 5)


def test_a_lent_text_is_marked_as_private(typist: DesktopTypist, sway: dict[str, str]) -> None:
    from edge.desktop.wayland.clipboard import Clipboard

    found = open_wayland()
    owner = Clipboard(found)
    owner.lend("secret words")
    reader = open_wayland()
    assert Clipboard(reader).read()["x-kde-passwordManagerHint"] == b"secret"
    owner.close()
    for each in (reader, found):
        each.wire.close()


def test_a_window_of_ours_says_which_ways_work(typist: DesktopTypist) -> None:
    trials = try_ways()
    assert [(trial.way, trial.works) for trial in trials] == [(Way.VIRTUAL_KEYBOARD, True), (Way.PASTE, True)], trials


def test_what_was_read_back_instead_is_said(typist: DesktopTypist, monkeypatch: pytest.MonkeyPatch) -> None:
    type_all = Keyboard.type
    monkeypatch.setattr(Keyboard, "type", lambda self, text, may: type_all(self, text[1:], may) + 1)
    monkeypatch.setattr(trial, "_READ_S", 0.3)
    found = try_ways()[0]
    assert not found.works
    assert "read back 'he quick brown" in found.finding


def test_where_there_is_no_compositor_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(DesktopError, match="WAYLAND_DISPLAY is not set"):
        open_wayland()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-9")
    with pytest.raises(DesktopError, match="does not answer at"):
        open_wayland()


def pixels_on(sway: dict[str, str], width: int, height: int) -> Any:
    """What is at the top of the screen, in the middle."""
    image = subprocess.run(["grim", "-t", "ppm", "-"], env=sway, check=True, capture_output=True).stdout
    head, size, most, data = image.split(b"\n", 3)
    columns, rows = map(int, size.split())
    assert (head, most) == (b"P6", b"255")
    left = (columns - width) // 2
    return np.frombuffer(data, np.uint8).reshape(rows, columns, 3)[:height, left : left + width]


@pytest.mark.skipif(not shutil.which("grim"), reason="grim is not installed: apt install grim")
def test_the_overlay_is_above_all_windows_and_takes_nothing(
    sway: dict[str, str], typist: DesktopTypist, open_window: OpenWindow
) -> None:
    try:
        painter = Painter()
    except DesktopError as error:
        pytest.skip(f"{error}: apt install libpangocairo-1.0-0")
    window = open_window("foot")
    before = typist.focused()
    overlay = choose_overlay()
    try:
        for caption in (Caption("listening"), Caption("listening", "Größe, naïve", " may change"), Caption("working")):
            picture = painter.paint(caption)
            shown = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 4)[:, :, 2::-1]
            overlay.show(caption)
            wait_for(partial(is_there, sway, shown), caption.words)
            assert typist.focused() == before
        assert typist.deliver("One two").is_whole
        assert window.comes_to("One two") == "One two"
        overlay.show(None)
        wait_for(lambda: not is_there(sway, shown), "the overlay to go")
    finally:
        overlay.close()


def is_there(sway: dict[str, str], shown: Any) -> bool:
    return bool((pixels_on(sway, shown.shape[1], shown.shape[0]) == shown).all())


def test_a_compositor_without_layers_says_so(
    sway: dict[str, str], typist: DesktopTypist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.desktop.wayland.overlay.LAYER_SHELL", "zwlr_layer_shell_v99")
    with pytest.raises(DesktopError, match="this compositor has no place for an overlay"):
        choose_overlay()
