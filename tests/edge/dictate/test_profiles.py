"""Settings for one program: what it has for itself, and what holds for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.desktop.chords import Chord
from edge.desktop.protocol import Way
from edge.dictate.options import DictateOptions
from edge.dictate.profiles import Profile, profile_of, read_profile
from edge.dictate.settings import DictateSettings, read_settings, write_settings
from edge.errors import OptionError
from edge.written import WrittenOptions

CODE = """
[model]
language = "de"
[written]
commands = true
punctuation = "end"
[applications]
my-terminal = "ctrl+shift+v"
[applications.Code]
paste = "ctrl+y"
language = "en"
vocabulary = "code.txt"
ways = ["paste"]
punctuation = "off"
sentences = false
off = ["capital", "figures"]
[applications."org.gnome.TextEditor"]
formatted = false
"""


def read(folder: Path, text: str) -> DictateSettings:
    (folder / "dictate.toml").write_text(text, encoding="utf-8")
    return read_settings(folder / "dictate.toml")


def test_a_program_has_its_own_settings_and_the_usual_ones_beside_them(tmp_path: Path) -> None:
    settings = read(tmp_path, CODE)
    profile = profile_of("code", settings.applications)
    assert profile.dictation(settings.dictate) == DictateOptions(language="en", vocabulary="code.txt", ways=[Way.PASTE])
    assert profile.writing(settings.written) == WrittenOptions(
        commands=True, punctuation="off", sentences=False, off=["capital", "figures"]
    )
    assert settings.own_ways == {"code": (Way.PASTE,)}
    assert settings.paste_keys == {
        "my-terminal": Chord("v", frozenset({"ctrl", "shift"})),
        "code": Chord("y", frozenset({"ctrl"})),
    }
    assert not profile_of("org.gnome.texteditor", settings.applications).dictation(settings.dictate).formatted
    assert profile_of("firefox", settings.applications) == Profile()
    assert Profile().dictation(settings.dictate) == settings.dictate


def test_the_command_line_goes_before_it(tmp_path: Path) -> None:
    settings = read(tmp_path, CODE)
    profile = settings.applications["code"].without({"language"})
    assert profile.dictation(DictateOptions(language="fr")).language == "fr"
    assert profile.ways == (Way.PASTE,)


def test_it_outlives_setup(tmp_path: Path) -> None:
    settings = read(tmp_path, CODE)
    write_settings(tmp_path / "dictate.toml", {"key": "F7"})
    again = read_settings(tmp_path / "dictate.toml")
    assert again.applications == settings.applications
    assert again.dictate.key == "F7"


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        ({"langauge": "en"}, "unknown setting 'langauge'; did you mean language?"),
        ({"snippets": {}}, "unknown setting 'snippets'; there are paste, language, vocabulary, formatted, ways, "),
        ({"key": "F8"}, "key holds for all programs; one may have paste, language, "),
        ({"paste": 3}, "paste is 3; expected keys such as ctrl+shift+v"),
        ({"paste": "hyper+v"}, "expected a key such as F9"),
        ({"ways": ["magic"]}, "ways has 'magic'; expected names of ways: "),
        ({"punctuation": "all"}, "unknown punctuation 'all'; expected off or end or anywhere"),
        ({"sentences": "perhaps"}, "sentences is 'perhaps'"),
        (["ctrl+v"], "paste is ['ctrl+v']; expected keys such as ctrl+shift+v"),
    ],
)
def test_what_cannot_be_is_said_with_the_program(found: object, complaint: str) -> None:
    with pytest.raises(OptionError) as caught:
        read_profile("code", found)
    assert str(caught.value).startswith("[applications] code: ")
    assert complaint in str(caught.value)
