from __future__ import annotations

import contextlib
import dataclasses
import math
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import EdgeError, OptionError
from edge.listen.vad.options import VadOptions
from edge.loading import load
from edge.options import Settings, TranscribeOptions
from edge.transcript.options import OutputOptions
from edge.whisper.checks import check_options
from edge.whisper.tokens import Tokenizer


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
        ({"languages": ["en"], "language": "de"}, "language is 'de', which is not among languages, en"),
        ({"temperature": float("inf")}, "temperature is inf; expected a number from 0 to 2"),
        ({"temperature": "0.5"}, "temperature is '0.5'; expected a number from 0 to 2"),
        ({"beam_size": "5"}, "beam_size is '5'; expected 1 to 32"),
        ({"beam_size": True}, "beam_size is True; expected 1 to 32"),
        ({"beam_size": 2.5}, r"beam_size is 2\.5; expected 1 to 32"),
        ({"best_of": None}, "best_of is None; expected 1 to 32"),
        ({"initial_prompt": "\udcfcber"}, "initial_prompt holds '.udcfc', which is not a character; expected UTF-8"),
        ({"initial_prompt": b"bytes"}, "initial_prompt is b'bytes'; expected a text"),
        ({"suppress_tokens": [-2]}, "suppress_tokens is -2; expected token ids, and -1 for the model's list"),
        ({"suppress_tokens": "a,b"}, "suppress_tokens is 'a,b'; expected token ids"),
        ({"vocabulary": ["a\ud800"]}, "a word of vocabulary holds '.ud800', which is not a character"),
        ({"vad": 2}, "vad is 2; expected True, False or 'auto'"),
        ({"word_timestamps": "no"}, "word_timestamps is 'no'; expected True or False"),
        ({"vad_options": {"threshold": 0.5}}, "expected a VadOptions"),
    ],
)
def test_settings_out_of_range_say_what_is_expected(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        TranscribeOptions(**settings)


def hostile() -> list[Any]:
    """What a setting may be given by mistake."""
    numbers = (0, 1, -1, 2.0, 0.5, 10**400, -(10**400), 2**63, math.nan, math.inf, -math.inf, True, 1j, Fraction(1, 2))
    scalars = (np.float32(0.5), np.int64(3), np.bool_(True), np.float32(np.nan), np.array(2), np.str_("en"))
    texts = ("", "en", "1", "auto", "\udcff", "x" * 100_000, "\0", b"en", bytearray(3))
    empty: tuple[Any, ...] = (None, (), [], [None])
    others = (["en"], [[1]], {"en": 1}, {1}, np.array([1, 2]), object(), len, int, count())
    return [*numbers, *scalars, *texts, *empty, *others]


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(TranscribeOptions)])
def test_a_setting_is_taken_or_refused_and_nothing_else(name: str) -> None:
    for value in hostile():
        with contextlib.suppress(OptionError):
            options = TranscribeOptions(**{name: value})
            found = getattr(options, name)
            assert type(found).__module__ in ("builtins", "edge.listen.vad.options"), "what is kept is plain"
            assert dataclasses.replace(options) == options


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(VadOptions)])
def test_a_setting_of_speech_detection_is_taken_or_refused(name: str) -> None:
    for value in hostile():
        with contextlib.suppress(OptionError):
            assert type(getattr(VadOptions(**{name: value}), name)) in (int, float, type(None))


@pytest.mark.parametrize("name", ["max_line_width", "max_line_count"])
def test_a_limit_of_lines_is_taken_or_refused(name: str) -> None:
    for value in hostile():
        with contextlib.suppress(OptionError):
            assert type(getattr(OutputOptions(**{"max_line_width": 42, name: value}), name)) in (int, type(None))


@pytest.mark.parametrize("name", ["model", "precision", "engine", "threads", "offline"])
def test_what_loads_a_model_is_taken_or_refused(name: str, tmp_path: Path) -> None:
    """Each with a model that is not there, so that nothing is loaded."""
    for value in hostile():
        if name == "model" and value is None:
            continue  # the model that is loaded where none is named
        with pytest.raises(EdgeError):
            load(**{"model": tmp_path / "absent.gguf", name: value})


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ({"beam_size": 2.0}, {"beam_size": 2}),
        ({"beam_size": np.int64(2)}, {"beam_size": 2}),
        ({"temperature": np.float32(0.5)}, {"temperature": (0.5,)}),
        ({"temperature": np.array([0.0, 0.5])}, {"temperature": (0.0, 0.5)}),
        ({"word_timestamps": 1}, {"word_timestamps": True}),
        ({"vad": 0}, {"vad": False}),
        ({"logprob_threshold": -math.inf}, {"logprob_threshold": -math.inf}),
        ({"vocabulary": np.array(["Makan"])}, {"vocabulary": ("Makan",)}),
        ({"suppress_tokens": [-1]}, {"suppress_tokens": None}),
        ({"suppress_tokens": "-1"}, {"suppress_tokens": None}),
        ({"suppress_tokens": ""}, {"suppress_tokens": ()}),
        ({"suppress_tokens": "5, 7"}, {"suppress_tokens": (5, 7)}),
        ({"suppress_tokens": np.array([5, -1])}, {"suppress_tokens": (5, -1)}),
    ],
)
def test_what_is_meant_is_what_is_kept(given: dict[str, Any], plain: dict[str, Any]) -> None:
    options = TranscribeOptions(**given)
    for name, value in plain.items():
        found = getattr(options, name)
        assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("given", "suppressed"),
    [(None, (1, 2)), ([], ()), ([5], (5,)), ([-1], (1, 2)), ([5, -1], (1, 2, 5)), ("-1,5", (1, 2, 5))],
)
def test_the_models_own_list_of_suppressed_tokens(given: Any, suppressed: tuple[int, ...]) -> None:
    assert TranscribeOptions(suppress_tokens=given).suppressed((1, 2)) == suppressed


def test_a_token_that_the_model_does_not_have(english: Tokenizer) -> None:
    check_options(TranscribeOptions(suppress_tokens=[english.n_vocab - 1]), english)
    with pytest.raises(OptionError, match=r"suppress_tokens has 60000; this model's tokens are 0 to 51863"):
        check_options(TranscribeOptions(suppress_tokens=[60_000]), english)


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
    check_options(TranscribeOptions(language="en"), english)
    with pytest.raises(OptionError, match="knows only English, the language asked for is de;"):
        check_options(TranscribeOptions(language="de"), english)
    with pytest.raises(OptionError, match="cannot translate; use a multilingual model"):
        check_options(TranscribeOptions(task="translate"), english)


def test_a_multilingual_model_refuses_languages_that_came_later(multilingual: Tokenizer) -> None:
    check_options(TranscribeOptions(language="de", task="translate"), multilingual)
    with pytest.raises(OptionError, match="no token for language 'yue'"):
        check_options(TranscribeOptions(language="yue"), multilingual)


def test_a_vocabulary_is_tidied_and_needs_room_for_its_paths() -> None:
    options = TranscribeOptions(vocabulary=[" San  Francisco ", "", "Makan", "Makan"], temperature=0)
    assert options.words == ("San Francisco", "Makan")
    assert options.n_sequences == 5
    assert TranscribeOptions(temperature=0).n_sequences == 1
