"""Writes transcripts as OpenAI's clients read them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from ...gaps import Gap
from ...languages import LANGUAGES
from ...transcript.formats import render
from ...transcript.transcript import Transcript
from ...transcript.types import Segment, Word
from .wanted import Wanted

JSON = "application/json"
_TYPES = {"text": "text/plain; charset=utf-8", "srt": "application/x-subrip; charset=utf-8", "vtt": "text/vtt"}
_LEAST_PROBABILITY = 1e-9


def answer(transcript: Transcript, wanted: Wanted) -> tuple[str, str]:
    """Write a transcript; gives the text and its media type."""
    if wanted.format == "text":
        return f"{transcript.text}\n", _TYPES["text"]
    if wanted.format in _TYPES:
        return render(transcript, wanted.format), _TYPES[wanted.format]
    fields: dict[str, Any] = (
        verbose(transcript, wanted) if wanted.format == "verbose_json" else {"text": transcript.text}
    )
    if wanted.logprobs:
        fields["logprobs"] = logprobs(transcript.segments)
    return dumps({**fields, "usage": usage(transcript.duration)}), JSON


def verbose(transcript: Transcript, wanted: Wanted) -> dict[str, Any]:
    """Convert a transcript to the fields of verbose_json."""
    fields: dict[str, Any] = {
        "task": wanted.settings["task"],
        "language": LANGUAGES.get(transcript.language, transcript.language),
        "duration": round(transcript.duration, 3),
        "text": transcript.text,
    }
    if "segment" in wanted.granularities:
        fields["segments"] = [segment_json(segment) for segment in transcript.segments]
    if "word" in wanted.granularities:
        fields["words"] = [word for segment in transcript.segments for word in words_json(segment.words)]
    if transcript.gaps:
        fields["gaps"] = [_gap(gap) for gap in transcript.gaps]
    return fields


def usage(seconds: float) -> dict[str, Any]:
    """Return what was used: whole seconds of sound."""
    return {"type": "duration", "seconds": math.ceil(seconds)}


def words_json(words: Iterable[Word]) -> list[dict[str, Any]]:
    """Convert words, with the probability that each is right."""
    return [
        {
            "word": word.text.strip(),
            "start": round(word.start, 3),
            "end": round(word.end, 3),
            "probability": round(word.probability, 4),
        }
        for word in words
    ]


def logprobs(segments: Iterable[Segment]) -> list[dict[str, Any]]:
    """List the log-probability of each word; the unit is a word, not a token."""
    return [
        {
            "token": word.text,
            "bytes": list(word.text.encode()),
            "logprob": round(math.log(max(word.probability, _LEAST_PROBABILITY)), 6),
        }
        for segment in segments
        for word in segment.words
    ]


def segment_json(segment: Segment) -> dict[str, Any]:
    """Convert a segment to the keys that clients expect, whichever model it is of."""
    decoding = segment.decoding
    return {
        "id": segment.id,
        "seek": 0 if decoding is None else decoding.seek,
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "tokens": [] if decoding is None else list(decoding.tokens),
        "temperature": 0.0 if decoding is None else decoding.temperature,
        "avg_logprob": 0.0 if decoding is None else _finite(decoding.avg_logprob),
        "compression_ratio": 1.0 if decoding is None else _finite(decoding.compression_ratio),
        "no_speech_prob": 0.0 if decoding is None else _finite(decoding.no_speech_prob),
    }


def dumps(value: Any) -> str:
    """Write JSON; what is no number in JSON was replaced before."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _gap(gap: Gap) -> dict[str, Any]:
    return {"start": round(gap.start, 3), "end": round(gap.end, 3), "reason": gap.reason}


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
