"""The settings of a session as a client asks for them: how sound is divided, what is likely said, and what is told.

Clients write it in two forms: the present one, and that of the beta, which many still use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from ...errors import OptionError
from ...languages import language_code
from ...lists import MOST_LETTERS, MOST_WORDS
from ...values import shown
from ..openai.wanted import spoken_of
from .wire import Message, WireError

RATES_HZ = range(8000, 192_001)
"""Rates that are taken; OpenAI's clients send 24 kHz, and browsers what their microphone has."""

LOGPROBS = "item.input_audio_transcription.logprobs"
PARTIAL = "item.input_audio_transcription.partial"
"""Text that may change, while somebody speaks: not of OpenAI's protocol, and told to those alone who include it."""
SEGMENTS = "item.input_audio_transcription.segments"
"""Segments of each item with words, times and probabilities; not of OpenAI's protocol either."""
INCLUDED = (LOGPROBS, PARTIAL, SEGMENTS)

_SILENCE_MS = 500
_LEAST_MS, _MOST_MS = 200, 10_000
_EAGERNESS = {"high": 500, "auto": 700, "medium": 700, "low": 1200}
"""Milliseconds of silence that end a turn, by how eager a client is; a text that looks unfinished waits longer."""
_THRESHOLD, _PADDING_MS = 0.5, 300
"""Settings of the detector of speech, whatever a client asks for; it is told so."""
_MOST_PROMPT = 10_000

