from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.audio import AudioSource, open_audio
from edge.audio.mono import Opened
from edge.errors import AudioError, OptionError
from edge.options import TranscribeOptions
from edge.transcript.transcript import Transcript
from edge.transcript.types import Segment
from edge.whisper.features import raw_log_mel, window_features
from edge.whisper.file.dims import WhisperDims
from edge.whisper.frames import FrameBuffer
from edge.whisper.segments import decoding_of
from edge.whisper.tokens import Tokenizer

from .conftest import EngineOf, ScriptedEngine, ScriptOf
from .run import transcribe

RATE_HZ = 16000
FILTERS = np.eye(80, 201, dtype=np.float32)
FACTS = SimpleNamespace(mel_filters=FILTERS, suppress_tokens=(), suppress_begin=(), attention_lead=0)


def sound(seconds: float) -> NDArray[np.float32]:
    rng = np.random.default_rng(round(seconds * 100))
    return (rng.standard_normal(round(seconds * RATE_HZ)) * 0.1).astype(np.float32)


def run(engine: ScriptedEngine, tokenizer: Tokenizer, seconds: float, **settings: Any) -> Transcript:
    options = TranscribeOptions(**settings)
    state = engine.new_state(options.n_sequences)
    return transcribe(engine, state, tokenizer, FACTS, open_audio(sound(seconds)), options)


def says(tokenizer: Tokenizer, *items: float | str) -> list[int]:
    """Tokens of times and words, such as 0.0, " ask", 1.5."""
    parts = (tokenizer.encode(item) if isinstance(item, str) else [tokenizer.timestamp_token(item)] for item in items)
    return [token for part in parts for token in part]


def times(result: Transcript) -> list[tuple[float, float, str]]:
    return [(segment.start, segment.end, segment.text) for segment in result.segments]


