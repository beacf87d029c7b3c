from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from edge.errors import OptionError
from edge.tokens import Tokenizer
from edge.whisper.options import Settings, TranscribeOptions


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
        ({"beam_size": 0}, "beam_size is 0; expected 1 to 32"),
        ({"best_of": 33}, "best_of is 33; expected 1 to 32"),
        ({"n_best": 6, "beam_size": 5}, "n_best is 6, but beam_size 5 finds no more than that: raise beam_size"),
        ({"n_best": 6, "temperature": 0.5}, "n_best is 6, but best_of 5 finds no more than that: raise best_of"),
        ({"patience": 0}, "patience is 0; expected a factor above 0"),
        ({"length_penalty": 2}, "length_penalty is 2; expected 0 to 1"),
        ({"seed": -1}, "seed is -1; expected a number of 0 or more"),
        ({"temperature": ()}, "temperature is empty; expected a number from 0 to 2"),
        ({"temperature": (0.2, 0.0)}, "temperature is 0.2, 0; expected"),
        ({"temperature": float("nan")}, "temperature is nan; expected"),
        ({"languages": ()}, "languages is empty; expected at least one"),
        ({"languages": "en,de"}, "languages is the text 'en,de'; expected a list"),
        ({"vocabulary": "Makan"}, "vocabulary is the text 'Makan'; expected a list such as"),
        ({"vocabulary": [str(n) for n in range(10_001)]}, "vocabulary has 10001 words; expected at most 10000"),
        ({"vocabulary": ["x" * 81]}, "expected words of at most 80 letters"),
        ({"vocabulary_strength": -1}, "vocabulary_strength is -1; expected nats a token"),
        ({"languages": ["en"], "language": "de"}, "language is 'de', which is none of languages, en"),
    ],
)
def test_settings_out_of_range_say_what_is_expected(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        TranscribeOptions(**settings)


def test_settings_are_the_fields_of_the_options() -> None:
    fields = {field.name: field.type for field in dataclasses.fields(TranscribeOptions)}
    assert {name: hint.__forward_arg__ for name, hint in Settings.__annotations__.items()} == fields


@pytest.mark.parametrize(
    ("given", "n_beams", "n_sequences"),
    [
        ({}, 1, 5),
        ({"temperature": 0}, 1, 1),
        ({"n_best": 7}, 7, 7),
        ({"n_best": 2, "beam_size": 9, "temperature": 0}, 9, 9),
        ({"beam_size": 9, "temperature": 0.5, "best_of": 2}, 9, 2),
    ],
)
def test_what_a_state_has_to_have_room_for(given: dict[str, Any], n_beams: int, n_sequences: int) -> None:
    options = TranscribeOptions(**given)
    assert (options.n_beams, options.n_sequences) == (n_beams, n_sequences)
    assert dataclasses.replace(options) == options


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


def test_a_vocabulary_is_tidied_and_needs_room_for_its_paths() -> None:
    options = TranscribeOptions(vocabulary=[" San  Francisco ", "", "Makan", "Makan"], temperature=0)
    assert options.words == ("San Francisco", "Makan")
    assert options.n_sequences == 5
    assert TranscribeOptions(temperature=0).n_sequences == 1
