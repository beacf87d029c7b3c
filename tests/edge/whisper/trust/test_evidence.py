"""What the recording has to bear out, chunks of speech, segments as they come, and windows that fail."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

import edge
from edge.audio import AudioSource, open_audio
from edge.audio.mono import Opened
from edge.errors import AudioError, KernelError, OfflineError, OptionError
from edge.gaps import Gap
from edge.listen.detector import Detector
from edge.listen.vad.silero import FRAME_SAMPLES, SileroVad
from edge.options import TranscribeOptions
from edge.transcript.events import Final
from edge.transcript.transcript import Transcript
from edge.whisper.search.greedy import DecodedWindow, Hypothesis, summarize
from edge.whisper.segments import decoding_of
from edge.whisper.session import WhisperSession
from edge.whisper.tokens import Tokenizer
from edge.whisper.trust.doubts import find_loop, speech_needed_s
from edge.whisper.trust.fillers import is_filler

from ..conftest import EngineOf, ScriptedEngine, ScriptOf
from ..run import parts_of, stream_segments, transcribe

RATE_HZ = 16000
FILTERS = np.eye(80, 201, dtype=np.float32)
FACTS = SimpleNamespace(mel_filters=FILTERS, suppress_tokens=(), suppress_begin=(), attention_lead=0)

Samples = NDArray[np.float32]


class LoudIsSpeech:
    """A detector that knows what `sound` makes loud, at whatever gain: it has one size, and noise has many."""

    def __init__(self) -> None:
        self.n_asked = 0
        self._pending = np.zeros(0, np.float32)

    def stream(self) -> LoudIsSpeech:
        return LoudIsSpeech()

    def probabilities(self, samples: Samples) -> Samples:
        self.n_asked += 1
        stream = self.stream()
        return np.concatenate([stream.feed(samples), stream.finish()])

    def feed(self, samples: Samples) -> Samples:
        pending = np.concatenate([self._pending, samples])
        n_frames = len(pending) // FRAME_SAMPLES
        self._pending = pending[n_frames * FRAME_SAMPLES :]
        frames = pending[: n_frames * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
        loudest, mean = np.abs(frames).max(axis=1, initial=0), np.abs(frames).mean(axis=1)
        return np.where((loudest > 0) & (mean > 0.8 * loudest), 0.9, 0.1).astype(np.float32)

    def finish(self) -> Samples:
        return self.feed(np.zeros(-len(self._pending) % FRAME_SAMPLES, np.float32))


def sound(*parts: tuple[float, float]) -> Samples:
    """Parts of (seconds, level) in a row: above 0.1 what `LoudIsSpeech` takes for speech, below it noise."""
    rng = np.random.default_rng(3)
    drawn = [rng.uniform(-1, 1, round(seconds * RATE_HZ)) for seconds, _ in parts]
    shaped = [np.sign(one) if level > 0.1 else one for one, (_, level) in zip(drawn, parts, strict=True)]
    return np.concatenate([level * one for one, (_, level) in zip(shaped, parts, strict=True)]).astype(np.float32)


def decoded_of(
    tokenizer: Tokenizer, tokens: Sequence[int], logprob: float = 0.0, no_speech: float = 0.0
) -> DecodedWindow:
    return summarize(Hypothesis(tuple(tokens), (logprob,) * (len(tokens) + 1), 0.0), no_speech, tokenizer)


def run(
    engine: ScriptedEngine,
    tokenizer: Tokenizer,
    samples: Samples,
    detector: LoudIsSpeech | None = None,
    **settings: Any,
) -> Transcript:
    detector = detector or LoudIsSpeech()
    options = TranscribeOptions(**{"timestamps": False, "temperature": 0, **settings})
    source = open_audio(samples)
    state = engine.new_state(options.n_sequences)
    return transcribe(engine, state, tokenizer, FACTS, source, options, open_vad=lambda: cast("SileroVad", detector))


def says(tokenizer: Tokenizer, *items: float | str) -> list[int]:
    parts = (tokenizer.encode(item) if isinstance(item, str) else [tokenizer.timestamp_token(item)] for item in items)
    return [token for part in parts for token in part]


# What the recording has to bear out


def needed(tokenizer: Tokenizer, text: str, seconds: float, logprob: float = -0.1, no_speech: float = 0.0) -> float:
    tokens = tokenizer.encode(text)
    return speech_needed_s(decoded_of(tokenizer, tokens, logprob, no_speech), seconds, tokenizer)


def test_only_doubtful_text_needs_speech(english: Tokenizer) -> None:
    assert needed(english, " ask not", 5) == 0
    assert needed(english, "", 5, no_speech=0.9) == 0
    assert needed(english, " ask not", 5, no_speech=0.3) == 0.25
    assert needed(english, " Thank you!", 5) == 0.25
    assert needed(english, "...", 5) == 0.25
    assert needed(english, " ask not", 5, logprob=-1.2) == 0.6
    assert needed(english, " ask not of the end of the end of the end", 5) == 0.6
    assert needed(english, " ask not", 0.4, no_speech=0.3) == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Thank you.", True),
        (" Thanks for watching!", True),
        (" you", True),
        ("...", True),
        (" Thank you for your letter.", False),
        (" Bye, Peter.", False),
        ("продолжение следует...", True),
    ],
)
def test_fillers(text: str, expected: bool) -> None:
    assert is_filler(text) == expected


@pytest.mark.parametrize(
    ("level", "text", "margin", "no_speech", "kept"),
    [
        (0.05, " ask not", 20.0, 0.01, True),  # in no doubt: nobody listens
        (0.05, " ask not", 20.0, 0.4, False),
        (0.5, " ask not", 20.0, 0.4, True),
        (0.05, " thank you", 20.0, 0.01, False),
        (0.5, " thank you", 20.0, 0.01, True),
        (0.05, " ask not", 6.0, 0.01, False),
    ],
)
def test_doubtful_text_stays_where_somebody_speaks(
    english: Tokenizer,
    engine_of: EngineOf,
    script: ScriptOf,
    level: float,
    text: str,
    margin: float,
    no_speech: float,
    kept: bool,
) -> None:
    engine = engine_of(script(english, english.encode(text), margin=margin, no_speech=no_speech))
    assert run(engine, english, sound((4, level))).text == (text.strip() if kept else "")
    assert run(engine, english, sound((4, level)), vad=False).text == text.strip()


def test_a_word_in_a_long_silence_is_enough(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    engine = engine_of(script(english, english.encode(" ask"), no_speech=0.5))
    assert run(engine, english, sound((12, 0.01), (0.4, 0.5), (12, 0.01))).text == "ask"
    assert run(engine, english, sound((12, 0.01), (0.1, 0.5), (12, 0.01))).text == ""


def test_more_words_than_the_speech_can_hold_are_dropped(
    english: Tokenizer, engine_of: EngineOf, script: ScriptOf
) -> None:
    words = " my fellow americans ask not what your country can do for you the of a to in is it that was he on are with"
    engine = engine_of(script(english, english.encode(words), no_speech=0.5))
    assert run(engine, english, sound((0.5, 0.5), (20, 0.01))).text == ""
    assert run(engine, english, sound((20, 0.5), (0.5, 0.01))).text == words.strip()


def test_ordinary_clips_never_ask_the_detector(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    detector = LoudIsSpeech()
    run(engine_of(script(english, english.encode(" ask not what"))), english, sound((1, 0.01)), detector)
    words = english.encode(" ask not what your country can do for you ask what you can do for your country")
    run(engine_of(script(english, says(english, 0.0) + words + says(english, 4.5))), english, sound((5, 0.3)), detector)
    assert detector.n_asked == 0


def test_without_a_detector_text_stays(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    engine = engine_of(script(english, english.encode(" ask"), no_speech=0.5))
    source = open_audio(sound((4, 0.01)))
    options = TranscribeOptions(timestamps=False)
    assert transcribe(engine, engine.new_state(5), english, FACTS, source, options).text == "ask"
    source, options = open_audio(sound((4, 0.01))), TranscribeOptions(vad=True)
    with pytest.raises(OptionError, match="there is no detector"):
        transcribe(engine, engine.new_state(5), english, FACTS, source, options)


def test_text_after_the_end_is_dropped(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    engine = engine_of(script(english, says(english, 0.0, " ask", 3.0, 3.0, " not", 4.5, 4.5, " what", 6.0)))
    result = run(engine, english, sound((4, 0.5)), timestamps=True)
    assert [segment.text for segment in result.segments] == [" ask", " not"]


def test_segments_in_pauses_are_dropped(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    tokens = says(english, 0.0, " ask not what", 2.0, 8.0, " Thank you.", 9.0, 9.0, " ask", 14.0, 18.0, " what", 19.0)
    samples = sound((2.2, 0.5), (15.8, 0.01), (1.2, 0.5))
    result = run(engine_of(script(english, tokens)), english, samples, timestamps=True)
    assert [segment.text for segment in result.segments] == [" ask not what", " what"]
    everywhere = says(
        english, 0.0, " ask not what", 7.9, 8.0, " Thank you.", 9.0, 9.0, " ask", 17.9, 18.0, " what", 19.0
    )
    result = run(engine_of(script(english, everywhere)), english, sound((19.2, 0.5)), timestamps=True)
    assert len(result.segments) == 4


# Loops


def test_where_a_loop_starts() -> None:
    assert find_loop([9, 8, 1, 2, 1, 2, 1, 2]) == (4, 2)
    assert find_loop([1, 1, 1, 1]) is None
    assert find_loop([7, 1, 1, 1, 1, 1]) == (2, 1)
    assert find_loop([*range(8), 99, *range(8)]) == (9, 9)


def test_draws_are_for_windows_in_which_somebody_is_heard(
    english: Tokenizer, engine_of: EngineOf, script: ScriptOf
) -> None:
    """The fallback comes before what is dropped; but no draw makes noise a text to believe."""
    once = english.encode(" ask not what your country")
    writes = script(english, [*once * 9], margin=13.0)
    heard = run(engine_of(writes), english, sound((4, 0.5)), temperature=(0.0, 0.5), word_timestamps=True)
    assert heard.timing.n_fallbacks == 1
    (segment,) = heard.segments
    assert "".join(word.text for word in segment.words) == segment.text
    assert len(decoding_of(segment).token_probabilities) == len(decoding_of(segment).tokens)
    noise = run(engine_of(writes), english, sound((4, 0.05)), temperature=(0.0, 0.5))
    assert (noise.text, noise.timing.n_fallbacks) == ("", 0)
    assert run(engine_of(writes), english, sound((4, 0.05)), temperature=(0.0, 0.5), vad=False).timing.n_fallbacks == 1


# Chunks of speech

SPEECH = ((5.0, 0.01), (6.0, 0.5), (8.0, 0.01), (4.0, 0.5), (30.0, 0.01), (2.0, 0.5), (4.0, 0.01))


def test_only_speech_is_transcribed_and_keeps_its_time(
    english: Tokenizer, engine_of: EngineOf, script: ScriptOf
) -> None:
    words = (("ask", 6.4), ("not", 4.4), ("what", 2.4))
    engine = engine_of(script(english, *(says(english, 0.5, f" {word}", end) for word, end in words)))
    engine.n_alignment_heads = 0  # what is scripted says nothing about places
    result = run(engine, english, sound(*SPEECH), vad=True, timestamps=True)
    found = [(segment.start, segment.end, segment.text) for segment in result.segments]
    for (start, end, text), began, (word, length) in zip(found, (4.6, 18.6, 52.6), words, strict=True):
        assert text == f" {word}"
        assert start == pytest.approx(began, abs=0.04)
        assert end == pytest.approx(began + length, abs=0.04)
    assert result.duration == 59
    assert sum(len(window) for window in engine.state.encoded) < 3 * 3000 + 1


def test_chunks_of_long_speech_are_whole_windows(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    engine = engine_of(script(english, english.encode(" ask not")))
    result = run(engine, english, sound((100, 0.5)), vad=True)
    assert all(segment.end - segment.start <= 30.0 for segment in result.segments)
    assert result.segments[0].start == 0
    assert result.segments[-1].end == 100
    assert all(a.end == b.start for a, b in zip(result.segments, result.segments[1:], strict=False))


def test_memory_holds_a_chunk_not_the_recording(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    engine = engine_of(script(english, english.encode(" ask not")))
    options = TranscribeOptions(vad=True, timestamps=False)
    parts = parts_of(engine, english, FACTS)
    session = WhisperSession(parts, engine.new_state(5), options, open_vad=LoudIsSpeech)  # type: ignore[arg-type]
    largest, found = 0, []
    for number in range(240):  # an hour: 15 minutes of silence, of speech, of phrases, of silence
        quarter = number // 60
        speech = sound((15, 0.5)) if quarter == 1 else sound((4, 0.5), (11, 0.01))
        for event in session.feed(speech if quarter in (1, 2) else np.zeros(15 * RATE_HZ, np.float32)):
            assert isinstance(event, Final)
            found.append(event.segment)
        frames = session._frames
        largest = max(largest, sum(map(len, frames._frames)), sum(map(len, frames._samples)) // 160)
    session.finish()
    assert found[0].start == pytest.approx(900, abs=0.5)
    assert sum(segment.end - segment.start for segment in found) > 900 + 60 * 4
    assert all(0 < segment.end - segment.start <= 30 for segment in found)
    assert largest <= 2 * 3000 + 2 * 1500 + 100  # a chunk, the speech behind it, and two blocks


# As they come, and in spite of failures


def test_segments_come_while_the_recording_is_read(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    n_read = 0

    def blocks() -> Iterator[Samples]:
        nonlocal n_read
        for _ in range(12):
            n_read += 10
            yield sound((10, 0.5))

    engine = engine_of(script(english, english.encode(" ask not")))
    source = AudioSource(Opened("two minutes", blocks()))
    options = TranscribeOptions(timestamps=False)
    segments = stream_segments(engine, engine.new_state(5), english, FACTS, source, options)
    assert n_read == 0
    assert next(segments).end == 30
    assert n_read <= 40
    assert [segment.start for segment in segments] == [30, 60, 90]


class Failing:
    """A state that fails in some windows."""

    def __init__(self, state: Any, windows: set[int]) -> None:
        self._state, self._windows, self._n_encoded = state, windows, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)

    def encode(self, mel: Samples) -> None:
        self._n_encoded += 1
        if self._n_encoded - 1 in self._windows:
            raise KernelError("no more memory")
        self._state.encode(mel)


def fail(engine: ScriptedEngine, tokenizer: Tokenizer, windows: set[int]) -> Transcript:
    state, source = Failing(engine.new_state(5), windows), open_audio(sound((80, 0.5)))
    return transcribe(engine, state, tokenizer, FACTS, source, TranscribeOptions(timestamps=False))


def test_a_window_that_fails_does_not_take_the_others_with_it(
    english: Tokenizer, engine_of: EngineOf, script: ScriptOf, caplog: pytest.LogCaptureFixture
) -> None:
    engine = engine_of(script(english, english.encode(" ask not")))
    with caplog.at_level(logging.INFO, "edge"):
        result = fail(engine, english, {1})
    assert [(segment.start, segment.end) for segment in result.segments] == [(0, 30), (60, 80)]
    assert result.gaps == (Gap(30.0, 60.0, "KernelError: no more memory"),)
    assert "speech from 30.0 to 60.0 s is missing" in caplog.text


def test_where_all_windows_fail_the_recording_fails(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    with pytest.raises(KernelError, match="no more memory"):
        fail(engine_of(script(english, [])), english, {0, 1, 2})


# The detector in the store


def test_a_detector_that_cannot_be_had_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EDGEWISE_HOME", str(tmp_path))
    detector = Detector(offline=True)
    assert detector.open() is None
    assert detector.open() is None
    assert [record.message[:36] for record in caplog.records] == ["the speech detector is not available"]
    with pytest.raises(OfflineError, match="silero-vad"):
        detector.open(must=True)


def test_a_file_is_streamed_as_it_is_transcribed(tiny_en_int8: Path, jfk_clip: Path) -> None:
    model = edge.load(tiny_en_int8, threads=1, offline=True)
    segments = model.stream_file(jfk_clip, vad=False)
    assert tuple(segments) == model.transcribe(jfk_clip, vad=False).segments
    with pytest.raises(AudioError):
        model.stream_file(jfk_clip.with_name("nothing.wav"))


def test_the_real_detector_drops_what_nobody_says(tiny_en_int8: Path, jfk_clip: Path) -> None:
    from edge.store import Store

    if not Store().is_here("silero-vad"):
        pytest.skip("silero-vad is not in the store: run `edgewise models pull silero-vad` once")
    model = edge.load(tiny_en_int8, threads=1, offline=True)
    silence = np.zeros(2 * RATE_HZ, np.float32)
    assert model.transcribe(silence, vad=False).text != ""
    assert model.transcribe(silence).text == ""
    with_vad = model.transcribe(jfk_clip, vad=True)
    assert "ask not what your country can do for you" in with_vad.text
    assert all(0 <= segment.start < segment.end <= with_vad.duration for segment in with_vad.segments)
