"""What a run came to, in a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...gaps import Cause, Gap
from ...transcript.transcript import Transcript

_MOST_NAMES = 5
_MOST_GAPS = 5
_SILENT_PEAK = 0.01
"""Peak below which a recording is as good as silent: 40 dB below full scale."""

_CAUSES: dict[Cause, str] = {
    "damage": "damaged",
    "failure": "failed",
    "unread": "speech without words",
    "lost": "not heard",
}


@dataclass(slots=True)
class Tally:
    """The recordings of a run and what became of them."""

    n_given: int
    n_done: int = 0
    n_skipped: int = 0
    failed: list[str] = field(default_factory=list)
    """Names of the recordings that failed."""
    torn: list[str] = field(default_factory=list)
    """Names of the recordings that are done, but with something missing."""
    audio_s: float = 0.0
    """Seconds of audio that were transcribed."""
    work_s: float = 0.0
    """Seconds that transcribing it took."""

    def add(self, name: str, transcript: Transcript) -> None:
        """Count a recording that is done."""
        if not transcript.is_complete:
            self.torn.append(name)
        self.n_done += 1
        self.audio_s += transcript.duration
        self.work_s += transcript.timing.total_s

    @property
    def n_left(self) -> int:
        """Number of recordings that are still to be done."""
        return self.n_given - self.n_done - self.n_skipped - len(self.failed)


def summary_line(tally: Tally) -> str:
    """Say how many recordings are done, skipped, failed and left, what is not whole, and how fast it went."""
    parts = [f"{tally.n_done} of {tally.n_given} recordings transcribed"]
    if tally.n_skipped:
        parts.append(f"{tally.n_skipped} skipped, done before")
    if tally.torn:
        parts.append(f"{len(tally.torn)} with something missing ({_names(tally.torn)})")
    if tally.failed:
        parts.append(f"{len(tally.failed)} failed ({_names(tally.failed)})")
    if tally.n_left:
        parts.append(f"{tally.n_left} left")
    if tally.n_done:
        parts.append(f"{_length(tally.audio_s)} of audio in {_length(tally.work_s)}{_speed(tally)}")
    return "; ".join(parts)


def wordless_line(name: str, transcript: Transcript) -> str | None:
    """Say that a recording which is not silent has no words; None where it has some, or gaps say so already."""
    if transcript.text or transcript.gaps or transcript.peak < _SILENT_PEAK:
        return None
    level_db = 20 * math.log10(transcript.peak)
    return (
        f"{name}: no words were found in {_length(transcript.duration)} of sound, whose loudest sample is at "
        f"{level_db:.0f} dB of full scale; if somebody speaks there, try another --model, or --no-vad"
    )


def gaps_line(name: str, gaps: Sequence[Gap]) -> str:
    """Say what is missing of a recording, where, and why, on a line."""
    stretches = "1 stretch is" if len(gaps) == 1 else f"{len(gaps)} stretches are"
    seconds = sum(gap.end - gap.start for gap in gaps)
    of_unknown = any(gap.end <= gap.start for gap in gaps)
    length = f"{seconds:.1f} s{' and more' if of_unknown else ''}" if seconds else "nobody can tell how long"
    more = len(gaps) - _MOST_GAPS
    told = "; ".join(map(gap_words, gaps[:_MOST_GAPS])) + (f"; and {more} more" if more > 0 else "")
    return f"{name}: {stretches} missing ({length}): {told}"


def gap_words(gap: Gap) -> str:
    """Say where something is missing, and why."""
    where = f"{gap.start:.2f} to {gap.end:.2f} s" if gap.end > gap.start else f"at {gap.start:.2f} s"
    return f"{where}, {_CAUSES[gap.cause]}: {gap.reason}"


def correction_lines(transcript: Transcript) -> list[str]:
    """Say what was corrected, a line for each correction: where, from what to what, and how many nats spoke for it."""
    return [
        f"{segment.start:8.2f} s: {one.before.strip() or '(nothing)'} -> {one.after.strip() or '(nothing)'}  "
        f"({', '.join(f'{name} {nats:+.1f}' for name, nats in one.evidence.items())})"
        for segment in transcript.segments
        for one in segment.corrections
    ]


def timing_line(name: str, transcript: Transcript) -> str:
    """Say where the time of one transcription went, on a line."""
    timing = transcript.timing
    speed = transcript.duration / timing.total_s if timing.total_s else 0.0
    steps: tuple[tuple[str, float], ...] = (
        ("load", timing.load_s),
        ("audio", timing.audio_s),
        ("features", timing.features_s),
        ("encode", timing.encode_s),
        ("decode", timing.decode_s),
    )
    if timing.correct_s:
        steps += (("correct", timing.correct_s),)
    if timing.words_s:
        steps += (("words", timing.words_s),)
    again = f", looked at again {timing.n_second_looks}" if timing.n_second_looks else ""
    again += f", drawn again {timing.n_fallbacks}" if timing.n_fallbacks else ""
    parts = ", ".join(f"{step} {seconds * 1000:.0f} ms" for step, seconds in steps)
    return (
        f"{name}: {transcript.duration:.1f} s of audio in {timing.total_s:.2f} s ({speed:.1f} x real time): "
        f"{parts}; windows {timing.n_windows}, tokens {timing.n_tokens}{again}"
    )


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _speed(tally: Tally) -> str:
    return f" ({tally.audio_s / tally.work_s:.1f} x real time)" if tally.work_s else ""


def _length(seconds: float) -> str:
    """Write a length of time, such as 4.2 s or 1:02:03."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
