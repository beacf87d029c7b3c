"""The overlay: what is in it, where it stands, and that it takes neither the focus nor a click."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from benchmarks.desktop.screen import Window, wait_for
from edge.desktop.overlay.picture import MOST_LINES, Painter, functions
from edge.desktop.overlay.place import Area, monitor_of, place
from edge.desktop.overlay.posted import Posted
from edge.desktop.protocol import Caption
from edge.errors import DesktopError
from tests.edge.desktop.overlays import seen_on, windows_of_ours

SCREEN = Area(0, 0, 1280, 800)
WORDS = Caption("listening", "Größe, naïve “quotes” <b>&amp;", " may change")


@pytest.fixture
def painter() -> Painter:
    try:
        return Painter()
    except DesktopError as error:
        pytest.skip(f"{error}: apt install libpangocairo-1.0-0")


def pixels_of(painter: Painter, caption: Caption) -> Any:
    picture = painter.paint(caption)
    return np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 4)


def test_letters_with_accents_are_drawn(painter: Painter) -> None:
    assert painter.paint(WORDS).n_unknown == 0
    plain, accents = (pixels_of(painter, Caption("listening", text)) for text in ("Grosse naive", "Größe naïve"))
    assert plain.shape == accents.shape
    assert (plain != accents).any()


def test_other_writing_is_drawn_where_a_font_has_it(painter: Painter) -> None:
    if painter.paint(Caption("listening", "漢字かな")).n_unknown:
        pytest.skip("no font here has it: apt install fonts-droid-fallback")
    first, second = (pixels_of(painter, Caption("listening", text)) for text in ("漢字", "字漢"))
    assert (first != second).any()


def test_a_character_that_no_font_has_is_counted(painter: Painter) -> None:
    assert painter.paint(Caption("listening", "\U0010fffd")).n_unknown == 1


def test_markup_is_no_markup_and_controls_are_harmless(painter: Painter) -> None:
    shown = pixels_of(painter, Caption("listening", "<b>bold</b> &amp; \x1b[1m\x00 \ud800"))
    assert (shown != pixels_of(painter, Caption("listening", "bold"))[: len(shown)]).any()


def test_of_a_long_text_the_newest_lines_are_shown(painter: Painter) -> None:
    few = pixels_of(painter, Caption("listening", "word " * 30))
    many = pixels_of(painter, Caption("listening", "word " * 3000))
    assert len(few) == len(many)
    assert len(many) < len(pixels_of(painter, Caption("listening", "word"))) * (MOST_LINES + 1)
    ends = [pixels_of(painter, Caption("listening", "word " * 300 + end)) for end in ("one", "two")]
    assert (ends[0] != ends[1]).any()


def test_words_that_may_change_are_paler(painter: Painter) -> None:
    firm, rest = (
        pixels_of(painter, caption) for caption in (Caption("working", "word"), Caption("working", rest="word"))
    )
    assert firm.astype(int).sum() > rest.astype(int).sum()


def test_a_screen_of_more_dots_gets_a_larger_picture(painter: Painter) -> None:
    usual, double = painter.paint(WORDS), Painter(192).paint(WORDS)
    assert double.width == 2 * usual.width
    assert double.height > 1.6 * usual.height


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.desktop.overlay.picture.find_library", lambda name: None)
    functions.cache_clear()
    with pytest.raises(DesktopError, match="libcairo is missing; install Pango"):
        functions()
    functions.cache_clear()


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (None, (360, 708)),
        (Area(100, 100, 600, 400), (360, 708)),
        (Area(0, 300, 1280, 500), (360, 12)),
        (Area(300, 0, 400, 800), (708, 708)),
        (Area(500, 0, 780, 800), (360, 0)),
        (SCREEN, (360, 0)),
    ],
)
def test_it_stands_where_the_window_is_not(window: Area | None, expected: tuple[int, int]) -> None:
    found = place(560, 80, SCREEN, window)
    assert (found.x, found.y) == expected
    assert expected[1] == 0 or window is None or not found.meets(window)


def test_it_stands_on_the_monitor_of_the_window() -> None:
    monitors = [SCREEN, Area(1280, 0, 1920, 1080)]
    assert monitor_of(Area(1200, 0, 400, 400), monitors) == monitors[1]
    assert monitor_of(None, monitors) == monitors[0]
    assert place(560, 80, monitors[1], None).x == 1280 + (1920 - 560) // 2


class SlowSheet:
    """A sheet that takes its time, and may break."""

    def __init__(self, breaks_at: str = "") -> None:
        self.seen: list[str] = []
        self.breaks_at = breaks_at

    def draw(self, caption: Caption) -> None:
        if caption.firm == self.breaks_at:
            raise DesktopError("the screen is gone")
        self.seen.append(caption.firm)
        time.sleep(0.02)

    def erase(self) -> None:
        self.seen.append("erased")

    def close(self) -> None:
        self.seen.append("closed")


def test_the_newest_caption_is_shown_and_nobody_waits() -> None:
    sheet = SlowSheet()
    posted = Posted(sheet)
    began_s = time.monotonic()
    for number in range(200):
        posted.show(Caption("listening", str(number)))
    assert time.monotonic() - began_s < 0.5
    wait_for(lambda: sheet.seen[-1:] == ["199"], "the newest one")
    assert len(sheet.seen) < 50
    posted.show(None)
    wait_for(lambda: sheet.seen[-1:] == ["erased"], "it to go")
    posted.close()
    assert sheet.seen[-1] == "closed"


def test_a_screen_that_is_gone_ends_the_overlay_alone() -> None:
    sheet = SlowSheet(breaks_at="this")
    posted = Posted(sheet)
    posted.show(Caption("listening", "this"))
    wait_for(lambda: sheet.seen == ["closed"], "its end")
    posted.show(Caption("listening", "that"))
    posted.close()
    assert sheet.seen == ["closed"]


@pytest.fixture
def overlay(painter: Painter, display_name: str) -> Iterator[Posted]:
    from edge.desktop.x11.overlay import OverlayWindow

    posted = Posted(OverlayWindow())
    yield posted
    posted.close()


def screen_pixels(display: Any, area: Area) -> Any:
    from Xlib import X

    image = display.screen().root.get_image(area.x, area.y, area.width, area.height, X.ZPixmap, 0xFFFFFFFF)
    return np.frombuffer(image.data, np.uint8).reshape(area.height, area.width, 4)[:, :, :3]


def shows(display: Any, words: str) -> Area:
    wait_for(lambda: (seen_on(display) or ("",))[0] == words, "the overlay")
    found = seen_on(display)
    assert found is not None
    return found[1]


def test_it_is_on_the_screen_and_takes_nothing(
    overlay: Posted, painter: Painter, display: Any, open_window: Callable[[str], Window]
) -> None:
    from Xlib import X

    from benchmarks.desktop.hands import press_key
    from edge.desktop.x11.windows import focused_target

    window = open_window("tk")
    before = focused_target(display)
    overlay.show(WORDS)
    area = shows(display, "listening: Größe, naïve “quotes” <b>&amp; may change")
    wait_for(lambda: bool((screen_pixels(display, area) == pixels_of(painter, WORDS)[:, :, :3]).all()), "its pixels")
    assert focused_target(display) == before
    press_key(display, "a")
    assert window.comes_to("a") == "a"
    display.screen().root.warp_pointer(area.x + 20, area.y + 20)
    display.sync()
    assert display.screen().root.query_pointer().child not in windows_of_ours(display)
    overlay.show(None)
    wait_for(lambda: seen_on(display) is None, "it to go")
    assert all(
        w.get_full_property(display.get_atom("_NET_WM_NAME"), X.AnyPropertyType) is None
        for w in windows_of_ours(display)
    )


def test_it_covers_nothing_of_the_window_that_is_dictated_into(
    overlay: Posted, display: Any, open_window: Callable[[str], Window]
) -> None:
    from edge.desktop.x11.windows import focused_window

    open_window("tk")
    window = focused_window(display)
    for y in (0, 500):
        window.configure(x=300, y=y)
        display.sync()
        wait_for(partial(stands_at, display, window, y), "the window to move")
        overlay.show(Caption("listening", f"at {y}"))
        assert not shows(display, f"listening: at {y}").meets(frame_of(display, window))


def stands_at(display: Any, window: Any, y: int) -> bool:
    return abs(frame_of(display, window).y - y) < 40


def frame_of(display: Any, window: Any) -> Area:
    while (parent := window.query_tree().parent).id != display.screen().root.id:
        window = parent
    found = window.get_geometry()
    return Area(found.x, found.y, found.width, found.height)


def test_with_the_server_it_ends_and_the_dictation_does_not(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.desktop.screen import missing, screen
    from edge.desktop.x11.overlay import OverlayWindow

    if missing():
        pytest.skip(f"no screen without {missing()}")
    with screen(tmp_path) as (name, server):
        monkeypatch.setenv("DISPLAY", name)
        posted = Posted(OverlayWindow())
        posted.show(WORDS)
        server.terminate()
        server.wait()
        posted.show(None)
        posted.close()