_BETA = {
    "input_audio_format": "format",
    "input_audio_transcription": "transcription",
    "input_audio_noise_reduction": "noise_reduction",
    "turn_detection": "turn_detection",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Settings of a session."""

    rate_hz: int = 24000
    kind: Literal["server_vad", "semantic_vad"] | None = "server_vad"
    """Way in which turns are found; None where the client says what an item is."""
    silence_ms: int = _SILENCE_MS
    """Milliseconds of silence that end a turn."""
    eagerness: str = "auto"
    model: str = ""
    language: str = ""
    prompt: str = ""
    keywords: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    """Names of what is told beside the text."""

    def settings(self) -> dict[str, Any]:
        """Return the settings of a session of the model; OptionError where there are no such."""
        settings = spoken_of(self.language, self.prompt)
        if words := dict.fromkeys((*settings.get("vocabulary", ()), *self.keywords)):
            settings["vocabulary"] = tuple(words)[:MOST_WORDS]
        if LOGPROBS in self.include or SEGMENTS in self.include:
            settings["word_timestamps"] = True
        if self.kind is None:
            return {**settings, "endpoint": None, "trim": True}
        return {**settings, "endpoint": self.silence_ms / 1000}

    def described(self) -> Message:
        """Write the settings as they are used, which need not be as they were asked for."""
        turns: Message | None = None
        if self.kind == "server_vad":
            turns = {
                "type": "server_vad",
                "threshold": _THRESHOLD,
                "prefix_padding_ms": _PADDING_MS,
                "silence_duration_ms": self.silence_ms,
            }
        elif self.kind == "semantic_vad":
            turns = {"type": "semantic_vad", "eagerness": self.eagerness}
        transcription: Message = {"model": self.model, "language": self.language or None, "prompt": self.prompt}
        if self.keywords:
            transcription["keywords"] = list(self.keywords)
        sound = {
            "format": {"type": "audio/pcm", "rate": self.rate_hz},
            "noise_reduction": None,
            "transcription": transcription,
            "turn_detection": turns,
        }
        return {"type": "transcription", "audio": {"input": sound}, "include": list(self.include)}


def updated(before: Asked, given: object, models: Sequence[str], languages: Sequence[str]) -> Asked:
    """Take over what a client gives of a session; what it does not name stays.

    Raises:
        WireError: something of it cannot be.
    """
    session = _object(given, "session")
    if session.get("type", "transcription") != "transcription":
        raise _wrong("session.type", session["type"], "transcription: this server writes, and does not talk")
    sound = _sound_of(session)
    asked = before
    if "format" in sound:
        asked = replace(asked, rate_hz=_rate_hz(sound["format"], asked.rate_hz))
    if sound.get("transcription") is not None:
        asked = _transcription(asked, _object(sound["transcription"], "transcription"), models, languages)
    if "turn_detection" in sound:
        asked = _turns(asked, sound["turn_detection"])
    if "include" in session:
        asked = replace(asked, include=_included(session["include"]))
    try:
        asked.settings()
    except OptionError as error:
        raise WireError(str(error), param="session") from None
    return asked


def _sound_of(session: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of the sound, in the present form."""
    if "audio" in session:
        return _object(_object(session["audio"], "session.audio").get("input") or {}, "session.audio.input")
    return {name: session[old] for old, name in _BETA.items() if old in session}


def _rate_hz(given: object, before: int) -> int:
    kind = given.get("type") if isinstance(given, dict) else given
    rate_hz = given.get("rate") if isinstance(given, dict) else None
    if kind not in ("audio/pcm", "pcm16", None) or (rate_hz is not None and rate_hz not in RATES_HZ):
        expected = f"audio/pcm, 16 bit, mono, of {RATES_HZ.start} to {RATES_HZ.stop - 1} Hz"
        raise _wrong("session.audio.input.format", given, expected)
    return before if rate_hz is None else int(rate_hz)


def _transcription(asked: Asked, given: Mapping[str, Any], models: Sequence[str], languages: Sequence[str]) -> Asked:
    model = _text(given, "model", asked.model)
    if model and model not in models:
        raise _wrong("transcription.model", model, f"{models[0]}, which this server has")
    language = _text(given, "language", asked.language)
    if given.get("languages"):
        likely = _words(given["languages"], "transcription.languages")
        language = likely[0] if len(likely) == 1 else ""
    if language:
        try:
            language = language_code(language)
        except OptionError as error:
            raise WireError(str(error), param="transcription.language") from None
        if language not in languages:
            raise _wrong("transcription.language", language, f"one that the model knows: {', '.join(languages)}")
    keywords = _words(given["keywords"], "transcription.keywords") if given.get("keywords") else asked.keywords
    prompt = _text(given, "prompt", asked.prompt)
    return replace(asked, model=model, language=language, prompt=prompt[:_MOST_PROMPT], keywords=keywords)


def _turns(asked: Asked, given: object) -> Asked:
    if given is None:
        return replace(asked, kind=None)
    turns = _object(given, "turn_detection")
    kind = turns.get("type", "server_vad")
    if kind == "semantic_vad":
        eagerness = turns.get("eagerness") or "auto"
        if eagerness not in _EAGERNESS:
            raise _wrong("turn_detection.eagerness", eagerness, ", ".join(_EAGERNESS))
        return replace(asked, kind="semantic_vad", eagerness=eagerness, silence_ms=_EAGERNESS[eagerness])
    if kind != "server_vad":
        raise _wrong("turn_detection.type", kind, "server_vad, semantic_vad, or null in place of all of it")
    silence = turns.get("silence_duration_ms")
    if silence is None:
        silence = _SILENCE_MS
    if type(silence) not in (int, float) or not _LEAST_MS <= silence <= _MOST_MS:
        raise _wrong("turn_detection.silence_duration_ms", silence, f"{_LEAST_MS} to {_MOST_MS}")
    return replace(asked, kind="server_vad", silence_ms=round(silence))


def _included(given: object) -> tuple[str, ...]:
    names = given if isinstance(given, list) else [] if given is None else [given]
    for name in names:
        if name not in INCLUDED:
            raise _wrong("session.include", name, ", ".join(INCLUDED))
    return tuple(dict.fromkeys(names))


def _text(given: Mapping[str, Any], name: str, before: str) -> str:
    value = given.get(name, before)
    if value is not None and not isinstance(value, str):
        raise _wrong(f"transcription.{name}", value, "a text")
    return value or ""


def _words(given: object, name: str) -> tuple[str, ...]:
    listed = given if isinstance(given, list) else [None]
    words = tuple(word.strip() for word in listed if isinstance(word, str) and 0 < len(word.strip()) <= MOST_LETTERS)
    if len(words) < len(listed):
        raise _wrong(name, given, f"a list of texts of 1 to {MOST_LETTERS} letters")
    return words


def _object(given: object, name: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise _wrong(name, given, "an object")
    return cast("Mapping[str, Any]", given)


def _wrong(name: str, found: object, expected: str) -> WireError:
    return WireError(f"{name} is {shown(found)}; expected {expected}", code="invalid_value", param=name)
