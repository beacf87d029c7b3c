"""A recording through a session, with an engine and facts of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from edge import session
from edge.audio import AudioSource
from edge.options import TranscribeOptions
from edge.transcript.transcript import Transcript
from edge.transcript.types import Segment
from edge.whisper.engines.protocol import Engine, State
from edge.whisper.session import WhisperSession
from edge.whisper.tokens import Tokenizer
from edge.whisper.trust.evidence import OpenVad, no_vad


def parts_of(engine: Engine, tokenizer: Tokenizer, facts: Any) -> Any:
    """What a session uses of a model, put together from its parts."""
    return SimpleNamespace(
        engine=engine,
        tokenizer=tokenizer,
        mel_filters=facts.mel_filters,
        suppress_tokens=facts.suppress_tokens,
        suppress_begin=facts.suppress_begin,
        attention_lead=facts.attention_lead,
    )


def transcribe(
    engine: Engine,
    state: State,
    tokenizer: Tokenizer,
    facts: Any,
    source: AudioSource,
    options: TranscribeOptions,
    *,
    open_vad: OpenVad = no_vad,
    **how: Any,
) -> Transcript:
    """Transcribe a source with a state of the engine's."""
    with source, WhisperSession(parts_of(engine, tokenizer, facts), state, options, open_vad) as running:
        return session.transcribe(running, source, **how)


def stream_segments(
    engine: Engine,
    state: State,
    tokenizer: Tokenizer,
    facts: Any,
    source: AudioSource,
    options: TranscribeOptions,
) -> Iterator[Segment]:
    """The segments of `transcribe`, as they are found."""
    with source, WhisperSession(parts_of(engine, tokenizer, facts), state, options) as running:
        yield from session.segments_of(running, source)
