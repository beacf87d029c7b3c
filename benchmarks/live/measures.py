"""Measures of live text: latency of words, what changes, and what is final, beside the transcript of the recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from edge.audio import SAMPLE_RATE_HZ
from edge.bench.play import Heard
from edge.live.evidence import letters_of
from edge.transcript.events import Final, Partial, Silence, Speech, Stable
from edge.transcript.types import Word


@dataclass(slots=True)
class Measures:
    """Sums over recordings."""

    stable_latency: list[float] = field(default_factory=list)
    """Seconds from the end of each word, as the whole transcript has it, to when it was stable."""
    first_shown: list[float] = field(default_factory=list)
    """Seconds from the end of each word to when it was first shown."""
    final_late: list[float] = field(default_factory=list)
    """Seconds from when an end was certain to its final text."""
    shown: int = 0
    """Number of words that were shown before they were stable, each time they were shown."""
    shown_changed: int = 0
    """Number of those that are not in the text at last."""
    stable: int = 0
    """Number of stable words."""
    stable_kept: int = 0
    """Number of stable words that are in the final text."""
    broken: int = 0
    """Number of times that a text that was shown did not begin with what was stable."""


@dataclass(frozen=True, slots=True)
class _Shown:
    at: float
    n_stable_words: int
    words: tuple[str, ...]
    """Words behind the stable ones."""


def stable_text(heard: Sequence[Heard]) -> str:
    """Join what was stable; nothing of it was ever taken back."""
    return "".join(one.event.text for one in heard if isinstance(one.event, Stable)).strip()


def final_text(heard: Sequence[Heard]) -> str:
    """Join what was final."""
    return "".join(one.event.segment.text for one in heard if isinstance(one.event, Final)).strip()


def final_spans(heard: Sequence[Heard]) -> list[tuple[int, int, str]]:
    """List the spans that were read as a whole, in samples, and their texts."""
    spans, start, text = [], 0.0, ""
    for one in heard:
        if isinstance(one.event, Speech):
            start, text = one.event.start, ""
        elif isinstance(one.event, Final):
            text += one.event.segment.original or one.event.segment.text
        elif isinstance(one.event, Silence):
            spans.append((round(start * SAMPLE_RATE_HZ), round(one.event.start * SAMPLE_RATE_HZ), text))
    return spans


def measure(measures: Measures, heard: Sequence[Heard], spoken: Sequence[Word]) -> None:
    """Add what was heard of a recording, in whose transcript the words `spoken` have their times."""
    words, times = _stable_words(heard)
    letters, expected = [letters_of(word) for word in words], [letters_of(word.text) for word in spoken]
    final = [letters_of(word) for word in final_text(heard).split()]
    measures.stable += len(letters)
    measures.stable_kept += len(pairs(final, letters))
    showings = _showings(heard, measures)
    first: dict[int, float] = {}
    for showing in showings:
        at = showing.n_stable_words
        for offset, word in enumerate(showing.words):
            measures.shown += 1
            agrees = at + offset < len(letters) and letters[at + offset] == letters_of(word)
            measures.shown_changed += not agrees
            if agrees:
                first.setdefault(at + offset, showing.at)
    for i, j in pairs(expected, letters):
        measures.stable_latency.append(times[j] - spoken[i].end)
        measures.first_shown.append(min(first.get(j, times[j]), times[j]) - spoken[i].end)
    measures.final_late += [one.late for one in heard if isinstance(one.event, Silence)]


def _stable_words(heard: Sequence[Heard]) -> tuple[list[str], list[float]]:
    """List the stable words, and when each was."""
    words: list[str] = []
    times: list[float] = []
    for one in heard:
        if isinstance(one.event, Stable):
            for word in one.event.text.split():
                if letters_of(word):
                    words.append(word)
                    times.append(one.at)
    return words, times


def _showings(heard: Sequence[Heard], measures: Measures) -> list[_Shown]:
    """List what was shown behind the stable words, each time."""
    found: list[_Shown] = []
    n_stable, stable, began_at, ended_at = 0, "", -1.0, -1.0
    carries = False  # whether stable words were carried over a cut, and which is not known yet
    for one in heard:
        event = one.event
        if isinstance(event, Speech):
            stable, carries = "", event.start == ended_at or ended_at < began_at
            began_at = event.start
        elif isinstance(event, Silence):
            ended_at = event.start
        elif isinstance(event, Stable):
            n_stable += sum(bool(letters_of(word)) for word in event.text.split())
            stable += event.text
        elif isinstance(event, Partial):
            if carries:
                stable, carries = event.text[: event.n_stable], False
            measures.broken += not event.text.startswith(stable) or event.n_stable != len(stable)
            words = [word for word in event.text[event.n_stable :].split() if letters_of(word)]
            found.append(_Shown(one.at, n_stable, tuple(words)))
    return found


def pairs(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    """Pair the equal words of two texts."""
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return [(block.a + k, block.b + k) for block in blocks for k in range(block.size)]
