"""The settings file: what is written is read again, and what cannot be is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.desktop.chords import Chord
from edge.desktop.protocol import Way
from edge.dictate.options import DictateOptions
from edge.dictate.profiles import Profile
from edge.dictate.settings import DictateSettings, commented, read_settings, write_settings
from edge.errors import OptionError
from edge.settings import settings_of
from edge.written import Replacement, WrittenOptions


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "edgewise" / "dictate.toml"


def read(path: Path, text: str) -> DictateSettings:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def test_without_a_file_all_is_as_usual(path: Path) -> None:
    assert read_settings(path) == DictateSettings()


def test_what_was_chosen_is_read_again(path: Path) -> None:
    chosen = {"key": "right ctrl", "device": 'a "B" mic', "keep_open": 5.0, "commands": True, "ways": ("paste",)}
    assert write_settings(path, chosen) is None
    found = read_settings(path)
    assert found.dictate == DictateOptions(key="right ctrl", device='a "B" mic', keep_open=5, ways=[Way.PASTE])
    assert found.written == WrittenOptions(commands=True)


def test_the_file_that_was_there_is_kept(path: Path) -> None:
    write_settings(path, {"key": "F8"})
    old = write_settings(path, {})
    assert old is not None
    assert read_settings(old).dictate.key == "F8"
    assert read_settings(path) == read_settings(old)


def test_all_settings_are_in_it_with_what_they_are() -> None:
    text = commented({})
    for name in settings_of(DictateOptions):
        assert f"\n# {name} = " in text
    assert "# Key to dictate with, such as F9, ctrl+alt+d or right ctrl (default: F9).\n" in text
    assert max(map(len, text.splitlines())) <= 120


def test_the_comments_are_settings_too(path: Path) -> None:
    """Who takes the # away from all lines with a value has a file that says what holds anyway."""
    lines = [line for line in commented({}).splitlines() if not line.endswith("...")]
    bare = [line[2:] if line.startswith(("# ", "#[")) and (" = " in line or line.startswith("# [")) else line
            for line in lines]  # fmt: skip
    found = read(path, "\n".join(bare))
    assert found.dictate == DictateOptions()
    assert found.written.replacements == (Replacement("edge wise", "edgewise"),)
    assert found.written.snippets == {"my address": "1 Main Street"}
    assert found.paste_keys == {"my-terminal": Chord("v", frozenset({"ctrl", "shift"}))}
    assert found.applications["code"] == Profile(None, {"language": "en"}, {"sentences": False})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[keys\n", "it is not TOML: "),
        (
            "[keyes]\n",
            "there is no section [keyes]; expected keys, microphone, model, text, kept, written, applications",
        ),
        ("keys = 3\n", "keys is 3; expected a section [keys]"),
        ('[keys]\nkye = "F9"\n', "unknown setting 'kye'; did you mean key?"),
        ('[keys]\nkey = "hyper+x"\n', "expected a key such as F9, ctrl+alt+d or right ctrl, got 'hyper+x'"),
        ('[keys]\nundo_key = "f9"\n', "undo_key is f9, which key is as well; choose another key"),
        ('[keys]\nmodel = "base"\n', "model is in [keys]; it belongs in [model]"),
        ('[keys]\nmode = "push"\n', "unknown mode 'push'; expected hold or toggle or auto"),
        ("[microphone]\nkeep_open = -1\n", "keep_open is -1; expected seconds, 0 to 86400"),
        ('[text]\nways = ["magic"]\n', "ways has 'magic'; expected names of ways: "),
        ('[[written.replacements]]\nheard = "x"\n', "expected heard, written and perhaps regex"),
        ('[written]\nreplacements = "x"\n', "expected sections [[written.replacements]]"),
        ('[written]\npunctuation = "all"\n', "unknown punctuation 'all'; expected off or end or anywhere"),
        ('[applications]\nxterm = "hyper+v"\n', "[applications] xterm: expected a key"),
        ("[applications]\nxterm = 3\n", "[applications] xterm: paste is 3; expected keys such as ctrl+shift+v"),
    ],
)
def test_what_cannot_be_is_said_with_the_file(text: str, complaint: str, path: Path) -> None:
    with pytest.raises(OptionError) as caught:
        read(path, text)
    assert str(caught.value).startswith(f"{path}: ")
    assert complaint in str(caught.value)


def test_what_the_user_wrote_outlives_setup(path: Path) -> None:
    found = read(
        path,
        """
[keys]
key = "F8"
mode = "hold"
[written]
commands = true
off = ["filler"]
[[written.replacements]]
heard = 'edge "wise"'
written = "edgewise\\n"
[[written.replacements]]
heard = "a+"
written = "A"
regex = true
[written.snippets]
"my address" = "1 Main Street"
[written.tables.en.commands]
"next line" = "\\n"
"new line" = false
[applications]
my-terminal = "ctrl+shift+v"
""",
    )
    write_settings(path, {"key": "F7", "device": None})
    again = read_settings(path)
    assert (again.dictate.key, again.dictate.mode) == ("F7", "hold")
    assert again.written == found.written
    assert again.paste_keys == found.paste_keys


def test_a_file_that_cannot_be_read_is_kept_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("[keys", encoding="utf-8")
    old = write_settings(path, {})
    assert old is not None
    assert old.read_text(encoding="utf-8") == "[keys"
    assert read_settings(path) == DictateSettings()
