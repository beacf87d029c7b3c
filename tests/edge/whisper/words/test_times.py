"""Words in time: in order, apart, within their window, in what is speech."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import edge
from edge.audio import open_audio
from edge.options import TranscribeOptions
from edge.transcript.transcript import Transcript
from edge.transcript.types import Decoding, Segment
from edge.whisper.features import raw_log_mel
from edge.whisper.segments import decoding_of
from edge.whisper.tokens import Tokenizer
from edge.whisper.words.times import WordTimer, is_speech, place_words

from ..conftest import EngineOf, ScriptOf
from ..run import transcribe

FILTERS = np.eye(80, 201, dtype=np.float32)
FACTS = SimpleNamespace(mel_filters=FILTERS, suppress_tokens=(), suppress_begin=(), attention_lead=0)


def gain_of(*spans: tuple[int, int], n_positions: int) -> NDArray[np.float32]:
    """A map in which token i is read from span i, and the end from what is left."""
    gain = np.full((len(spans) + 1, n_positions), -0.5, np.float32)
    for row, (first, stop) in enumerate([*spans, (spans[-1][1], n_positions)]):
        gain[row, first:stop] = 2.0
    return gain


def speech_of(n_frames: int, *stretches: tuple[int, int]) -> NDArray[np.bool_]:
    speech = np.zeros(n_frames, np.bool_)
    for first, stop in stretches:
        speech[first:stop] = True
    return speech


def test_words_are_trimmed_to_speech() -> None:
    gain = gain_of((0, 20), (20, 40), n_positions=50)
    assert place_words([(0, 1), (1, 2)], gain, speech_of(100, (12, 30), (45, 70))) == [(12, 30), (45, 70)]


def test_a_short_silence_is_part_of_a_word() -> None:
    gain = gain_of((0, 50), n_positions=50)
    assert place_words([(0, 1)], gain, speech_of(100, (10, 20), (29, 40))) == [(10, 40)]


def test_a_word_is_in_the_speech_that_is_attended_to() -> None:
    gain = gain_of((0, 10), (10, 30), n_positions=50)
    speech = speech_of(100, (2, 18), (22, 26), (40, 60))
    assert place_words([(0, 1), (1, 2)], gain, speech) == [(2, 18), (40, 60)]


def test_noise_before_the_first_word_is_not_the_word() -> None:
    gain = gain_of((0, 40), n_positions=50)
    assert place_words([(0, 1)], gain, speech_of(100, (0, 50), (62, 80))) == [(62, 80)]


def test_a_number_may_be_spoken_with_pauses_in_it() -> None:
    gain = gain_of((0, 8), (8, 25), (25, 40), n_positions=50)
    speech = speech_of(100, (2, 14), (30, 44), (60, 76))
    assert place_words([(0, 3)], gain, speech) == [(2, 76)]


def test_a_word_is_where_much_attention_is_at_once() -> None:
    """The last word of a phrase is not all of what is said after it without a text."""
    gain = gain_of((0, 10), (10, 200), (200, 210), n_positions=210)
    gain[1, 30:] = 0.8
    speech = speech_of(420, (0, 18), (20, 60), (80, 240), (260, 390), (405, 420))
    places = place_words([(0, 1), (1, 2), (2, 3)], gain, speech)
    assert places[:2] == [(0, 18), (20, 60)]


def test_the_first_word_of_a_segment_is_not_what_is_said_before_it() -> None:
    gain = gain_of((0, 10), (10, 160), (160, 170), n_positions=180)
    gain[1, 130:160] = 0.5
    speech = speech_of(360, (0, 18), (60, 220), (290, 316), (320, 340))
    spoken = [(0, 1), (1, 2), (2, 3)]
    assert place_words(spoken, gain, speech, openings={0, 1}) == [(0, 18), (290, 316), (320, 340)]
    assert place_words(spoken, gain, speech)[1] == (60, 220)


def test_signs_take_the_pause_behind_a_word() -> None:
    gain = gain_of((0, 10), (10, 30), (30, 40), n_positions=50)  # word, sign, word
    speech = speech_of(100, (0, 26), (50, 80))
    assert place_words([(0, 1), (2, 3)], gain, speech) == [(0, 26), (60, 80)]


def test_without_speech_words_are_where_attention_has_them() -> None:
    gain = gain_of((0, 10), (10, 30), n_positions=50)
    assert place_words([(0, 1), (1, 2)], gain, speech_of(100)) == [(0, 20), (20, 60)]


@given(data=st.data(), n_words=st.integers(1, 8), n_positions=st.integers(1, 40), seed=st.integers(0, 999))
@settings(deadline=None)
def test_words_are_in_order_and_apart(data: st.DataObject, n_words: int, n_positions: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_tokens = 2 * n_words  # each a word and a sign
    gain = rng.standard_normal((n_tokens + 1, n_positions)).astype(np.float32)
    speech = rng.random(2 * n_positions + data.draw(st.integers(-1, 1))) < data.draw(st.floats(0, 1))
    places = place_words([(2 * word, 2 * word + 1) for word in range(n_words)], gain, speech)
    assert len(places) == n_words
    assert all(0 <= first <= stop <= 2 * n_positions for first, stop in places)
    assert all(before[1] <= after[0] for before, after in pairwise(places))
    if n_positions > n_tokens + 1 and len(speech) == 2 * n_positions:
        assert all(first < stop for first, stop in places)


def test_speech_is_what_is_louder_than_the_pauses() -> None:
    raw = np.full((300, 80), -6.0, np.float32)
    raw[100:200] = -2.0
    found = np.flatnonzero(is_speech(raw))
    assert 97 <= found[0] <= 100
    assert 200 <= found[-1] + 1 <= 203
    assert not is_speech(np.full((50, 80), -3.0, np.float32)).any()
    assert len(is_speech(np.zeros((0, 80), np.float32))) == 0


def says(tokenizer: Tokenizer, *items: float | str) -> list[int]:
    parts = (tokenizer.encode(item) if isinstance(item, str) else [tokenizer.timestamp_token(item)] for item in items)
    return [token for part in parts for token in part]


def sound(seconds: float) -> NDArray[np.float32]:
    rng = np.random.default_rng(3)
    return (rng.standard_normal(round(seconds * 16000)) * 0.1).astype(np.float32)


def test_asking_for_words_changes_no_text(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    writes = script(
        english,
        says(english, 0.0, " ask not", 10.0, 10.0, " what, you", 20.0, 20.0, " wha"),
        says(english, 0.0, " what", 9.0),
    )

    def run(**settings: Any) -> Transcript:
        engine = engine_of(writes)
        options = TranscribeOptions(**settings)
        return transcribe(engine, engine.new_state(), english, FACTS, open_audio(sound(45.017)), options)

    plain, timed = run(), run(word_timestamps=True)
    assert [segment.text for segment in timed.segments] == [segment.text for segment in plain.segments]
    assert [decoding_of(segment).tokens for segment in timed.segments] == [
        decoding_of(segment).tokens for segment in plain.segments
    ]
    assert timed.timing.words_s > 0
    assert plain.timing.words_s == 0
    assert all(segment.words == () for segment in plain.segments)
    words = [word for segment in timed.segments for word in segment.words]
    assert [word.text for word in words] == [" ask", " not", " what,", " you", " what"]
    check_words(timed.segments)
    assert words[-1].end <= timed.duration
    assert words[3].end <= 20 <= words[4].start  # the second window begins at 20 s


def test_every_token_has_a_probability(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    tokens = says(english, 0.0, " ask", 2.0, 2.0, "\n", 3.0, 3.0, " not", 5.0)
    engine = engine_of(script(english, tokens, margin=12.0))
    result = transcribe(
        engine, engine.new_state(), english, FACTS, open_audio(sound(6)), TranscribeOptions(word_timestamps=True)
    )
    assert len(result.segments) == 2
    for segment in result.segments:
        assert len(decoding_of(segment).token_probabilities) == len(decoding_of(segment).tokens)
        text = [
            p
            for t, p in zip(decoding_of(segment).tokens, decoding_of(segment).token_probabilities, strict=True)
            if t < english.eot
        ]
        assert segment.words[0].probability == pytest.approx(np.prod(text))


def test_timestamps_of_the_model_bound_noise(
    english: Tokenizer, engine_of: EngineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = tuple(says(english, 4.0, " ask", 6.0))
    segment = Segment(0, 4.0, 6.0, " ask", decoding=Decoding(0, tokens, 0.0, -0.1, 1.0, 0.0, (0.5,) * len(tokens)))
    state = engine_of(lambda window, tokens: np.zeros(51864, np.float32)).new_state()
    state.encode(np.zeros((3000, 80), np.float32))
    attention = np.zeros((1, 1, 4, 1500), np.float32)  # of the start (two tokens), the word, and the end
    attention[..., 1, :400] = attention[..., 2, 400:] = 0.01
    monkeypatch.setattr(state, "alignment", lambda: attention)
    raw = np.tile(np.linspace(-3, -2.9, 1000, dtype=np.float32)[:, None], (1, 80))
    (timed,) = WordTimer(state, english, "transcribe", 0)([segment], raw, "en")
    assert (timed.start, timed.end) == (timed.words[0].start, timed.words[0].end)
    assert (timed.start, timed.end) == (3.5, 6.5)


def check_words(segments: Sequence[Segment]) -> None:
    """What holds for the words of any transcript."""
    for segment in segments:
        assert "".join(word.text for word in segment.words) == segment.text
        assert (segment.start, segment.end) == (segment.words[0].start, segment.words[-1].end)
        assert all(0 <= word.probability <= 1 for word in segment.words)
    words = [word for segment in segments for word in segment.words]
    assert all(word.start <= word.end and round(word.start, 2) == word.start for word in words)
    assert all(before.end <= after.start for before, after in pairwise(words))


@pytest.mark.parametrize("beam_size", [1, 3])
def test_real_words_are_where_they_are_said(tiny_en_int8: Path, jfk_clip: Path, beam_size: int) -> None:
    model = edge.load(tiny_en_int8)
    assert isinstance(model, edge.Model)
    result = model.transcribe(jfk_clip, word_timestamps=True, beam_size=beam_size)
    check_words(result.segments)
    assert result.text == model.transcribe(jfk_clip, beam_size=beam_size).text
    words = [word for segment in result.segments for word in segment.words]
    # By ear and in the spectrogram: "Americans" ends at 2.15 s, "ask" is at 3.28 and 8.17 s, "country" ends at 10.5 s.
    at = {word.text.strip(" ,.").lower(): word for word in words}
    assert [word.start for word in words if "ask" in word.text] == pytest.approx([3.28, 8.17], abs=0.15)
    assert at["americans"].end == pytest.approx(2.15, abs=0.15)
    assert words[0].start == pytest.approx(0.32, abs=0.15)
    assert words[-1].end == pytest.approx(10.5, abs=0.25)
    with open_audio(jfk_clip) as source:
        loud = is_speech(raw_log_mel(np.concatenate(list(source)), model.mel_filters))
    for word in words:  # not in silence: neither at their edges nor for the most part
        inside = loud[round(100 * word.start) : round(100 * word.end)]
        assert inside[0]
        assert inside[-1]
        assert inside.mean() > 0.5
