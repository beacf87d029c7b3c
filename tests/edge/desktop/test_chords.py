from __future__ import annotations

import pytest

from edge.desktop.chords import Chord, parse_chord, paste_chord
from edge.errors import DesktopError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("f9", "F9"),
        ("F12", "F12"),
        ("Ctrl + Alt + D", "ctrl+alt+d"),
        ("right ctrl", "Control_R"),
        ("Control_R", "Control_R"),
        ("win+esc", "super+Escape"),
        ("cmd+page down", "super+Page_Down"),
        ("XF86_AudioMedia", "XF86_AudioMedia"),
        ("f", "f"),
        ("+", "plus"),
    ],
)
def test_keys_by_the_names_people_give_them(text: str, shown: str) -> None:
    assert str(parse_chord(text)) == shown


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "there is no key at its end"), ("ctrl+", "there is no key at its end"), ("hyper+x", "unknown: 'hyper'")],
)
def test_what_is_no_key_is_said(text: str, why: str) -> None:
    with pytest.raises(DesktopError) as failure:
        parse_chord(text)
    assert str(failure.value) == f"expected a key such as F9, ctrl+alt+d or right ctrl, got {text!r} ({why})"


def test_programs_paste_by_their_own_keys() -> None:
    shown = {name: str(paste_chord(name)) for name in ("firefox", "Gnome-terminal", "XTerm", "Emacs", "")}
    assert shown == {
        "firefox": "ctrl+v",
        "Gnome-terminal": "ctrl+shift+v",
        "XTerm": "shift+Insert",
        "Emacs": "ctrl+y",
        "": "ctrl+v",
    }
    assert paste_chord("Vim", {"vim": Chord("p")}) == Chord("p")
