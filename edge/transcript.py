"""What a recording became, and the formats it is written in."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass

from .errors import OptionError


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech between two timestamps; the fields are openai-whisper's."""

    id: int
    """Number within the transcript, from 0."""
    seek: int
    """Mel frame (of 10 ms) at which the window that it was read from begins."""
    start: float
    """Seconds from the beginning of the recording."""
    end: float
    text: str
    """As decoded, with the blank in front of the first word."""
    tokens: tuple[int, ...]
    """Token ids, timestamps included."""
    temperature: float
    avg_logprob: float
    """Mean log-probability of the window's tokens."""
    compression_ratio: float
    """Of the window's text under zlib; above 2.4 it repeats itself."""
    no_speech_prob: float
    """Probability, at the start of the window, that it holds no speech."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of the recording that could not be transcribed; what is before and after it could."""

    start: float
    """Seconds from the beginning of the recording."""
    end: float
    reason: str


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the time went, in seconds, and how much work it was."""

    load_s: float = 0.0
    """Opening the model."""
    audio_s: float = 0.0
    """Reading, decoding and resampling the recording."""
    features_s: float = 0.0
    encode_s: float = 0.0
    decode_s: float = 0.0
    total_s: float = 0.0
    """From the first sample to the last word, without `load_s`."""
    n_windows: int = 0
    n_tokens: int = 0
    """Tokens decoded, including those that were discarded."""
    n_second_looks: int = 0
    """Windows decoded again in full context, because what the tail gave was in doubt."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of a recording."""

    text: str
    language: str
    """Code of the language spoken, given or detected."""
    segments: tuple[Segment, ...]
    duration: float
    """Length of the recording in seconds."""
    timing: Timing
    gaps: tuple[Gap, ...] = ()
    """What is missing."""


def write_transcript(transcript: Transcript, format: str) -> str:
    """The transcript as "txt", "srt", "vtt" or "json", ending in a line break unless it is empty."""
    if format not in _WRITERS:
        raise OptionError(f"unknown transcript format {format!r}; expected {', '.join(_WRITERS)}")
    return _WRITERS[format](transcript)


def format_time(seconds: float, *, decimal_mark: str) -> str:
    """Hours, minutes, seconds and milliseconds as subtitles write them: 00:01:02,500."""
    total_ms = round(seconds * 1000)
    minutes, milliseconds = divmod(total_ms, 60_000)
    clock = f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}"
    return f"{clock}{decimal_mark}{milliseconds % 1000:03d}"


def _txt(transcript: Transcript) -> str:
    return "".join(f"{segment.text.strip()}\n" for segment in transcript.segments)


def _srt(transcript: Transcript) -> str:
    return "".join(
        f"{number}\n{_times(segment, ',')}\n{_cue(segment.text)}\n\n"
        for number, segment in enumerate(transcript.segments, start=1)
    )


def _vtt(transcript: Transcript) -> str:
    cues = (f"{_times(segment, '.')}\n{_vtt_cue(segment.text)}\n\n" for segment in transcript.segments)
    return "WEBVTT\n\n" + "".join(cues)


def _json(transcript: Transcript) -> str:
    return json.dumps(dataclasses.asdict(transcript), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _times(segment: Segment, decimal_mark: str) -> str:
    start, end = (format_time(time, decimal_mark=decimal_mark) for time in (segment.start, segment.end))
    return f"{start} --> {end}"


def _cue(text: str) -> str:
    # A blank line would end the cue, and an arrow would look like its times.
    return " ".join(text.strip().splitlines()).replace("-->", "->")


def _vtt_cue(text: str) -> str:
    return _cue(text).replace("&", "&amp;").replace("<", "&lt;")


_WRITERS: dict[str, Callable[[Transcript], str]] = {"txt": _txt, "srt": _srt, "vtt": _vtt, "json": _json}

FORMATS = tuple(_WRITERS)
"""The formats that `write_transcript` knows."""
