"""Nothing that is spoken in a recording is passed over."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.audio import open_audio
from edge.listen.vad.silero import FRAME_SAMPLES
from edge.options import TranscribeOptions
from edge.transcript.events import Final
from edge.transcript.transcript import Transcript
from edge.whisper.session import WhisperSession
from edge.whisper.tokens import Tokenizer

from .conftest import EngineOf, ScriptedEngine, ScriptedState, ScriptOf
from .run import parts_of, transcribe
from .test_window import TAIL

RATE_HZ = 16000
FACTS = SimpleNamespace(
    mel_filters=np.eye(80, 201, dtype=np.float32), suppress_tokens=(), suppress_begin=(), attention_lead=0
)

Floats = NDArray[np.float32]


class SignsAreSpeech:
    """A detector that knows `sound`'s speech at whatever gain: it has one size, and noise has many."""

    def probabilities(self, samples: Floats) -> Floats:
        frames = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
        loudest, mean = np.abs(frames).max(axis=1), np.abs(frames).mean(axis=1)
        return np.where((loudest > 0) & (mean > 0.8 * loudest), 0.9, 0.1).astype(np.float32)


def sound(*parts: tuple[float, str]) -> Floats:
    """Seconds of "speech", "noise" or "silence" in a row."""
    rng = np.random.default_rng(5)
    made = []
    for seconds, kind in parts:
        drawn = rng.uniform(-1, 1, round(seconds * RATE_HZ))
        made.append({"speech": 0.2 * np.sign(drawn), "noise": 0.02 * drawn, "silence": 0 * drawn}[kind])
    return np.concatenate(made).astype(np.float32)


def says(tokenizer: Tokenizer, *items: float | str) -> list[int]:
    parts = (tokenizer.encode(item) if isinstance(item, str) else [tokenizer.timestamp_token(item)] for item in items)
    return [token for part in parts for token in part]


def run(
    engine: ScriptedEngine, tokenizer: Tokenizer, samples: Floats, *, n_alignment_heads: int = 0, **settings: Any
) -> Transcript:
    options = TranscribeOptions(**{"temperature": 0, **settings})
    state = engine.new_state(options.n_sequences)
    detector: Any = SignsAreSpeech()
    engine.n_alignment_heads = n_alignment_heads
    return transcribe(engine, state, tokenizer, FACTS, open_audio(samples), options, open_vad=lambda: detector)


def attend(monkeypatch: pytest.MonkeyPatch, *spans: tuple[float, float]) -> None:
    """Let the tokens of a window be read evenly from these seconds, and the end of the text from what is left."""

    def alignment(state: ScriptedState) -> Floats:
        # Rows are those of <|startoftranscript|>, <|notimestamps|>, the text and the end; each shows where the next is.
        attention = np.full((1, 1, len(state.decoded[-1]), state.dims.n_audio_ctx), 1e-3, np.float32)
        positions = np.concatenate([np.arange(round(50 * first), round(50 * stop)) for first, stop in spans])
        rows = attention[0, 0, 1:-2]
        for row, part in zip(rows, np.array_split(positions, len(rows)), strict=True):
            row[part] = 1.0
        attention[0, 0, -2, positions[-1] + 1 :] = 1.0
        attention /= attention.sum(axis=3, keepdims=True)
        return attention

    monkeypatch.setattr(ScriptedState, "alignment", alignment)


def told(result: Transcript) -> list[tuple[float, str]]:
    return [(round(segment.start, 1), segment.text) for segment in result.segments]


FIRST, SECOND = " ask not what your country can do", " ask what you can do for it"


def test_the_next_window_begins_where_a_text_ends_early(
    english: Tokenizer, engine_of: EngineOf, script: ScriptOf
) -> None:
    windows = says(english, 0.0, FIRST, 3.0), says(english, 0.2, SECOND, 3.2)
    samples = sound((3, "speech"), (6, "noise"), (3, "speech"), (2, "noise"))
    engine = engine_of(script(english, *windows))
    result = run(engine, english, samples)
    assert told(result) == [(0.0, FIRST), (8.8, SECOND)]
    assert [segment.id for segment in result.segments] == [0, 1]
    assert (result.gaps, result.timing.n_windows) == ((), 2)
    deaf = run(engine_of(script(english, *windows)), english, samples, vad=False)
    assert told(deaf) == [(0.0, FIRST)]


