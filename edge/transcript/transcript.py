"""A transcript: the words of a recording, and what is missing of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from ..gaps import Gap
from .types import Segment, Timing


@dataclass(frozen=True, slots=True)
class Transcript:
    """Words of a recording."""

    text: str
    language: str
    """Code of the language spoken, given or detected."""
    segments: tuple[Segment, ...]
    duration: float
    """Length of the recording in seconds."""
    timing: Timing
    language_probabilities: dict[str, float] = field(default_factory=dict)
    """Probabilities where the language was detected: of those to choose among, else of all with 1 % or more. The
    likeliest comes first."""
    peak: float = 0.0
    """Magnitude of the loudest sample; 1 is full scale."""
    gaps: tuple[Gap, ...] = ()
    """Stretches that are missing, in order."""
    notes: tuple[str, ...] = ()
    """Sentences about how the text was made, such as who was asked about words in doubt."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing: all of the recording could be read, and all speech in it became words."""
        return not self.gaps

    def render(
        self, format: str = "txt", *, max_line_width: int | None = None, max_line_count: int | None = None
    ) -> str:
        """Write the transcript as "txt", "srt", "vtt", "json", "jsonl", "tsv", "lrc" or "csv".

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
