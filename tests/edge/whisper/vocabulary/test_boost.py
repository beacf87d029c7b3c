"""Words of a vocabulary: taken where the text is in doubt, sounds like them and the model is not far from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import edge
from edge.options import VOCABULARY_PATHS
from edge.whisper.search.beam import BeamDecoder
from edge.whisper.search.greedy import Bounds, DecodedWindow, GreedyDecoder, Prompt
from edge.whisper.search.rules import TokenRules
from edge.whisper.tokens import Tokenizer
from edge.whisper.vocabulary.boost import WordBooster

from ..conftest import EngineOf, ScriptedEngine, ScriptedState

Floats = NDArray[np.float32]
N_TEXT_CTX = 448
HEARD = "When Menace came"
MEANT = "When Manasseh came"


def close_call(tokenizer: Tokenizer, *, behind: float, doubt: float = 0.5) -> Callable[[int, Sequence[int]], Floats]:
    """Logits of a model that writes HEARD, and MEANT if somebody chooses it, `behind` nats less likely a token."""
    heard, meant = (tokenizer.encode(text) for text in (HEARD, MEANT))
    place = next(i for i, (one, other) in enumerate(zip(heard, meant, strict=False)) if one != other)
    n_path = len(tokenizer.encode(" Manasseh"))
    start = (tokenizer.sot, tokenizer.no_timestamps)

    def logits_of(window: int, tokens: Sequence[int]) -> Floats:
        row = np.full(tokenizer.n_vocab, -30, np.float32)
        written = list(tokens[len(start) :])
        for text in (heard, meant):
            if written == text[: len(written)]:
                following = [*text, tokenizer.eot][len(written)]
                unlikely = text is meant and len(written) == place
                row[following] = max(row[following], -behind * n_path if unlikely else 0.0)
        if written == heard[:place]:
            row[tokenizer.encode("z")[0]] = np.log(doubt)  # something else that keeps the model unsure
        return row

    return logits_of


def read(
    tokenizer: Tokenizer,
    engine: ScriptedEngine,
    words: tuple[str, ...],
    *,
    strength: float = 3.0,
    beam_size: int = 1,
) -> tuple[DecodedWindow, DecodedWindow, ScriptedState]:
    """What a search finds, and what becomes of it."""
    state = engine.new_state(max(VOCABULARY_PATHS, beam_size))
    state.encode(np.zeros((3000, 80), np.float32))
    booster = WordBooster(tokenizer, N_TEXT_CTX, words, strength)
    rules, bounds = TokenRules(tokenizer, timestamps=False), Bounds(N_TEXT_CTX)
    search: GreedyDecoder | BeamDecoder = GreedyDecoder(tokenizer, rules, bounds, watch=booster.first_tokens)
    if beam_size > 1:
        search = BeamDecoder(tokenizer, rules, bounds, beam_size=beam_size, watch=booster.first_tokens)
    prompt = Prompt((tokenizer.sot, tokenizer.no_timestamps), 0)
    decoded = search(state, prompt)
    return decoded, booster(state, prompt, decoded, "en"), state


@pytest.mark.parametrize("beam_size", [1, 3])
@pytest.mark.parametrize(("behind", "is_taken"), [(1.0, True), (2.5, True), (3.5, False)])
def test_a_word_is_taken_that_is_not_too_far_behind(
    english: Tokenizer, engine_of: EngineOf, beam_size: int, behind: float, is_taken: bool
) -> None:
    engine = engine_of(close_call(english, behind=behind))
    decoded, boosted, _ = read(english, engine, ("Manasseh",), beam_size=beam_size)
    assert decoded.text == HEARD
    assert boosted.text == (MEANT if is_taken else HEARD)
    if is_taken:
        assert boosted.others[0].tokens == decoded.tokens
        assert boosted.score >= boosted.others[0].score
        assert len(boosted.token_logprobs) == len(boosted.tokens) + 1


def test_strength_says_how_far(english: Tokenizer, engine_of: EngineOf) -> None:
    for strength, text in ((0.0, HEARD), (1.5, HEARD), (4.0, MEANT)):
        _, boosted, _ = read(english, engine_of(close_call(english, behind=2.5)), ("Manasseh",), strength=strength)
        assert boosted.text == text


def test_a_long_list_takes_something_off(english: Tokenizer, engine_of: EngineOf) -> None:
    others = tuple(f"word{number}" for number in range(2000))
    engine = engine_of(close_call(english, behind=2.5))
    assert read(english, engine, ("Manasseh",))[1].text == MEANT
    assert read(english, engine, (*others, "Manasseh"))[1].text == HEARD


def test_a_capital_follows_the_text(english: Tokenizer, engine_of: EngineOf) -> None:
    assert read(english, engine_of(close_call(english, behind=1.0)), ("manasseh",))[1].text == MEANT


@pytest.mark.parametrize("words", [("Helstone",), ("came",), ("Menace",)])
def test_nothing_else_is_touched_or_even_decoded(
    english: Tokenizer, engine_of: EngineOf, words: tuple[str, ...]
) -> None:
    engine = engine_of(close_call(english, behind=1.0))
    decoded, boosted, state = read(english, engine, words, strength=50.0)
    assert boosted is decoded
    assert state.n_past == 2 + len(decoded.tokens)  # nobody has rewound it


def test_a_text_without_doubts_stays(english: Tokenizer, engine_of: EngineOf) -> None:
    decoded, boosted, _ = read(english, engine_of(close_call(english, behind=9.0, doubt=1e-3)), ("Manasseh",))
    assert boosted is decoded


def test_no_path_leads_behind_the_decoders_last_position(english: Tokenizer, engine_of: EngineOf) -> None:
    engine = engine_of(close_call(english, behind=1.0))
    state = engine.new_state(VOCABULARY_PATHS)
    state.encode(np.zeros((3000, 80), np.float32))
    decoded, _, _ = read(english, engine, ("Manasseh",))
    short = WordBooster(english, 2 + len(decoded.tokens), ("Manasseh",), 3.0)
    prompt = Prompt((english.sot, english.no_timestamps), 0)
    watched = GreedyDecoder(
        english, TokenRules(english, timestamps=False), Bounds(N_TEXT_CTX), watch=short.first_tokens
    )(state, prompt)
    assert short(state, prompt, watched, "en") is watched


def test_names_in_real_speech(shared_data: Path, tiny_en_int8: Path) -> None:
    lines = (shared_data / "librispeech_test_other" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    item = next(item for item in map(json.loads, lines) if "delmonico" in item["text"].lower())
    clip = shared_data / "librispeech_test_other" / item["audio"]
    model = edge.load(tiny_en_int8, threads=1, offline=True)
    assert "Delmonico" not in model.transcribe(clip).text
    assert "Delmonico" in model.transcribe(clip, vocabulary=["Manasseh", "Helstone", "Delmonico"]).text
