"""The tables of languages: whole, and of one form."""

from __future__ import annotations

import re
from typing import Any

import pytest

from edge.written import LANGUAGES
from edge.written.options import FIGURE_RULES
from edge.written.tables import tables_of

SLOT = re.compile(r"\{(\w+)(?::([\w-]+))?\}")
NAME = re.compile(r"\{(\w+)(?:-1)?(?::\w+)?\}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_patterns_write_what_they_hear_and_name_lists_that_are_there(language: str) -> None:
    figures: Any = tables_of(language).figures
    for row in figures["patterns"]:
        assert row["rule"] in FIGURE_RULES
        for said in [row["say"]] if isinstance(row["say"], str) else row["say"]:
            slots = dict(SLOT.findall(said))
            assert set(NAME.findall(row["write"])) <= slots.keys(), said
            lists = {kind for kind in slots.values() if kind and not kind[0].isdigit()} - {"number", "spelled"}
            assert lists <= figures["lists"].keys(), said
            assert said == said.lower(), said


@pytest.mark.parametrize("language", LANGUAGES)
def test_phrases_are_in_small_letters_and_mean_one_thing(language: str) -> None:
    tables = tables_of(language)
    phrases = [*tables.commands, *tables.actions, *tables.punctuation]
    assert len(phrases) == len(set(phrases))
    assert [phrase for phrase in phrases if phrase != " ".join(phrase.lower().split())] == []
    assert set(tables.not_after_too) <= {*phrases}
    for words in (tables.fillers, tables.small, tables.not_after):
        assert words
        assert [word for word in words if word != word.lower()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_knows_the_same_kinds_of_things(language: str) -> None:
    tables, english = tables_of(language), tables_of("en")
    assert set(tables.commands.values()) >= {"\n", "\n\n", "\t"}
    assert set(tables.actions.values()) == set(english.actions.values())
    assert {sign.strip() for sign in tables.punctuation.values()} >= {",", ".", "?", "!", ":", ";", "…", "(", ")", "-"}
    assert {row["rule"] for row in tables.figures["patterns"]} >= {"date", "time", "year", "money", "percent", "unit"}


def test_spelling_has_each_word_once() -> None:
    pairs = tables_of("en").spelling
    assert len(pairs) > 150
    british, american = ({pair[side] for pair in pairs} for side in (0, 1))
    assert len(british) == len(american) == len(pairs)
    assert british & american == set()