def test_a_short_clip_is_one_window(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    engine = engine_of(script(english, says(english, 0.0, " ask not", 2.0, 2.4, " what", 4.0)))
    result = run(engine, english, 5)
    assert times(result) == [(0.0, 2.0, " ask not"), (2.4, 4.0, " what")]
    assert result.text == "ask not what"
    assert (result.language, result.duration) == ("en", 5.0)
    assert [segment.id for segment in result.segments] == [0, 1]
    assert decoding_of(result.segments[1]).tokens == tuple(says(english, 2.4, " what", 4.0))
    assert result.timing.n_windows == 1
    assert result.timing.n_tokens == 7
    np.testing.assert_array_equal(engine.state.encoded[0], window_features(raw_log_mel(sound(5), FILTERS), 3000))


def test_the_next_window_begins_where_the_last_segment_ended(
    english: Tokenizer, engine_of: EngineOf, script: ScriptOf
) -> None:
    engine = engine_of(
        script(
            english,
            says(english, 0.0, " ask", 10.0, 10.0, " not", 20.0, 20.0, " wha"),
            says(english, 0.0, " what", 9.0),
            [],
        )
    )
    result = run(engine, english, 52)
    assert times(result) == [(0.0, 10.0, " ask"), (10.0, 20.0, " not"), (20.0, 29.0, " what")]
    assert [decoding_of(segment).seek for segment in result.segments] == [0, 0, 2000]
    assert result.timing.n_windows == 3  # 0 to 30, 20 to 50, and the two seconds that remain
    raw = raw_log_mel(sound(52), FILTERS)
    for window, seek in zip(engine.state.encoded, (0, 2000, 5000), strict=True):
        np.testing.assert_allclose(window, window_features(raw[seek : seek + 3000], 3000), atol=1e-5)


def test_without_timestamps_windows_follow_one_another(
    english: Tokenizer, engine_of: EngineOf, script: ScriptOf
) -> None:
    engine = engine_of(script(english, english.encode(" ask"), english.encode(" not")))
    result = run(engine, english, 70, timestamps=False)
    assert times(result) == [(0.0, 30.0, " ask"), (30.0, 60.0, " not"), (60.0, 70.0, " not")]
    assert all(call[0] == english.sot for call in engine.state.decoded if len(call) > 1)


def test_exactly_thirty_seconds_are_one_window(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    result = run(engine_of(script(english, english.encode(" ask"))), english, 30, timestamps=False)
    assert result.timing.n_windows == 1


@pytest.mark.parametrize(
    ("no_speech", "margin", "settings", "silent"),
    [
        (0.9, 6.0, {}, True),
        (0.9, 20.0, {}, False),  # sure of its words
        (0.5, 6.0, {}, False),
        (0.9, 6.0, {"no_speech_threshold": None}, False),
        (0.9, 20.0, {"logprob_threshold": None}, True),
    ],
)
def test_silent_windows_are_skipped(
    english: Tokenizer,
    engine_of: EngineOf,
    script: ScriptOf,
    no_speech: float,
    margin: float,
    settings: dict[str, Any],
    silent: bool,
) -> None:
    logits = script(english, english.encode(" you"), margin=margin, no_speech=no_speech)
    result = run(engine_of(logits), english, 4, timestamps=False, **settings)
    assert result.text == ("" if silent else "you")
    assert result.duration == 4


def test_segments_without_text_or_length_are_left_out(
    english: Tokenizer, engine_of: EngineOf, script: ScriptOf
) -> None:
    tokens = says(english, 0.0, " ask", 2.0, 2.0, "\n", 3.0, 3.0, " not", 5.0)
    result = run(engine_of(script(english, tokens)), english, 6)
    assert times(result) == [(0.0, 2.0, " ask"), (3.0, 5.0, " not")]


def test_no_segment_ends_after_the_recording(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    result = run(engine_of(script(english, says(english, 0.0, " ask", 3.0))), english, 2.5)
    assert times(result) == [(0.0, 2.5, " ask")]


def test_the_language_is_detected_once(
    multilingual: Tokenizer, engine_of: EngineOf, script: ScriptOf, caplog: pytest.LogCaptureFixture
) -> None:
    k = multilingual
    writes = script(k, k.encode(" ask"))

    def logits_of(window: int, tokens: tuple[int, ...]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = writes(window, tokens)
        logits[k.language_token("de")] += 8.0
        return logits

    engine = engine_of(logits_of, 51865)
    with caplog.at_level(logging.INFO, "edge"):
        result = run(engine, k, 45, timestamps=False)
    assert result.language == "de"
    assert engine.state.decoded.count([k.sot]) == 1
    prompts = [call for call in engine.state.decoded if len(call) == 4]
    assert prompts == [[*k.sot_sequence("de"), k.no_timestamps]] * 2
    assert "detected language de" in caplog.text


def test_a_given_language_and_task_are_used(multilingual: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    k = multilingual
    engine = engine_of(script(k, says(k, 0.0, " ask", 1.0)), 51865)
    result = run(engine, k, 2, language="French", task="translate")
    assert result.language == "fr"
    assert engine.state.decoded[0] == list(k.sot_sequence("fr", "translate"))


def test_what_the_model_cannot_do_is_refused_and_the_file_closed(
    english: Tokenizer, engine_of: EngineOf, script: ScriptOf
) -> None:
    closed = []
    source = AudioSource(Opened("clip", iter([sound(1)]), 1.0, lambda: closed.append(True)))
    engine = engine_of(script(english, []))
    with pytest.raises(OptionError, match="knows only English"):
        transcribe(engine, engine.new_state(), english, FACTS, source, TranscribeOptions(language="de"))
    assert closed


def test_earlier_text_is_shown_only_on_request(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    first = says(english, 0.0, " ask", 20.0)
    for condition in (False, True):
        engine = engine_of(script(english, first, says(english, 0.0, " not", 2.0)))
        run(engine, english, 35, condition_on_previous_text=condition)
        shown = [call for call in engine.state.decoded if call[0] == english.sot_prev]
        assert shown == ([[english.sot_prev, *first]] if condition else [])


def test_segments_and_progress_come_as_they_are_found(
    english: Tokenizer, engine_of: EngineOf, script: ScriptOf
) -> None:
    engine = engine_of(script(english, says(english, 0.0, " ask", 28.0)))
    found: list[tuple[int, int]] = []
    told: list[tuple[str, int, int]] = []

    def on_segment(segment: Segment) -> None:
        found.append((segment.id, len(engine.state.encoded)))

    state = engine.new_state()
    result = transcribe(
        engine,
        state,
        english,
        FACTS,
        open_audio(sound(65)),
        TranscribeOptions(),
        on_segment=on_segment,
        progress=lambda *report: told.append(report),
        load_s=1.5,
    )
    assert found == [(0, 1), (1, 2), (2, 3)]
    assert told == [("transcribe", 30, 65), ("transcribe", 60, 65), ("transcribe", 65, 65)]
    assert result.timing.load_s == 1.5
    assert result.timing.total_s >= result.timing.encode_s + result.timing.decode_s


@pytest.mark.parametrize(("n_samples", "n_windows"), [(1, 0), (159, 0), (160, 1)])
def test_the_shortest_recordings(
    english: Tokenizer, engine_of: EngineOf, script: ScriptOf, n_samples: int, n_windows: int
) -> None:
    engine = engine_of(script(english, english.encode(" you")))
    source = open_audio(np.full(n_samples, 0.1, np.float32))
    result = transcribe(engine, engine.new_state(), english, FACTS, source, TranscribeOptions(timestamps=False))
    assert result.timing.n_windows == n_windows


def test_nothing_at_all_is_an_error(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    with pytest.raises(AudioError, match="holds no audio"):
        run(engine_of(script(english, [])), english, 0)


def test_the_buffer_holds_a_window_and_not_the_recording() -> None:
    frames, largest, seek = FrameBuffer(FILTERS), 0, 0
    for _ in range(200):  # half an hour
        frames.feed(np.zeros(RATE_HZ * 9, np.float32))
        while frames.reaches(seek + 3000):
            assert len(frames.window(seek, 3000).raw) == 3000
            seek += 2500
            frames.forget(seek)
        largest = max(largest, sum(map(len, frames._frames)), sum(map(len, frames._samples)) // 160)
    frames.finish()
    assert len(frames.window(seek, 3000).raw) == 180002 - seek
    assert largest <= 3000 + 2 * 900
    assert frames.n_content == 180000


@given(st.integers(0, 2**32 - 1), st.floats(1, 100))
@settings(deadline=None, max_examples=10)
def test_any_logits_come_to_an_end(
    english: Tokenizer, dims_of: Callable[[int], WhisperDims], seed: int, seconds: float
) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((64, english.n_vocab)).astype(np.float32) * 3
    noise[:, english.timestamp_begin :] += rng.uniform(-3, 3)
    noise[:, english.eot] += 10

    class State:
        def __init__(self, n_beams: int) -> None:
            pass

        def encode(self, mel: NDArray[np.float32]) -> None:
            pass

        def reorder(self, parents: NDArray[np.int32]) -> None:
            pass

        def rewind(self, n_past: int) -> None:
            pass

        def decode(self, tokens: NDArray[np.int32], *, last_only: bool = True) -> NDArray[np.float32]:
            return noise[rng.integers(0, 64, tokens.shape)]

    engine: Any = SimpleNamespace(
        dims=dims_of(51864), new_state=State, tail=None, n_alignment_heads=0, verifies_drafts=False
    )
    result = run(engine, english, seconds, max_tokens=20)
    ends = [segment.end for segment in result.segments]
    assert all(segment.start <= segment.end <= result.duration for segment in result.segments)
    assert ends == sorted(ends)
