"""Joins segments that were read apart though nobody paused between them; a language model tells how.

A segment that such a joint may follow is held until it is known what does; events keep their order.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import replace
from typing import Self

from ..errors import CancelledError
from ..transcript.events import End, Event, Final, Partial, Speech
from ..transcript.types import Correction, Segment
from .joints import Joint, mend, signs_of
from .pace import Pace
from .witnesses import LanguageModel

_LOG = logging.getLogger("edge.correct")

PAUSE_S = 0.7
"""Seconds of silence that are a pause: what follows may well be a sentence of its own."""
_LEAST_WORDS = 3
"""Words of a turn that still goes on which tell how it is joined to the one before."""


class Joiner:
    """A joiner of the segments of one recording, through which all its events go."""

    def __init__(
        self, model: LanguageModel, *, budget_s: float | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Begin; a joint that would take more than `budget_s` stays as it was read."""
        self._model: LanguageModel | None = model
        self._pace = Pace(budget_s, clock)
        self._clock = clock
        self._held: list[Event] = []  # a segment that may change yet, and what came after it
        self._opening: Joint | None = None  # how the next segment begins, where that is known before it
        self._note = ""
        self._seconds = 0.0

    def copy(self) -> Self:
        """Return a joiner that goes on from here on its own."""
        twin = copy(self)
        twin._held = list(self._held)
        return twin

    def pass_on(self, events: Iterable[Event]) -> list[Event]:
        """Take events, and give those that are sure by now, with their joints mended."""
        return [each for event in events for each in self._take(event)]

    def release(self) -> list[Event]:
        """Give what is held, for nothing follows it that it could be joined to."""
        held, self._held = self._held, []
        return held

    def _take(self, event: Event) -> list[Event]:
        if isinstance(event, Final):
            return self._take_final(event)
        if isinstance(event, End):
            return [*self.release(), self._told(event)]
        if isinstance(event, Partial) and len(event.text.split()) >= _LEAST_WORDS and self._goes_on():
            self._opening = self._join(event.start, event.text)
            return [*self.release(), event]
        if self._held:
            self._held.append(event)
            return []
        return [event]

    def _take_final(self, event: Final) -> list[Event]:
        segment, opening = event.segment, self._opening
        self._opening = None
        if opening is None and self._held and self._is_joint(segment):
            opening = self._join(segment.start, segment.text)
        sure = self.release()
        self._held = [Final(segment if opening is None else _begun(segment, opening))]
        return sure

    def _goes_on(self) -> bool:
        """Whether a turn has begun since the segment that is held."""
        return any(isinstance(event, Speech) for event in self._held)

    def _is_joint(self, behind: Segment) -> bool:
        """Whether a segment was read apart from the one that is held, and both are believed."""
        one, other = self._before.decoding, behind.decoding
        if one is None or other is None or one.seek == other.seek:
            return False
        return not one.temperature and not other.temperature and behind.language == "en"

    def _join(self, start: float, text: str) -> Joint | None:
        """Mend the joint of the segment that is held and a text; gives how the text begins, where that changes."""
        before = self._before
        if start - before.end >= PAUSE_S or before.language != "en":
            return None
        joint = self._asked(before.text, text)
        if joint is not None:
            self._held[0] = Final(_ended(before, joint))
        return joint

    @property
    def _before(self) -> Segment:
        event = self._held[0]
        assert isinstance(event, Final)
        return event.segment

    def _asked(self, before: str, behind: str) -> Joint | None:
        model = self._model
        if model is None:
            return None
        began = self._clock()
        self._pace.begin()
        try:
            return self._pace.ask("joint", 1, lambda: mend(before, behind, model))
        except CancelledError:
            raise
        except Exception as error:  # whatever it is, the text stays as it was
            _LOG.warning("joints could not be judged: %s", error)
            self._note = f"joints could not be judged: {type(error).__name__}: {error}"
            self._model = None
            return None
        finally:
            self._seconds += self._clock() - began

    def _told(self, end: End) -> End:
        notes = (*end.notes, self._note) if self._note else end.notes
        return replace(end, timing=replace(end.timing, correct_s=end.timing.correct_s + self._seconds), notes=notes)


def _ended(segment: Segment, joint: Joint) -> Segment:
    """Write the signs at the end of a segment as they are at a joint."""
    last = segment.text.split()[-1]
    signs = signs_of(last)
    return _changed(segment, -1, last, last[: len(last) - len(signs)] + joint.signs, joint.nats)


def _begun(segment: Segment, joint: Joint) -> Segment:
    """Write the first word of a segment as it is behind a joint, where it is that word."""
    first = segment.text.split()[0]
    return _changed(segment, 0, first, joint.first, joint.nats) if first.lower() == joint.first.lower() else segment


def _changed(segment: Segment, which: int, was: str, becomes: str, nats: float) -> Segment:
    """Write the first (0) or last (-1) word of a segment anew, unless it was put in by a correction."""
    original = segment.text if segment.original is None else segment.original
    if was == becomes or not original.split() or original.split()[which] != was:
        return segment
    start = original.index(was) if which == 0 else original.rindex(was)
    change = Correction(start, start + len(was), was, becomes, {"lm": round(nats, 2)})
    words = list(segment.words)
    if words:
        words[which] = replace(words[which], text=_put(words[which].text, which, was, becomes))
    return replace(
        segment,
        text=_put(segment.text, which, was, becomes),
        words=tuple(words),
        original=original,
        corrections=tuple(sorted((*segment.corrections, change), key=lambda one: one.start)),
    )


def _put(text: str, which: int, was: str, becomes: str) -> str:
    """Replace a word at the beginning or the end of a text."""
    at = text.find(was) if which == 0 else text.rfind(was)
    return text if at < 0 else text[:at] + becomes + text[at + len(was) :]
