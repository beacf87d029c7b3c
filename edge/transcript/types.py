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
    """With the blank in front of it, if there is one, and its punctuation: a segment's words make up its text."""
    probability: float
    """That the word is right, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of several readings of a segment."""

    text: str
    """As decoded, with the blank in front of the first word."""
    score: float
    """How the search ranked the reading of the whole window that it comes from: higher is better."""
    avg_logprob: float
    """Mean log-probability of that window's tokens."""


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
    words: tuple[Word, ...] = ()
    """Empty unless words were asked for."""
    token_probabilities: tuple[float, ...] = ()
    """Of each of `tokens`, that it is right, 0 to 1."""
    language: str = "en"
    """Code of the language that the window was read in."""
    alternatives: tuple[Alternative, ...] = ()
    """The n best readings, where asked for: this one first, then others by score, all different texts."""


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
