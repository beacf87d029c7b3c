"""What is tried when a window's text fails, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.audio import open_audio
from edge.errors import OptionError
from edge.options import TEMPERATURES, TranscribeOptions
from edge.transcript.events import Final
from edge.transcript.transcript import Transcript
from edge.whisper.file.landmarks import Tail
from edge.whisper.segments import decoding_of
from edge.whisper.session import WhisperSession
from edge.whisper.tokens import Tokenizer

from .conftest import EngineOf, ScriptedEngine
from .run import parts_of, transcribe

FACTS = SimpleNamespace(
    mel_filters=np.eye(80, 201, dtype=np.float32), suppress_tokens=(), suppress_begin=(), attention_lead=0
)
TAIL = Tail(
    stride=48,
    positions=np.array([40, 1499], np.int32),
    counts=np.array([1499, 1], np.int32),
    local_heads=np.zeros(0, np.int32),
    contexts=np.zeros((2, 0, 64), np.float32),
)

Floats = NDArray[np.float32]
LogitsOf = Callable[[int, Sequence[int]], Floats]


def run(engine: ScriptedEngine, tokenizer: Tokenizer, seconds: float = 5.0, **settings: Any) -> Transcript:
    options = TranscribeOptions(**({"timestamps": False, "max_tokens": 24} | settings))
    samples = np.random.default_rng(1).standard_normal(round(seconds * 16000)).astype(np.float32) / 10
    state = engine.new_state(options.n_sequences)
    return transcribe(engine, state, tokenizer, FACTS, open_audio(samples), options)


def looped(tokenizer: Tokenizer, *, looped_windows: Sequence[int] = (0,), no_speech: float = 0.01) -> LogitsOf:
    """Greedy search says one word for ever; who draws ends it soon. Other windows are sound."""
    word, other = tokenizer.encode(" ask")[0], tokenizer.encode(" not")[0]

    def logits_of(window: int, tokens: Sequence[int]) -> Floats:
        logits = np.full(tokenizer.n_vocab, -8, np.float32)
        written = [token for token in tokens if token < tokenizer.eot]
        if window in looped_windows:
            logits[[word, other, tokenizer.eot]] = 10, 8.5, 9
        else:
            logits[tokenizer.eot if written else other] = 10
        logits[tokenizer.no_speech] = np.log(no_speech / (1 - no_speech) * np.exp(logits).sum())
        return logits

    return logits_of


def guesses(tokenizer: Tokenizer, *, no_speech: float = 0.01) -> LogitsOf:
    """A thousand words that are as good as one another: the mean log-probability is near -7 whatever is drawn."""

    def logits_of(window: int, tokens: Sequence[int]) -> Floats:
        logits = np.full(tokenizer.n_vocab, -30, np.float32)
        logits[300:1300] = 0
        logits[tokenizer.eot] = 0.5 if len(tokens) > 6 else -30
        logits[tokenizer.no_speech] = np.log(no_speech / (1 - no_speech) * np.exp(logits).sum())
        return logits

    return logits_of


def test_a_loop_is_ended_by_drawing(english: Tokenizer, engine_of: EngineOf) -> None:
    plain = run(engine_of(looped(english)), english, temperature=0)
    assert decoding_of(plain.segments[0]).compression_ratio > 2.4
    assert (plain.timing.n_tokens, plain.timing.n_fallbacks) == (24, 0)
    engine = engine_of(looped(english))
    found = run(engine, english)
    assert decoding_of(found.segments[0]).temperature in TEMPERATURES[1:]
    assert decoding_of(found.segments[0]).compression_ratio <= 2.4
    assert 0 < len(decoding_of(found.segments[0]).tokens) < 24
    assert (found.timing.n_windows, found.timing.n_fallbacks) == (1, 1), "encoded once"
    assert run(engine_of(looped(english)), english).segments == found.segments
    others = {run(engine_of(looped(english)), english, seed=seed).text for seed in range(1, 6)}
    assert len(others) > 1


def test_a_sound_window_is_read_as_without_the_fallback(english: Tokenizer, engine_of: EngineOf) -> None:
    def after(first: Transcript) -> list[Any]:
        return [segment for segment in first.segments if decoding_of(segment).seek > 0]

    with_it = run(engine_of(looped(english)), english, 70)
    without = run(engine_of(looped(english)), english, 70, temperature=0)
    assert with_it.segments[0] != without.segments[0]
    assert after(with_it) == after(without)
    assert len(after(with_it)) == 2
    sound = looped(english, looped_windows=())
    assert run(engine_of(sound), english, 70).segments == run(engine_of(sound), english, 70, temperature=0).segments


def test_what_is_drawn_for_a_window_does_not_depend_on_those_before(english: Tokenizer, engine_of: EngineOf) -> None:
    alone = run(engine_of(looped(english, looped_windows=(1,))), english, 60)
    both = run(engine_of(looped(english, looped_windows=(0, 1))), english, 60)
    assert decoding_of(alone.segments[-1]).tokens == decoding_of(both.segments[-1]).tokens
    assert decoding_of(both.segments[0]).tokens != decoding_of(both.segments[1]).tokens


def test_first_in_full_context_then_by_drawing(english: Tokenizer, engine_of: EngineOf) -> None:
    recovers = engine_of(looped(english, looped_windows=(0,)))
    recovers.tail = TAIL
    found = run(recovers, english)
    assert (found.text, found.timing.n_second_looks, found.timing.n_fallbacks) == ("not", 1, 0)
    stays = engine_of(looped(english, looped_windows=(0, 1)))
    stays.tail = TAIL
    found = run(stays, english)
    assert [len(features) for features in stays.state.encoded] == [2 * 288, 3000]
    assert (found.timing.n_second_looks, found.timing.n_fallbacks) == (1, 1)
    assert decoding_of(found.segments[0]).temperature > 0


def test_each_look_at_a_window_that_goes_on_has_a_draft(
    english: Tokenizer, engine_of: EngineOf, script: Callable[..., LogitsOf]
) -> None:
    in_loop, text = looped(english), english.encode(" ask not what your country can do for you")
    says = script(english, text)
    engine = engine_of(lambda window, tokens: in_loop(0, tokens) if window % 2 == 0 else says(0, tokens))
    engine.tail = TAIL
    options = TranscribeOptions(timestamps=False, max_tokens=24)
    session = WhisperSession(parts_of(engine, english, FACTS), engine.new_state(5), options)
    samples = np.random.default_rng(1).standard_normal(80_000, np.float32) / np.float32(10)
    session.feed(samples[:60_000])
    session.ahead()
    n_calls = len(engine.state.decoded)
    assert n_calls == 24 + len(text)
    session.feed(samples[60_000:])
    found = session.finish()
    assert [event.segment.text for event in found if isinstance(event, Final)] == [english.decode(text)]
    assert len(engine.state.encoded) == 4  # in short and in full context, at 3.75 and at 5 s
    assert len(engine.state.decoded) == n_calls + 2


def test_silence_is_not_drawn_again(english: Tokenizer, engine_of: EngineOf) -> None:
    found = run(engine_of(guesses(english, no_speech=0.9)), english)
    assert (found.text, found.timing.n_fallbacks) == ("", 0)
    found = run(engine_of(guesses(english, no_speech=0.9)), english, no_speech_threshold=None)
    assert found.timing.n_fallbacks == 1


def test_where_all_fail_the_likeliest_is_taken(english: Tokenizer, engine_of: EngineOf) -> None:
    found = run(engine_of(guesses(english)), english)
    assert found.text
    assert found.timing.n_fallbacks == 1
    logprobs = [
        decoding_of(run(engine_of(guesses(english)), english, temperature=temperature).segments[0]).avg_logprob
        for temperature in TEMPERATURES
    ]
    assert decoding_of(found.segments[0]).avg_logprob == max(logprobs)


@pytest.mark.parametrize(
    "settings",
    [{"compression_ratio_threshold": None, "logprob_threshold": None}, {"temperature": (0.0,)}, {"temperature": 0}],
)
def test_nothing_is_drawn_where_nothing_can_fail(
    english: Tokenizer, engine_of: EngineOf, settings: dict[str, Any]
) -> None:
    assert run(engine_of(looped(english)), english, **settings).timing.n_fallbacks == 0


def test_a_text_drawn_freely_is_not_shown_to_the_next_window(english: Tokenizer, engine_of: EngineOf) -> None:
    for temperature, is_shown in ((0.4, True), (0.8, False)):
        engine = engine_of(looped(english, looped_windows=()))
        run(engine, english, 40, temperature=temperature, condition_on_previous_text=True)
        assert any(call[0] == english.sot_prev for call in engine.state.decoded) == is_shown


def test_beams_are_followed_where_asked_for(english: Tokenizer, engine_of: EngineOf) -> None:
    """The first word that looks best leads nowhere: greedy search cannot know."""
    ask, not_, what = (english.encode(word)[0] for word in (" ask", " not", " what"))

    def logits_of(window: int, tokens: Sequence[int]) -> Floats:
        logits = np.full(english.n_vocab, -9, np.float32)
        written = [token for token in tokens if token < english.eot]
        if not written:
            logits[[ask, not_]] = 4.0, 3.8
        elif written == [ask]:
            logits[400:500] = 4.0
        else:
            logits[what if written == [not_] else english.eot] = 9.0
        return logits

    assert run(engine_of(logits_of), english, temperature=0).text.startswith("ask")
    found = run(engine_of(logits_of), english, beam_size=2, n_best=2)
    assert found.text == "not what"
    assert decoding_of(found.segments[0]).alternatives[0].text == " not what"
    assert len(decoding_of(found.segments[0]).alternatives) == 2


def spoken(tokenizer: Tokenizer, *languages: str) -> LogitsOf:
    """Each window in a language of its own, the last one from then on; Dutch is always close."""

    def logits_of(window: int, tokens: Sequence[int]) -> Floats:
        logits = np.full(tokenizer.n_vocab, -9, np.float32)
        if tokens == (tokenizer.sot,):
            logits[tokenizer.language_token("nl")] = 4
            logits[tokenizer.language_token(languages[min(window, len(languages) - 1)])] = 6
        else:
            written = [token for token in tokens if token < tokenizer.eot]
            logits[tokenizer.eot if written else tokenizer.encode(" ask")[0]] = 9
        return logits

    return logits_of


def test_the_language_is_one_of_those_asked_for(multilingual: Tokenizer, engine_of: EngineOf) -> None:
    engine = engine_of(spoken(multilingual, "de"), 51865)
    found = run(engine, multilingual)
    assert (found.language, found.segments[0].language) == ("de", "de")
    assert list(found.language_probabilities) == ["de", "nl"]
    assert 0.8 < found.language_probabilities["de"] < 1
    found = run(engine_of(spoken(multilingual, "de"), 51865), multilingual, languages=["English", "nl"])
    assert found.language == "nl"
    assert found.language_probabilities == pytest.approx({"nl": 1, "en": 0}, abs=1e-4)
    found = run(engine_of(spoken(multilingual, "de"), 51865), multilingual, language="fr")
    assert (found.language, found.language_probabilities) == ("fr", {})


def test_the_language_may_change_from_window_to_window(multilingual: Tokenizer, engine_of: EngineOf) -> None:
    found = run(engine_of(spoken(multilingual, "de", "fr"), 51865), multilingual, 50, multilingual=True)
    assert [segment.language for segment in found.segments] == ["de", "fr"]
    assert found.language == "de"
    once = run(engine_of(spoken(multilingual, "de", "fr"), 51865), multilingual, 50)
    assert [segment.language for segment in once.segments] == ["de", "de"]


def test_languages_that_cannot_be_are_refused(english: Tokenizer, multilingual: Tokenizer, engine_of: EngineOf) -> None:
    run(engine_of(looped(english, looped_windows=())), english, languages=("de", "en"))
    with pytest.raises(OptionError, match="knows only English, the language asked for is de or fr;"):
        run(engine_of(looped(english)), english, languages=("de", "fr"))
    with pytest.raises(OptionError, match="no token for language 'yue'"):
        run(engine_of(spoken(multilingual, "de"), 51865), multilingual, languages=("de", "yue"))


def test_a_loop_gives_way_to_a_reading_that_ends(english: Tokenizer, engine_of: EngineOf) -> None:
    """Two beams, of which the likelier one never ends."""
    found = run(engine_of(looped(english)), english, beam_size=2, n_best=2, temperature=0, patience=9)
    assert decoding_of(found.segments[0]).compression_ratio <= 2.4
    assert found.timing.n_fallbacks == 0


@pytest.mark.parametrize("settings", [{}, {"beam_size": 2, "n_best": 2, "temperature": 0, "patience": 9}])
def test_words_are_those_of_the_text_that_was_taken(
    english: Tokenizer, engine_of: EngineOf, settings: dict[str, Any]
) -> None:
    """Drawn, or a beam that was not the best: the pass that times it reads it in the encoding it was found in."""
    engine = engine_of(looped(english))
    found = run(engine, english, word_timestamps=True, **settings)
    (segment,) = found.segments
    assert segment.text == run(engine_of(looped(english)), english, **settings).segments[0].text
    start = [*english.sot_sequence(None, "transcribe"), english.no_timestamps]
    assert engine.state.decoded[-1] == [*start, *decoding_of(segment).tokens, english.eot]
    assert found.timing.n_windows == 1
    assert "".join(word.text for word in segment.words) == segment.text
    assert len(decoding_of(segment).token_probabilities) == len(decoding_of(segment).tokens)


@pytest.mark.parametrize("seconds", [0.01, 0.02, 0.1, 0.5])
def test_a_moment_is_not_read_for_hundreds_of_tokens(english: Tokenizer, engine_of: EngineOf, seconds: float) -> None:
    def endless(window: int, tokens: Sequence[int]) -> Floats:
        logits = np.full(english.n_vocab, -8, np.float32)
        logits[english.encode(" ask")[0] + len(tokens) % 64] = 10
        return logits

    timing = run(engine_of(endless), english, seconds, max_tokens=None, temperature=0).timing
    assert timing.n_windows
    assert timing.n_tokens <= timing.n_windows * (32 + 40 * seconds + 1)
