from __future__ import annotations

import pytest

from edge.errors import OptionError
from edge.languages import ALIASES, LANGUAGES, language_code


def test_there_are_a_hundred_in_the_order_of_their_tokens() -> None:
    assert len(LANGUAGES) == 100
    assert list(LANGUAGES)[:3] == ["en", "zh", "de"]
    assert list(LANGUAGES)[-2:] == ["su", "yue"]
    assert set(ALIASES.values()) <= set(LANGUAGES)


@pytest.mark.parametrize(
    ("given", "code"),
    [("de", "de"), ("German", "de"), (" EN ", "en"), ("pt_BR", "pt"), ("zh-Hans", "zh"), ("Castilian", "es")],
)
def test_codes_names_regions_and_aliases_are_understood(given: str, code: str) -> None:
    assert language_code(given) == code


def test_an_unknown_language_suggests_near_ones() -> None:
    with pytest.raises(OptionError, match=r"unknown language 'germn': did you mean german"):
        language_code("germn")
    with pytest.raises(OptionError, match="use a code such as en"):
        language_code("???")
