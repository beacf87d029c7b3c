"""How alike spellings sound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.whisper.vocabulary.sounds import SoundIndex, likeness, sound_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Manasseh", "Menace"),
        ("apomorphine", "Epimorphine"),
        ("whomsoever", "whom so ever"),
        ("fireman", "firemen"),
        ("knight", "night"),
        ("Phillips", "Filips"),
    ],
)
def test_what_sounds_the_same_has_one_key(one: str, other: str) -> None:
    assert sound_key(one) == sound_key(other) != ""


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("Delmonico", "Domonico", 0.75, 0.99),
        ("strenuously", "astreniously", 0.75, 0.99),
        ("bat", "pat", 0.75, 0.9),
        ("eunuch", "Unok", 0.75, 0.9),
        ("bat", "cat", 0.5, 0.7),
        ("biblical", "turbulent", 0.0, 0.6),
    ],
)
def test_near_sounds_cost_less(one: str, other: str, least: float, most: float) -> None:
    assert least <= likeness(sound_key(one), sound_key(other)) <= most


@given(st.text(), st.text())
def test_likeness_is_a_share_and_symmetric(one: str, other: str) -> None:
    first, second = sound_key(one), sound_key(other)
    found = likeness(first, second)
    assert 0 <= found <= 1
    assert found == pytest.approx(likeness(second, first))
    assert likeness(first, first) == (1 if first else 0)
    assert likeness(first, second, found + 0.01) == 0


def test_letters_of_other_scripts_are_their_own_sounds() -> None:
    assert sound_key("Москва") == "москва"
    assert sound_key("…") == ""


@given(st.lists(st.text(alphabet="abcdefghklmnoprstw", max_size=9), min_size=1, max_size=20), st.text(max_size=9))
def test_the_index_finds_what_is_alike(words: list[str], text: str) -> None:
    found = dict(SoundIndex(words).search(text, 0.75, np.ones(len(words), np.bool_)))
    for number, word in enumerate(words):
        alike = likeness(sound_key(text), sound_key(word))
        if number in found:
            assert found[number] >= 0.75
            assert found[number] == pytest.approx(alike)
        elif alike == 1:
            pytest.fail(f"{word} sounds like {text}")


def test_the_index_looks_among_those_that_it_is_told() -> None:
    index = SoundIndex(["Manasseh", "menace", "Helstone"])
    assert index.search(" Menace", 0.75, np.array([True, True, True])) == [(0, 1.0), (1, 1.0)]
    assert index.search(" Menace", 0.75, np.array([False, True, True])) == [(1, 1.0)]