def test_speech_behind_a_text_that_is_dropped_is_read_again(
    english: Tokenizer, engine_of: EngineOf, script: ScriptOf
) -> None:
    """The window of silence and noise is filled with a filler; the speech at its end begins the next one."""
    engine = engine_of(script(english, says(english, 0.0, " Thank you.", 2.0), says(english, 0.2, SECOND, 3.2)))
    result = run(engine, english, sound((10, "noise"), (3, "speech"), (1, "noise")))
    assert told(result) == [(9.8, SECOND)]
    assert result.gaps == ()


def test_speech_before_a_text_is_read_on_its_own(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    # A first timestamp of 8 s: such models exist once max_initial_timestamp allows it.
    windows = says(english, 8.0, SECOND, 8.1, 8.1, SECOND, 11.0, 11.0), says(english, 0.0, FIRST, 2.8)
    engine = engine_of(script(english, *windows))
    result = run(engine, english, sound((3, "speech"), (5, "noise"), (3, "speech")), max_initial_timestamp=30.0)
    assert told(result) == [(0.0, FIRST), (8.0, SECOND), (8.1, SECOND)]
    assert len(engine.state.encoded) == 2


def test_a_text_stays_that_is_heard_before_its_timestamps(
    english: Tokenizer, engine_of: EngineOf, script: ScriptOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = says(english, 0.0, FIRST, 7.6, 7.6, SECOND, 10.0), says(english, 0.2, FIRST, 2.7)
    engine = engine_of(script(english, *windows))
    attend(monkeypatch, (0.1, 2.4), (3.8, 6.1))
    pause = (1.2, "noise")
    samples = sound((2.5, "speech"), pause, (2.5, "speech"), pause, (2.5, "speech"), pause)
    result = run(engine, english, samples, n_alignment_heads=1)
    assert [segment.text for segment in result.segments] == [FIRST, SECOND, FIRST]
    assert [segment.start for segment in result.segments] == pytest.approx([0.0, 3.7, 7.4], abs=0.2)
    assert result.segments[1].end == pytest.approx(6.2, abs=0.2)
    assert result.gaps == ()


def test_speech_without_words_is_a_gap(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    engine = engine_of(script(english, says(english, 0.0, FIRST, 3.0), []))
    result = run(engine, english, sound((3, "speech"), (6, "noise"), (3, "speech"), (2, "noise")))
    assert told(result) == [(0.0, FIRST)]
    (gap,) = result.gaps
    assert (round(gap.start, 1), round(gap.end, 1), gap.cause) == (8.8, 12.2, "unread")
    assert not result.is_complete


def test_silence_and_noise_are_no_gaps(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    for kind in ("silence", "noise"):
        result = run(engine_of(script(english, [])), english, sound((40, kind)))
        assert (result.text, result.gaps) == ("", ())


def test_a_cough_is_not_made_a_word_the_second_time(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    """What nobody believed at first has more to prove: a guess or a filler needs a second of speech."""
    engine = engine_of(script(english, [], says(english, 0.0, " you", 0.4)))
    result = run(engine, english, sound((3, "noise"), (0.6, "speech"), (3, "noise")))
    assert result.text == ""
    assert [gap.cause for gap in result.gaps] == ["unread"]


def test_any_windows_and_any_speech_come_to_an_end(english: Tokenizer, engine_of: EngineOf, script: ScriptOf) -> None:
    rng = np.random.default_rng(11)
    for _ in range(12):
        parts = [(float(rng.uniform(0.1, 9)), str(rng.choice(["speech", "noise", "silence"]))) for _ in range(9)]
        windows: list[Sequence[int]] = []
        for _ in range(8):
            start, end = sorted(rng.uniform(0, 25, 2).round(1).tolist())
            windows.append(rng.choice([0, 1]) * says(english, min(start, 1.0), FIRST, max(end, 1.2)))
        result = run(engine_of(script(english, *windows)), english, sound(*parts))
        assert all(a.start <= b.start for a, b in zip(result.segments, result.segments[1:], strict=False))
        assert all(0 <= gap.start < gap.end <= result.duration + 0.01 for gap in result.gaps)


# The language


def spoken(tokenizer: Tokenizer, *windows: tuple[str, float, str]) -> Any:
    """The language, how sure it is in nats, and the text of each window."""

    def logits_of(window: int, tokens: Sequence[int]) -> Floats:
        language, margin, text = windows[min(window, len(windows) - 1)]
        logits = np.full(tokenizer.n_vocab, -9, np.float32)
        if tokens == (tokenizer.sot,):
            logits[tokenizer.language_token("en")] = 4
            logits[tokenizer.language_token(language)] = 4 + margin
        else:
            written = [token for token in tokens if token < tokenizer.eot]
            rest = tokenizer.encode(text)[len(written) :]
            logits[rest[0] if rest else tokenizer.eot] = 9
        return logits

    return logits_of


def test_a_window_without_text_does_not_settle_the_language(multilingual: Tokenizer, engine_of: EngineOf) -> None:
    windows = ("nl", 4.0, " Thank you."), ("de", 4.0, FIRST)
    result = run(engine_of(spoken(multilingual, *windows), 51865), multilingual, sound((31, "noise"), (5, "speech")))
    assert (result.language, [segment.language for segment in result.segments]) == ("de", ["de"])
    assert next(iter(result.language_probabilities)) == "de"


def test_a_language_in_doubt_is_decided_by_more_speech(
    multilingual: Tokenizer, engine_of: EngineOf, caplog: pytest.LogCaptureFixture
) -> None:
    sure_later = spoken(multilingual, ("nl", 0.1, FIRST), ("de", 6.0, FIRST), ("de", 6.0, FIRST))
    engine = engine_of(sure_later, 51865)
    with caplog.at_level(logging.INFO, "edge"):
        result = run(engine, multilingual, sound((50, "speech")), timestamps=False)
    assert result.language == "de"
    assert "detected language de" in caplog.text
    # One that is the whole recording can only be taken as it is.
    short = run(engine_of(sure_later, 51865), multilingual, sound((3, "speech")), timestamps=False)
    assert short.language == "nl"


def test_more_speech_is_heard_first_where_the_language_was_in_doubt(
    multilingual: Tokenizer, engine_of: EngineOf
) -> None:
    """A window that goes on is encoded once at each further look, and what is heard does not depend on the order."""
    in_short, in_full = (spoken(multilingual, (language, 0.1, FIRST)) for language in ("nl", "de"))
    sure = spoken(multilingual, ("de", 6.0, FIRST))

    def logits_of(window: int, tokens: Sequence[int]) -> Floats:
        is_short = len(engine.state.encoded[window]) < 3000
        logits: Floats = (in_short if is_short else sure if tokens == (multilingual.sot,) else in_full)(0, tokens)
        return logits

    engine = engine_of(logits_of, 51865)
    engine.tail, engine.n_alignment_heads = TAIL, 0
    options = TranscribeOptions(temperature=0, timestamps=False)
    detector: Any = SignsAreSpeech()
    parts = parts_of(engine, multilingual, FACTS)
    session = WhisperSession(parts, engine.new_state(1), options, lambda: detector)
    samples = sound((2, "noise"), (3, "speech"), (0.5, "noise"))
    languages, counts = [], []
    for first, stop in ((0, 3), (3, 4), (4, 5.5)):
        session.feed(samples[round(first * RATE_HZ) : round(stop * RATE_HZ)])
        events = session.ahead() if stop < 5 else session.finish()
        languages += [event.segment.language for event in events if isinstance(event, Final)]
        counts.append(len(engine.state.encoded))
    assert languages == ["de"] * 3
    assert counts == [3, 5, 7]
