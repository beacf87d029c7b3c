"""What a request for a transcription asks for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import OptionError
from ...languages import language_code
from ...lists import MOST_LETTERS
from ...options import TranscribeOptions
from ...values import shown

FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
GRANULARITIES = ("segment", "word")

_LIST_ITEM_WORDS = 4
_SENTENCE_END = re.compile(r"[.!?][\s\"')\]]*$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Request for a transcription."""

    settings: Mapping[str, Any]
    """Settings of the session."""
    format: str
    granularities: frozenset[str]
    """Parts that verbose_json has: segments, words."""
    logprobs: bool
    stream: bool


def wanted_of(fields: Mapping[str, Sequence[str]], task: str) -> Wanted:
    """Read the fields of a form; OptionError where one cannot be.

    Fields that are not known are passed over, for new ones come with each release of the clients.
    """
    format = _one(fields, "response_format", "json")
    if format not in FORMATS:
        raise OptionError(f"response_format is {shown(format)}; expected {', '.join(FORMATS)}")
    granularities = frozenset(
        (*fields.get("timestamp_granularities[]", ()), *fields.get("timestamp_granularities", ()))
    )
    for name in granularities:
        if name not in GRANULARITIES:
            raise OptionError(f"timestamp_granularities has {shown(name)}; expected {' or '.join(GRANULARITIES)}")
    included = (*fields.get("include[]", ()), *fields.get("include", ()))
    logprobs = "logprobs" in included
    settings: dict[str, Any] = {"task": task, **spoken_of(_one(fields, "language", ""), _one(fields, "prompt", ""))}
    temperature = _number("temperature", _one(fields, "temperature", "0"))
    if temperature > 0:
        settings["temperature"] = temperature
    if "word" in granularities or logprobs:
        settings["word_timestamps"] = True
    TranscribeOptions(**settings)
    is_stream = _one(fields, "stream", "false").lower() in ("true", "1")
    return Wanted(settings, format, granularities or frozenset(("segment",)), logprobs, is_stream)


def spoken_of(language: str, prompt: str) -> dict[str, Any]:
    """Turn a language and a prompt into settings: a prompt that lists names is a vocabulary, another one a context."""
    settings: dict[str, Any] = {}
    if language:
        settings["language"] = language_code(language)
    if prompt.strip():
        settings["initial_prompt"] = prompt
        if words := listed(prompt):
            settings["vocabulary"] = words
    return settings


def listed(prompt: str) -> tuple[str, ...]:
    """Return the names and terms of a prompt that is a list of them; nothing where it is prose."""
    items = [item.strip() for item in re.split(r"[,;\n]", prompt.strip().removesuffix("."))]
    is_list = all(len(item.split()) <= _LIST_ITEM_WORDS and not _SENTENCE_END.search(item) for item in items)
    kept = (item for item in items if 0 < len(item) <= MOST_LETTERS and any(map(str.isalnum, item)))
    return tuple(dict.fromkeys(kept)) if is_list else ()


def _one(fields: Mapping[str, Sequence[str]], name: str, default: str) -> str:
    given = fields.get(name, ())
    return given[-1] if given else default


def _number(name: str, written: str) -> float:
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise OptionError(f"{name} is {shown(written)}; expected a number from 0 to 1")
    return value
