"""The parts of a transcript: words, segments, and where the time went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Word:
    """A word, with the time in which it is spoken."""

    start: float
    """Seconds from the beginning of the recording."""
    end: float
    text: str
    """Text with its punctuation and the blank in front of it, if there is one: joined, the words give a segment's
    text."""
    probability: float
    """Probability that the word is correct, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of several readings of a segment."""

    text: str
    """Text as decoded, with the blank in front of the first word."""
    score: float
    """Score that the search gave to the whole window that the reading comes from: higher is better."""
    avg_logprob: float
    """Mean log-probability of that window's tokens."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Words that were put in the place of those that were read, and what spoke for them."""

    start: int
    """Place of the first character that was replaced, in the text as it was read (`Segment.original`)."""
    end: int
    """Place behind the last one; equal to `start` where words were only put in."""
    before: str
    after: str
    evidence: Mapping[str, float] = field(default_factory=dict)
    """Nats by which each witness finds the text likelier with this correction than without it."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """Diagnostics of how Whisper came to a segment; the fields are openai-whisper's, and our own in addition."""

    seek: int
    """Mel frame (of 10 ms) that begins the window from which the segment was read."""
    tokens: tuple[int, ...]
    """Token ids, timestamps included."""
    temperature: float
    avg_logprob: float
    """Mean log-probability of the window's tokens."""
    compression_ratio: float
    """Factor by which zlib shrinks the window's text; text above 2.4 repeats itself."""
    no_speech_prob: float
    """Probability, at the start of the window, that it holds no speech."""
    token_probabilities: tuple[float, ...] = ()
    """Probability that each token is correct, 0 to 1, aligned with `tokens`."""
    alternatives: tuple[Alternative, ...] = ()
    """Best readings, where asked for: first this one, then others by score, no two with the same text."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech with its words: what any recognizer can give."""

    id: int
    """Number within the transcript, from 0."""
    start: float
    """Seconds from the beginning of the recording."""
    end: float
    """Seconds from the beginning of the recording."""
    text: str
    """Text as decoded, with the blank in front of the first word."""
    words: tuple[Word, ...] = ()
    """Words and their times; empty unless they were asked for."""
    language: str = "en"
    """Code of the language that is spoken."""
    speaker: str | None = None
    """Name of the speaker, where speakers are told apart."""
    original: str | None = None
    """Text before it was corrected; None where it was not."""
    corrections: tuple[Correction, ...] = ()
    """Corrections that led from `original` to `text`, in order."""
    decoding: Decoding | None = None
    """Diagnostics of how a Whisper model came to the text; None for other models."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Times that the work took, in seconds, and counts of what was done."""

    load_s: float = 0.0
    """Seconds spent on opening the model."""
    audio_s: float = 0.0
    """Seconds spent on reading, decoding and resampling the recording."""
    features_s: float = 0.0
    encode_s: float = 0.0
    decode_s: float = 0.0
    total_s: float = 0.0
    """Seconds from the first sample to the last word, without `load_s`."""
    correct_s: float = 0.0
    """Seconds spent on corrections, where these were asked for."""
    words_s: float = 0.0
    """Seconds spent on placing words in time, where that was asked for."""
    n_windows: int = 0
    """Number of windows encoded, second looks included."""
    n_tokens: int = 0
    """Number of tokens in the texts that were found, discarded ones included."""
    n_second_looks: int = 0
    """Number of windows decoded again in full context, because the result of the short tail was in doubt."""
    n_fallbacks: int = 0
    """Number of windows drawn at higher temperatures, because the likeliest text repeated itself or was a guess."""
