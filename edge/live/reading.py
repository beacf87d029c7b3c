"""Reads a turn while it goes on: which of its words are stable, and which are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..arrays import FloatArray
from ..audio.mono import SAMPLE_RATE_HZ
from ..transcript.events import Event, Partial, Stable
from .evidence import Agreement, Weights, count_shown, count_stable, rest_after
from .options import Grade
from .passes import HeardWord, Pass, PassReader


class TurnReading:
    """The words of one turn, as far as they are read."""

    def __init__(self, reader: PassReader, start: int, grade: Grade, weights: Weights) -> None:
        """Begin at sample `start` of the stream."""
        self._reader = reader
        self.start = start
        self.fed = start
        """Sample up to which the reader was fed."""
        self.read = start
        """Sample up to which the turn was read last."""
        self._grade: Grade = grade
        self._weights = weights
        self._agreement = Agreement()
        self._kept: tuple[HeardWord, ...] = ()  # stable; the signs behind the last one are not
        self._n_stable = 0  # characters
        self._last: Pass | None = None

    def feed(self, samples: FloatArray) -> None:
        """Take the next samples (n_samples,)."""
        self.fed += len(samples)
        self._reader.feed(samples)

    @property
    def stable(self) -> list[str]:
        """Words that are stable."""
        return [word.said for word in self._kept]

    def look(self, heard_s: float) -> list[Event]:
        """Read all that was fed, of which `heard_s` sound like speech."""
        self.read = self.fed
        found = self._reader.read(self._kept, heard_s)
        if not found.is_believed:
            self._agreement.forget()
            return []
        self._agreement.update(found)
        self._last = found
        n_stable = count_stable(found, len(self._kept), self._agreement, self._grade, self._weights)
        events = self._keep(found.words[:n_stable])
        n_shown = count_shown(found, n_stable, self._agreement, self._weights)
        return [*events, self._shown(found.words[:n_shown])]

    def settle(self, text: str, *, ended: bool, before: Sequence[str] = ()) -> list[Event]:
        """Take the text that was read in a pause: all its words are stable, and where the turn has `ended`, its signs.

        Words that were stable already stay as they are; the text begins with those of the turns `before`.
        """
        words = self._reader.words(text, self._seconds(self.fed))
        at = rest_after([*before, *self.stable], [word.said for word in words])
        kept = self._kept
        if kept and at:
            kept = (*kept[:-1], replace(kept[-1], signs=words[at - 1].signs, sign_tokens=words[at - 1].sign_tokens))
        settled = (*kept, *words[at:])
        self._agreement.forget()
        return [*self._keep(settled, ended=ended), *([] if ended else [self._shown(settled)])]

    def cut(self, at: int, reader: PassReader) -> tuple[list[Event], TurnReading]:
        """End the turn at a sample; gives what is stable with that, and the reading of the turn that begins there."""
        words = self._last.words if self._last is not None else self._kept
        words = words if len(words) >= len(self._kept) else self._kept
        at_s = self._seconds(at)
        n_before = sum((word.start + word.end) / 2 < at_s for word in words)
        events = self._keep(words[:n_before], ended=True) if n_before >= len(self._kept) else []
        following = TurnReading(reader, at, self._grade, self._weights)
        following._kept = tuple(
            replace(word, start=word.start - at_s, end=word.end - at_s) for word in self._kept[n_before:]
        )
        following._n_stable = len("".join(word.said + word.signs for word in following._kept[:-1]))
        following._n_stable += len(following._kept[-1].said) if following._kept else 0
        self.close()
        return events, following

    def close(self) -> None:
        """Give back what the reader uses."""
        self._reader.close()

    def _keep(self, words: Sequence[HeardWord], *, ended: bool = False) -> list[Event]:
        """Make words stable, which begin with those that are; the signs behind the last one only at the end."""
        new = words[len(self._kept) :]
        if not new and not ended:
            return []
        text = "".join(word.said + word.signs for word in words)
        if words and not ended:
            text = text.removesuffix(words[-1].signs)
        self._kept = tuple(words)
        added, self._n_stable = text[self._n_stable :], len(text)
        if not added.strip():
            return []
        first = new[0] if new else words[-1]
        return [Stable(self._at(first.start), self._at(words[-1].end), added)]

    def _shown(self, words: Sequence[HeardWord]) -> Partial:
        text = "".join(word.said + word.signs for word in words)
        return Partial(self.start / SAMPLE_RATE_HZ, self.fed / SAMPLE_RATE_HZ, text, self._n_stable)

    def _seconds(self, sample: int) -> float:
        return (sample - self.start) / SAMPLE_RATE_HZ

    def _at(self, seconds: float) -> float:
        return round(self.start / SAMPLE_RATE_HZ + seconds, 2)
