"""Listening with a real model: to a sentence, to something else, to nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("hassil")

import edge
from edge.errors import OptionError
from edge.sentences import recognize
from edge.whisper.model import Model

from .conftest import LoadOf

ASKED = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"


@pytest.fixture(scope="module")
def tiny(tiny_en_int8: Path) -> Model:
    model = edge.load(tiny_en_int8, threads=1, offline=True)
    assert isinstance(model, Model)
    return model


def test_a_listed_sentence_is_found(tiny: Model, jfk_clip: Path, load_text: LoadOf) -> None:
    match = recognize(tiny, jfk_clip, load_text("turn on the lights", ASKED))
    assert (match.kind, match.text, match.intent) == ("sentence", ASKED, "lights")
    assert match.margin == 0
    assert match.score > -0.5


def test_one_that_the_model_does_not_read_freely_is_found(tiny: Model, jfk_clip: Path, load_text: LoadOf) -> None:
    listed = ASKED.replace("ask what you", "ask what we")
    match = recognize(tiny, jfk_clip, load_text("turn on the lights", listed, listed.replace("so my", "thus my")))
    assert (match.kind, match.text) == ("sentence", listed)
    assert match.margin < 0
    assert "ask what you can do" in match.free_text


def test_something_else_is_free(tiny: Model, jfk_clip: Path, load_text: LoadOf) -> None:
    match = recognize(tiny, jfk_clip, load_text("turn (on|off) the lights", "and so my fellow americans", "ask"))
    assert match.kind == "free"
    assert match.intent is None
    assert "fellow Americans" in match.text


def test_a_wildcard_takes_any_words(tiny: Model, jfk_clip: Path, load_yaml: LoadOf) -> None:
    sentences = load_yaml("""
intents: {Speech: {data: [{sentences: ["and so my fellow {who} ask {what}"]}]}}
lists: {who: {values: [americans, romans]}, what: {wildcard: true}}
""")
    match = recognize(tiny, jfk_clip, sentences)
    assert (match.kind, match.intent) == ("sentence", "Speech")
    assert match.slots["who"] == "americans"
    assert str(match.slots["what"]).startswith("not what your country")


def test_a_strict_listener_lets_less_pass(tiny: Model, jfk_clip: Path, load_text: LoadOf) -> None:
    listed = load_text(ASKED.replace("country", "county"))
    assert recognize(tiny, jfk_clip, listed, strictness=-5).kind == "sentence"
    assert recognize(tiny, jfk_clip, listed, strictness=20).kind == "free"


@pytest.mark.parametrize("level", [0.0, 0.02])
def test_where_nobody_speaks_is_nothing(tiny: Model, load_text: LoadOf, level: float) -> None:
    noise = np.random.default_rng(1).standard_normal(3 * 16000).astype(np.float32) * np.float32(level)
    assert recognize(tiny, noise, load_text("turn on the lights", "you")).kind == "nothing"


def test_threads_share_model_and_sentences(tiny: Model, jfk_clip: Path, load_text: LoadOf) -> None:
    from concurrent.futures import ThreadPoolExecutor

    sentences = load_text(ASKED.replace("ask what you", "ask what we"), "set {0..100:n} percent")
    with ThreadPoolExecutor(3) as pool:
        found = [*pool.map(lambda _: recognize(tiny, jfk_clip, sentences), range(3))]
    assert {one.kind for one in found} == {"sentence"}
    assert found[0] == found[1] == found[2]


def test_a_long_recording_is_refused(tiny: Model, load_text: LoadOf) -> None:
    with pytest.raises(OptionError, match="at most 30 s"):
        recognize(tiny, np.zeros(31 * 16000, np.float32), load_text("go"))
