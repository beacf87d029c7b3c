"""The tables of options: each setting is described once, and checked, read and shown by that."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import pytest

from edge.errors import OptionError
from edge.kinds import Choice, Flag, Real, Text, Whole
from edge.listen.vad.options import VadOptions
from edge.options import TEMPERATURES, TranscribeOptions
from edge.settings import check_fields, field_docs, keywords_from, options_from, setting, settings_of, table
from edge.transcript.options import OutputOptions

TABLES = (TranscribeOptions, VadOptions, OutputOptions)


@dataclass(frozen=True, slots=True)
class Inner:
    """Settings within settings."""

    length: float = field(default=0.5, metadata=setting(Real(0, 1, "0 to 1"), group="inside", metavar="S"))
    """Length of it, in seconds. More follows here."""

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Pair(Inner):
    """Settings that hold one more."""

    width: float = 0.5


@dataclass(frozen=True, slots=True)
class Outer:
    """A table of its own."""

    count: int | None = field(default=None, metadata=setting(Whole(1, 9), metavar="N", none="all there are"))
    """Things to take, at
    most."""
    eager: bool = field(default=False, metadata=setting(Flag()))
    """Whether to hurry."""
    mood: bool | str = field(default="auto", metadata=setting(Flag("auto"), default_words="when it is called for"))
    """Whether to be cheerful."""
    word: str = field(default="one", metadata=setting(Choice(("one", "two"))))
    """Word of two."""
    note: str | None = field(default=None, metadata=setting(Text(9), none="no note"))
    """JSON that goes along."""
    inner: Inner = field(default_factory=Inner, metadata=table(Inner, prefix="in_"))
    """Settings within."""
    own: str = "the program's"
    """Name that no user gives."""

    def __post_init__(self) -> None:
        check_fields(self)


def test_a_table_lists_what_may_be_set() -> None:
    found = settings_of(Outer)
    assert list(found) == ["count", "eager", "mood", "word", "note", "in_length"]
    assert found["in_length"].group == "inside"
    summaries = {name: each.summary for name, each in found.items()}
    assert summaries == {
        "count": "things to take, at most",
        "eager": "hurry",
        "mood": "be cheerful",
        "word": "word of two",
        "note": "JSON that goes along",
        "in_length": "length of it, in seconds",
    }
    defaults = [each.default_words for each in found.values()]
    assert defaults == ["all there are", "no", "when it is called for", "one", "no note", "0.5"]


def test_a_form_of_texts_becomes_options() -> None:
    form = {"count": "3", "eager": "yes", "mood": "Off", "word": " two ", "note": "none", "in_length": "0.25"}
    assert options_from(Outer, form) == Outer(3, True, False, "two", "none", Inner(0.25))
    assert options_from(Outer, {"count": "none", "mood": "AUTO"}) == Outer()


def test_a_file_of_values_becomes_options() -> None:
    found = options_from(Outer, {"count": 2.0, "eager": True, "inner": {"length": 1}, "in_length": 0.5})
    assert found == Outer(2, True, inner=Inner(0.5))
    assert options_from(Outer, {"inner": Inner(0.1)}) == Outer(inner=Inner(0.1))
    assert options_from(Outer, {"inner": Pair(0.1, 0.2), "in_length": "0.3"}) == Outer(inner=Pair(0.3, 0.2))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"cuont": 1}, "unknown setting 'cuont'; did you mean count\\?"),
        ({"zzz": 1}, "unknown setting 'zzz'; there are count, eager, mood, word, note, in_length, inner"),
        ({"own": "mine"}, "unknown setting 'own'"),
        ({"count": "many"}, "count is 'many'; expected 1 to 9, or None for all there are"),
        ({"count": "10"}, "count is 10; expected 1 to 9, or None for all there are"),
        ({"eager": "perhaps"}, "eager is 'perhaps'; expected True or False"),
        ({"mood": 2}, "mood is 2; expected True, False or 'auto'"),
        ({"word": "three"}, "unknown word 'three'; expected one or two"),
        ({"note": "x" * 10}, "note has 10 characters; expected at most 9"),
        ({"in_length": "2"}, "in_length is 2.0; expected 0 to 1"),
        ({"in_length": "none"}, "in_length is 'none'; expected 0 to 1"),
        ({"inner": {"width": 1}}, "unknown setting 'width'"),
        ({"inner": 1}, "inner is 1; expected a Inner"),
        ({"inner": 1, "in_length": "0.3"}, "inner is 1; expected a Inner"),
    ],
)
def test_what_cannot_be_is_said(values: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        options_from(Outer, values)


def test_keywords_hold_what_was_given_and_nothing_else() -> None:
    assert keywords_from(Outer, {"in_length": "0.5"}) == {"inner": Inner()}
    assert keywords_from(Outer, {}) == {}


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("language", "German", "de"),
        ("language", "AUTO", None),
        ("languages", "en,German", ("en", "de")),
        ("suppress_tokens", "-1,50257", (-1, 50257)),
        ("temperature", "0,0.4", (0.0, 0.4)),
        ("temperature", "0.4", (0.4,)),
        ("vocabulary", "Makan\nSan Francisco\n", ("Makan", "San Francisco")),
        ("vad", "auto", "auto"),
        ("vad", "on", True),
        ("logprob_threshold", "none", None),
        ("initial_prompt", "none", "none"),
        ("task", "translate", "translate"),
    ],
)
def test_settings_of_a_transcription_are_read_from_text(name: str, written: str, value: object) -> None:
    assert getattr(options_from(TranscribeOptions, {name: written}), name) == value


@pytest.mark.parametrize("options", TABLES)
def test_every_setting_reads_what_its_default_writes(options: type) -> None:
    for setting_ in settings_of(options).values():
        if isinstance(setting_.default, (bool, int, float, tuple)):
            assert setting_.check(setting_.read(setting_.default_words)) == setting_.default or setting_.name == "vad"


@pytest.mark.parametrize("options", TABLES)
def test_the_defaults_are_values_that_are_meant(options: type) -> None:
    for setting_ in settings_of(options).values():
        assert setting_.check(setting_.default) == setting_.default


@pytest.mark.parametrize("options", TABLES)
def test_every_field_has_a_docstring_and_every_setting_a_group(options: type) -> None:
    assert list(field_docs(options)) == [each.name for each in dataclasses.fields(options)]
    for setting_ in settings_of(options).values():
        assert setting_.group
        assert 0 < len(setting_.summary) <= 120, setting_.name


def test_the_first_temperatures_are_evenly_spaced() -> None:
    """The command line goes on from any temperature in the same steps."""
    assert [round(one - TEMPERATURES[0], 6) for one in TEMPERATURES] == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
