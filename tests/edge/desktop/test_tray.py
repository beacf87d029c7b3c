"""The icon in the panel, as a panel on a bus of our own sees it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.desktop.screen import wait_for
from edge.desktop.protocol import Entry
from edge.errors import DesktopError
from tests.edge.desktop.buses import ITEM, MENU, Panel, session_bus

pytest.importorskip("jeepney", reason="jeepney: pip install 'edgewise[dictate]'")

from edge.desktop.portal.icon import icon
from edge.desktop.portal.menu import Menu
from edge.desktop.portal.tray import PanelIcon


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with session_bus(tmp_path) as found:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", found[0])
        yield found


class Shown:
    """An icon whose menu a test changes, and what was done by it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.texts = ["First text", "snake_case"]

    def entries(self) -> tuple[Entry, ...]:
        texts = tuple(Entry(text, self.doing(text)) for text in self.texts)
        return (Entry("Idle"), Entry("Dictate", self.doing("dictate")), Entry(""), Entry("History", entries=texts))

    def doing(self, what: str) -> Callable[[], None]:
        return lambda: self.done.append(what)


@pytest.fixture
def shown() -> Shown:
    return Shown()


def open_icon(shown: Shown) -> PanelIcon:
    return PanelIcon("edgewise dictate", shown.entries, shown.doing("click"))


Bus = tuple[str, "subprocess.Popen[bytes]"]


def test_a_panel_shows_it_and_its_menu_does_what_it_says(bus: Bus, shown: Shown) -> None:
    with Panel(bus[0]) as panel:
        tray = open_icon(shown)
        assert tray.is_shown
        panel.wait_for_item()
        properties = panel.properties()
        assert [properties[name] for name in ("Id", "Title", "Status", "Menu")] == [
            "edgewise-dictate",
            "edgewise dictate",
            "Active",
            "/MenuBar",
        ]
        assert [(line[1], line[2]) for line in panel.menu()] == [
            ("Idle", False),
            ("Dictate", True),
            ("", False),
            ("History", True),
        ]
        assert [line[1] for line in panel.menu()[3][3]] == ["First text", "snake__case"]
        panel.choose(panel.line("Dictate"))
        panel.choose(panel.line("First text"))
        panel.choose(panel.line("Idle"))
        panel.call("/StatusNotifierItem", ITEM, "Activate", "ii", 0, 0)
        wait_for(lambda: shown.done == ["dictate", "First text", "click"], "what was chosen")
        tray.close()


def test_what_goes_on_is_in_the_icon_and_its_tip(bus: Bus, shown: Shown) -> None:
    with Panel(bus[0]) as panel:
        tray = open_icon(shown)
        panel.wait_for_item()
        before = panel.properties()
        tray.show("listening")
        panel.wait_for_signal("NewIcon")
        after = panel.properties()
        assert (before["ToolTip"][3], after["ToolTip"][3]) == ("idle", "listening")
        assert before["IconPixmap"] != after["IconPixmap"]
        assert [picture[:2] for picture in after["IconPixmap"]] == [(22, 22), (44, 44)]
        tray.close()


def test_an_old_menu_chooses_nothing_of_a_new_one(bus: Bus, shown: Shown) -> None:
    with Panel(bus[0]) as panel:
        tray = open_icon(shown)
        panel.wait_for_item()
        old = panel.line("First text")
        shown.texts = ["Second text"]
        new = panel.line("Second text")
        panel.choose(old)
        panel.choose(new)
        wait_for(lambda: shown.done != [], "what was chosen")
        assert shown.done == ["Second text"]
        assert panel.call("/MenuBar", MENU, "GetLayout", "iias", old, -1, []).endswith(".UnknownMethod")
        tray.close()


def test_a_panel_that_comes_later_or_again_shows_it(bus: Bus, shown: Shown) -> None:
    tray = open_icon(shown)
    assert not tray.is_shown
    tray.show("listening")
    for _ in range(2):
        with Panel(bus[0]) as panel:
            panel.wait_for_item()
            assert panel.properties()["ToolTip"][3] == "listening"
            assert tray.is_shown
        wait_for(lambda: not tray.is_shown, "the panel to go")
    tray.close()


def test_all_that_a_panel_may_ask_is_answered(bus: Bus, shown: Shown) -> None:
    with Panel(bus[0]) as panel:
        tray = open_icon(shown)
        panel.wait_for_item()
        number = panel.line("Dictate")
        get = "org.freedesktop.DBus.Properties"
        assert panel.call("/MenuBar", get, "Get", "ss", MENU, "Version") == ("u", 3)
        assert panel.call("/StatusNotifierItem", get, "Get", "ss", ITEM, "Category") == ("s", "ApplicationStatus")
        assert panel.call("/StatusNotifierItem", get, "Get", "ss", ITEM, "Other").endswith(".UnknownProperty")
        assert panel.call("/MenuBar", MENU, "GetProperty", "is", number, "label") == ("s", "Dictate")
        assert panel.call("/MenuBar", MENU, "GetProperty", "is", 999, "label").endswith(".UnknownProperty")
        assert panel.call("/MenuBar", MENU, "GetGroupProperties", "aias", [number, 999], []) == [
            (number, {"label": ("s", "Dictate")})
        ]
        assert panel.call("/MenuBar", MENU, "AboutToShowGroup", "ai", [0]) == ([], [])
        events = [(number, "clicked", ("s", ""), 0), (number, "hovered", ("s", ""), 0)]
        assert panel.call("/MenuBar", MENU, "EventGroup", "a(isvu)", events) == []
        assert panel.call("/StatusNotifierItem", ITEM, "Scroll", "is", 1, "vertical") == ()
        assert panel.call("/StatusNotifierItem", ITEM, "Fly").endswith(".UnknownMethod")
        wait_for(lambda: shown.done == ["dictate"], "what was chosen")
        tray.close()


def test_without_a_bus_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shown: Shown) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    with pytest.raises(DesktopError, match="there is no session bus, so no icon"):
        open_icon(shown)


def test_a_bus_that_ends_ends_the_icon_alone(bus: Bus, shown: Shown) -> None:
    tray = open_icon(shown)
    bus[1].kill()
    bus[1].wait()
    tray.show("listening")
    tray.close()


def test_a_menu_that_is_the_same_keeps_its_numbers_and_does_what_is_new() -> None:
    done: list[int] = []
    menu = Menu((Entry("a", lambda: done.append(1)),))
    assert not menu.update((Entry("a", lambda: done.append(2)),))
    assert menu.numbers() == (0, 1)
    act = menu.act_of(1)
    assert act is not None
    act()
    assert done == [2]
    assert menu.update((Entry("b"),))
    assert menu.numbers() == (0, 2)


@pytest.mark.parametrize("size", [16, 22, 44])
def test_the_icon_is_a_microphone_in_the_color_of_the_state(size: int) -> None:
    pixels = np.frombuffer(icon("listening", size), np.uint8).reshape(size, size, 4)
    assert tuple(pixels[round(size * 0.36), size // 2]) == (255, 0xFF, 0x5C, 0x57)
    assert not pixels[0].any()
    assert (pixels != np.frombuffer(icon("idle", size), np.uint8).reshape(size, size, 4)).any()
