"""The writer: commands, the place where text goes in, the user's words, and that all of it can be taken back."""

from __future__ import annotations

import builtins
import time
import tomllib
from typing import Any

import pytest

from edge.errors import EdgeError, OptionError
from edge.settings import options_from
from edge.written import Change, Replacement, Writer, WrittenOptions

NO_FIGURES = ["figures"]


def writer(**settings: Any) -> Writer:
    chosen: dict[str, Any] = {"off": NO_FIGURES, "commands": True, "punctuation": "end"} | settings
    return Writer("en", WrittenOptions(**chosen))


def test_each_change_is_listed_and_can_be_taken_back() -> None:
    done = writer().write("um hello world full stop", before="")
    assert done.text == "Hello world."
    assert [change.rule for change in done.changes] == ["punctuation", "filler", "capital"]
    assert done.changes[0] == Change(14, 24, " full stop", ".", "punctuation")
    assert done.undo() == "hello world."
    assert done.undo(2) == "um hello world."
    assert done.said == done.undo(99) == "um hello world full stop"


@pytest.mark.parametrize("rule", ["filler", "capital", "punctuation", "space"])
def test_a_rule_that_is_off_changes_nothing(rule: str) -> None:
    said, before = "um hello world full stop", "I am here."
    assert rule in {change.rule for change in writer().write(said, before).changes}
    assert rule not in {change.rule for change in writer(off=[rule, "figures"]).write(said, before).changes}


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ("scratch that", "scratch"), ("Scratch that.", "scratch"), ("undo", "undo"), ("Undo that!", "undo"),
        ("I will undo that", None), ("scratch that idea", None), ("new line", None),
    ],
)  # fmt: skip
def test_an_action_is_said_alone(said: str, action: str | None) -> None:
    done = writer().write(said)
    assert done.action == action
    assert (done.text == "") == (action is not None)
    assert done.said == said


def test_scratch_that_behind_a_sentence_takes_back_the_sentence() -> None:
    done = writer().write("We meet on Monday. Scratch that.")
    assert (done.text, done.action) == ("", None)
    assert done.said == "We meet on Monday. Scratch that."


def test_commands_are_off_unless_asked_for() -> None:
    assert Writer("en", WrittenOptions(off=NO_FIGURES)).write("hello comma new line").text == "hello comma new line"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("hello comma world", "hello, world"),
        ("Hello, comma, world.", "Hello, world."),
        ("hello full stop how are you question mark", "hello. How are you?"),
        ("say open quote hello close quote now", 'say "hello" now'),
        ("he ran open bracket fast close bracket home", "he ran (fast) home"),
        ("well hyphen known", "well-known"),
        ("yes dash no", "yes \u2013 no"),
        ("put a comma there", "put a comma there"),
        ("salt ampersand pepper", "salt & pepper"),
        ("say open quote Yes. close quote and go", 'say "Yes." and go'),
    ],
)
def test_signs_go_anywhere_where_that_is_asked_for(said: str, expected: str) -> None:
    assert writer(punctuation="anywhere").write(said).text == expected


@pytest.mark.parametrize(
    ("before", "said", "expected"),
    [
        (None, "hello there", "hello there"),
        ("", "hello there", "Hello there"),
        ("", " Hello there.", "Hello there."),
        ("Yes.", "hello there", " Hello there"),
        ("Yes. ", "hello there", "Hello there"),
        ("Yes!)", "we do", " We do"),
        ("one\n", "hello", "Hello"),
        ("I think", "The cat sat", " the cat sat"),
        ("I think", "Paul sat", " Paul sat"),
        ("I think", "I do", " I do"),
        ("I think ", "It is", "it is"),
        ("He said (", "Maybe", "maybe"),
        ('He said "', "maybe", "maybe"),
        ('He said "yes"', "maybe", " maybe"),
        ("Hello", "comma", ","),
        ("Hello", "open quote", ' "'),
        ("Hello", "new line", "\n"),
        ("Hello,", "my friend", " my friend"),
        ("https:/", "example", "example"),
        ("", "name@example.com", "name@example.com"),
        ("x", "", ""),
    ],
)
def test_text_fits_where_it_goes_in(before: str | None, said: str, expected: str) -> None:
    assert writer().write(said, before).text == expected


def test_a_blank_behind_is_for_places_that_nobody_knows() -> None:
    assert writer(blank_after=True).write("hello").text == "hello "
    assert writer(blank_after=True).write("new line").text == "\n"


def test_a_snippet_stands_for_a_phrase_and_nothing_changes_it() -> None:
    options: dict[str, Any] = {"snippets": {"Insert my  address": "um 1 gray street\nSpringfield"}, "spelling": "en-GB"}
    assert writer(**options).write("insert my address.").text == "um 1 gray street\nSpringfield"
    assert writer(**options).write("the gray one, insert my address").text == (
        "the grey one um 1 gray street\nSpringfield"
    )
    assert writer(**options).write("insert my address here").text == "insert my address here"


def test_spelling_keeps_capitals_and_knows_words_only() -> None:
    british = writer(spelling="en-GB")
    assert british.write("Color, COLOR and colorado").text == "Colour, COLOUR and colorado"
    assert writer(spelling="en-US").write("my favourite colour is grey").text == "my favorite color is gray"
    assert british.write("a check in practice").text == "a check in practice"


