"""What a recording becomes, part by part: words, segments, and where the time went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A word and when it is spoken."""

    start: float
    """Seconds from the beginning of the recording."""
    end: float
    text: str
    """Text with the blank in front of it, if there is one, and its punctuation: a segment's words make up its text."""
    probability: float
    """Probability that the word is right, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of several readings of a segment."""

    text: str
    """Text as decoded, with the blank in front of the first word."""
    score: float
    """Rank that the search gave the reading of the whole window that it comes from: higher is better."""
    avg_logprob: float
    """Mean log-probability of that window's tokens."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How Whisper came to a segment; the fields are openai-whisper's, and ours beside them."""

    seek: int
    """Mel frame (of 10 ms) at which the window begins that the segment was read from."""
    tokens: tuple[int, ...]
    """Token ids, timestamps included."""
    temperature: float
    avg_logprob: float
    """Mean log-probability of the window's tokens."""
    compression_ratio: float
    """Factor by which zlib makes the window's text smaller; above 2.4 it repeats itself."""
    no_speech_prob: float
    """Probability, at the start of the window, that it holds no speech."""
    token_probabilities: tuple[float, ...] = ()
    """Probability that each token is right, 0 to 1, aligned with `tokens`."""
    alternatives: tuple[Alternative, ...] = ()
    """Best readings, where asked for: this one first, then others by score, all different texts."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech and its words: what any recognizer can give."""

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
    """Who speaks, where that is told apart."""
    original: str | None = None
    """Text before it was corrected, where it was."""
    decoding: Decoding | None = None
    """How a Whisper model came to the text; None of other models."""


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
    words_s: float = 0.0
    """Placing words in time, where that was asked for."""
    n_windows: int = 0
    """Windows encoded, second looks included."""
    n_tokens: int = 0
    """Tokens of the texts that were found, those that were discarded included."""
    n_second_looks: int = 0
    """Windows decoded again in full context, because what the tail gave was in doubt."""
    n_fallbacks: int = 0
    """Windows drawn at higher temperatures, because the likeliest text repeated itself or was a guess."""
