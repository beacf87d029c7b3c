from __future__ import annotations

from typing import Any

import pytest

from edge.errors import OptionError
from edge.tokens import Tokenizer
from edge.whisper.options import TranscribeOptions


@pytest.mark.parametrize(("given", "code"), [("German", "de"), ("pt-BR", "pt"), ("auto", None), (None, None)])
def test_a_language_becomes_its_code(given: str | None, code: str | None) -> None:
    assert TranscribeOptions(language=given).language == code


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"language": "klingon"}, "unknown language 'klingon'"),
        ({"task": "sing"}, "unknown task 'sing'; expected transcribe or translate"),
        ({"max_tokens": 0}, "max_tokens is 0; expected 1 or more"),
        ({"no_speech_threshold": 60}, "expected a probability, 0 to 1"),
        ({"max_initial_timestamp": 31}, "expected seconds within the window, 0 to 30"),
    ],
)
def test_settings_out_of_range_say_what_is_expected(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        TranscribeOptions(**settings)


def test_an_english_model_refuses_other_languages(english: Tokenizer) -> None:
    TranscribeOptions(language="en").check_model(english)
    with pytest.raises(OptionError, match="knows only English, the language asked for is de;"):
        TranscribeOptions(language="de").check_model(english)
    with pytest.raises(OptionError, match="cannot translate; use a multilingual model"):
        TranscribeOptions(task="translate").check_model(english)


def test_a_multilingual_model_refuses_languages_that_came_later(multilingual: Tokenizer) -> None:
    TranscribeOptions(language="de", task="translate").check_model(multilingual)
    with pytest.raises(OptionError, match="no token for language 'yue'"):
        TranscribeOptions(language="yue").check_model(multilingual)