def test_the_users_rows_replace_add_and_remove() -> None:
    own = {
        "en": {"commands": {"Next  Row": "\n", "new line": False}, "fillers": ["like"], "punctuation": {"comma": ";"}}
    }
    changed = writer(tables=own)
    assert changed.write("hello next row").text == "hello\n"
    assert changed.write("hello new line").text == "hello new line"
    assert changed.write("um, like, yes comma").text == "um yes;"
    assert writer().write("hello new line").text == "hello\n"  # ours are as they were


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"off": ["yaer"]}, "off has 'yaer'; expected names of rules: command"),
        ({"tables": {"en": {"command": {}}}}, "there is no table 'command' to change; expected one of commands"),
        ({"tables": {"en": {"commands": ["new line"]}}}, "expected a table of phrases"),
        ({"tables": {"en": {"actions": {"away": "delete"}}}}, "expected scratch or undo"),
        ({"tables": {"en": {"fillers": "um"}}}, "expected a list of words"),
        ({"tables": {"en": {"commands": {"row": 3}}}}, "expected a text, or false to remove it"),
        ({"replacements": [("a", "b")]}, "expected heard and written"),
        ({"replacements": [{"heard": "a"}]}, "expected heard and written"),
        ({"replacements": [{"heard": "a", "written": "b", "regex": "c"}]}, "regex is 'c'; expected True or False"),
        ({"spelling": "en"}, "expected en-GB or en-US"),
        ({"snippets": ["a"]}, "expected a table"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message.replace("(", r"\(")):
        writer(**settings)


def test_a_language_without_tables_has_the_users_words() -> None:
    done = Writer("Japanese", WrittenOptions(replacements=[Replacement("kana", "かな")])).write("twenty five kana um")
    assert done.text == "twenty five かな um"


def test_figures_say_which_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name in ("text_to_num", "regex"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EdgeError, match=r'figures need the library text2num: pip install "edgewise\[written\]"'):
        Writer("en")
    with pytest.raises(EdgeError, match=r'need the library regex: pip install "edgewise\[written\]"'):
        writer(replacements=[Replacement("a+", "b", regex=True)])
    assert writer().write("um hello").text == "hello"


def test_figures_can_be_off_one_by_one() -> None:
    pytest.importorskip("text_to_num")
    said = "five percent in nineteen eighty four"
    assert Writer("en").write(said).text == "5% in 1984"
    assert Writer("en", WrittenOptions(off=["percent"])).write(said).text == "five percent in 1984"
    assert Writer("en", WrittenOptions(figures_from=3)).write("two or three").text == "two or 3"


def test_settings_of_a_file_will_do() -> None:
    content = """
        commands = true
        punctuation = "end"
        off = ["figures"]
        snippets = { "my address" = "1 Main Street" }
        [[replacements]]
        heard = "git hub"
        written = "GitHub"
        [tables.en.commands]
        "next row" = "\\n"
    """
    options = options_from(WrittenOptions, tomllib.loads(content))
    assert Writer("en", options).write("um git hub comma next row").text == "GitHub,\n"
    assert Writer("en", options).write("my address").text == "1 Main Street"


@pytest.mark.parametrize("said", ['he says "um" a lot', "hm?", "(uh)", "Bien, ¿eh?", "UM is a university"])
def test_a_filler_that_is_quoted_or_asked_stays(said: str) -> None:
    language = "es" if "¿" in said else "en"
    assert Writer(language, WrittenOptions(off=NO_FIGURES)).write(said).text == said


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("um one, uh two", "one, two"),
        ("I mean, um, uh, no", "I mean no"),
        ("Um... So there", "So there"),
        ("first um\nsecond", "first\nsecond"),
        ("first\num second", "first\nsecond"),
        ("We went, um.", "We went."),
        ("um, uh", ""),
        ("Yes, er, I do", "Yes I do"),
    ],
)
def test_a_filler_goes_with_the_signs_that_set_it_apart(said: str, expected: str) -> None:
    assert writer().write(said).text == expected


def test_an_utterance_takes_no_time_that_anybody_notices() -> None:
    pytest.importorskip("text_to_num")
    plain = Writer("en", WrittenOptions(commands=True, punctuation="anywhere", spelling="en-GB"))
    said = "on May third nineteen eighty four I paid twenty five dollars um at half past seven to john at gmail dot com"
    times = []
    for _ in range(30):
        began = time.perf_counter()
        plain.write(said, before="Well,")
        times.append(time.perf_counter() - began)
    assert min(times) < 0.003  # a third of a millisecond, and what a slow machine adds


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Print the result.", "print the result"),
        ("Call it. Then stop.", "call it. then stop"),
        ("I think so. I'm sure.", "I think so. I'm sure"),
        ("HTTP is up. McDonald too.", "HTTP is up. McDonald too"),
        ("Is it? Yes!", "is it? yes!"),
        ("“Look.” He did...", "“look.” he did..."),
        ("See e.g.", "see e.g."),
        (" Größe", " größe"),
    ],
)
def test_words_as_in_code_have_no_capital_and_no_full_stop(said: str, expected: str) -> None:
    done = writer(sentences=False).write(said)
    assert done.text == expected
    assert done.said == said
    assert {change.rule for change in done.changes} <= {"sentence"}


def test_in_code_nothing_behind_a_full_stop_gets_a_capital_and_signs_that_are_said_stay() -> None:
    code = writer(sentences=False, commands=True, punctuation="end")
    assert code.write("print it", before="Done.").text == " print it"
    assert code.write("Print it full stop").text == "print it."
    assert code.write("Print it. New line.").text == "print it\n"
    assert writer(sentences=False, off=["sentence"]).write("Print it.").text == "Print it."
