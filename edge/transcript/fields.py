"""Writes transcripts as JSON: openai-whisper's keys, and our own in addition."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING, Any

from ..gaps import Gap
from ..harmless import harmless_json
from .events import End, Event, Final, Partial, Silence, Speech, Stable
from .types import Segment, Word

if TYPE_CHECKING:
    from .transcript import Transcript


_LIVE: dict[type, tuple[str, tuple[str, ...]]] = {
    Speech: ("speech", ("start",)),
    Partial: ("partial", ("start", "end")),
    Stable: ("stable", ("start", "end")),
    Silence: ("silence", ("start",)),
    Gap: ("gap", ("start", "end")),
    End: ("end", ("duration", "peak")),
}
"""Names of events, and their fields that are written in thousandths."""

_SEGMENT_KEYS = (
    *("id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob", "compression_ratio"),
    *(
        "no_speech_prob",
        "words",
        "token_probabilities",
        "language",
        "alternatives",
        "speaker",
        "original",
        "corrections",
    ),
)
"""Keys of a segment in JSON, in their order; openai-whisper's come first."""


def transcript_json(transcript: Transcript) -> str:
    """Write a transcript as a JSON object of several lines, which a reader of openai-whisper's files can read."""
    fields = {
        "text": transcript.text,
        "segments": _plain(transcript.segments),
        "language": transcript.language,
        **_facts(transcript),
    }
    return _dumps(fields, indent=2) + "\n"


def gaps_json(transcript: Transcript, file: str | None) -> str:
    """Write the gaps of a transcript as a JSON object of several lines, with the name of the recording."""
    fields = {"file": file, "duration": transcript.duration, "gaps": _plain(transcript.gaps)}
    return _dumps(fields, indent=2) + "\n"


def segment_event(segment: Segment, file: str | None) -> str:
    """Write a segment as a line of JSON, for when it is found."""
    return _event("segment", file, _plain(segment))


def end_event(transcript: Transcript, file: str | None) -> str:
    """Write the line of JSON that follows the last segment of a recording."""
    return _event("end", file, {"language": transcript.language, **_facts(transcript)})


def live_event(event: Event) -> str:
    """Write an event of a session as a line of JSON; a final one has the keys of a segment."""
    if isinstance(event, Final):
        return _event("final", None, _segment(event.segment))
    kind, times = _LIVE[type(event)]
    fields = _filled(event)
    fields.pop("timing", None)  # the same speech gives the same bytes
    return _event(kind, None, fields | {name: round(fields[name], 3) for name in times})


def error_event(message: str, file: str | None) -> str:
    """Write the line of JSON that ends a recording that failed."""
    return _event("error", file, {"message": message})


def _event(kind: str, file: str | None, fields: dict[str, Any]) -> str:
    name = {} if file is None else {"file": file}
    return _dumps({"event": kind, **name, **fields}) + "\n"


def _facts(transcript: Transcript) -> dict[str, Any]:
    """Collect the facts about a recording as a whole.

    How long it took is left out: the same speech gives the same bytes.
    """
    fields: dict[str, Any] = _plain(transcript)
    for name in ("text", "segments", "language", "timing", "peak"):
        fields.pop(name, None)  # an empty field may be absent
    return {**fields, "gaps": _plain(transcript.gaps)}  # present even where nothing is missing


def _plain(value: Any) -> Any:
    """Convert a value to what JSON can hold, without optional fields that are empty."""
    if isinstance(value, Segment):
        return _segment(value)
    if dataclasses.is_dataclass(value):
        fields = _filled(value)
        # The one name that differs: openai-whisper calls the text of a word "word".
        return {"word": fields.pop("text"), **fields} if isinstance(value, Word) else fields
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no such numbers, and no score is worth losing a transcript
    return value


def _filled(value: Any) -> dict[str, Any]:
    """Collect the fields of a dataclass, without optional ones that are empty."""
    return {
        field.name: _plain(getattr(value, field.name))
        for field in dataclasses.fields(value)
        if not _is_left_out(field, getattr(value, field.name))
    }


def _segment(segment: Segment) -> dict[str, Any]:
    """Convert a segment, with its decoding on the same level, to openai-whisper's keys in their order."""
    fields = _filled(segment)
    fields |= fields.pop("decoding", {})
    return {name: fields[name] for name in _SEGMENT_KEYS if name in fields}


def _is_left_out(field: dataclasses.Field[Any], value: Any) -> bool:
    is_optional = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
    return is_optional and (value is None or value == () or value == {})


def _dumps(value: dict[str, Any], indent: int | None = None) -> str:
    # File names may hold bytes that are not UTF-8, which Python keeps as lone surrogates; these are escaped as well.
    return harmless_json(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent))
