"""What a recording became."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from ..gaps import Gap


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
    language_probabilities: dict[str, float] = field(default_factory=dict)
    """Where the language was detected: of those to choose among, or of all of 1 % or more; the likeliest first."""
    peak: float = 0.0
    """The loudest sample; 1 is full scale."""
    gaps: tuple[Gap, ...] = ()
    """What is missing, in order."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing: all of the recording could be read, and all speech in it became words."""
        return not self.gaps

    def render(
        self, format: str = "txt", *, max_line_width: int | None = None, max_line_count: int | None = None
    ) -> str:
        """The transcript as "txt", "srt", "vtt", "json", "jsonl", "tsv", "lrc" or "csv".

        Args:
            format: json has the keys of openai-whisper; tsv and csv give milliseconds.
            max_line_width: most columns of a line of subtitles (srt, vtt, lrc); None leaves a segment on one line.
            max_line_count: most lines of a cue; longer segments become several cues.

        Raises:
            OptionError: there is no such format, or the limits make no sense.
        """
        from .formats import render
        from .options import OutputOptions

        return render(self, format, OutputOptions(max_line_width, max_line_count))

    def write(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,
        *,
        max_line_width: int | None = None,
        max_line_count: int | None = None,
    ) -> None:
        """Write what `render` gives to a file, as UTF-8, whole or not at all; without `format` the suffix names it.

        Raises:
            OptionError: there is no such format, or the limits make no sense.
            OSError: the file cannot be written; one that was there is still there.
        """
        from .formats import write
        from .options import OutputOptions

        write(self, Path(path), format, OutputOptions(max_line_width, max_line_count))
