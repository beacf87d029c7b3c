"""Items: what is found in live sound, told as turns of speech or as what the client commits, each with its text.

Deltas are made of stable text alone, and only add to what was told before. What is completed counts: it is what is
final, and may differ from its deltas.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from ...transcript.events import End, Event, Final, Partial, Silence, Speech, Stable
from ...transcript.types import Segment
from ..openai.answers import logprobs, segment_json, words_json
from .asked import LOGPROBS, PARTIAL, SEGMENTS
from .wire import Message, error_of

_BUFFER = "input_audio_buffer"
_TEXT = "conversation.item.input_audio_transcription"


class Items:
    """The items of one connection, in order."""

    def __init__(self) -> None:
        self._prefix = f"item_{secrets.token_hex(6)}"
        self._n_items = 0
        self._previous: str | None = None
        self._now: str | None = None  # item that is not completed
        self._is_committed = False
        self._begin_s = 0.0
        self._segments: list[Segment] = []
        self._has_text = False
        self._include: tuple[str, ...] = ()
        self._offset_s = 0.0
        self._has_turns = True
        self.n_ended = 0
        """Number of items that have their text, or will have none."""

    def begin_sound(self, offset_s: float, include: Sequence[str], *, has_turns: bool) -> None:
        """Take note that sound begins, `offset_s` after the connection's first; without turns all of it is an item."""
        self._offset_s, self._include, self._has_turns = offset_s, tuple(include), has_turns
        self._now = None
        if not has_turns:
            self._begin(0.0)

    def told(self, events: Sequence[Event]) -> list[Message]:
        """Return what is to be told of events."""
        return [message for event in events for message in self._told(event)]

    def committed(self) -> list[Message]:
        """Return what is to be told where the item is said to be whole."""
        if self._now is None or self._is_committed:
            return []
        self._is_committed = True
        return [{"type": f"{_BUFFER}.committed", "item_id": self._now, "previous_item_id": self._previous}]

    def failed(self, error: Exception) -> list[Message]:
        """Return what is to be told of an item that will have no text."""
        if self._now is None:
            return []
        told = self.committed()
        told.append({"type": f"{_TEXT}.failed", **self._named(), "error": error_of(error)})
        self._end()
        return told

    def empty(self) -> list[Message]:
        """Return what is to be told of an item in which nobody speaks."""
        self._begin(0.0)
        told = [*self.committed(), self._completed(0.0)]
        self._end()
        return told

    def drop(self) -> None:
        """Forget the item, of which nothing more is told."""
        self._now = None

    def _begin(self, at_s: float) -> None:
        self._n_items += 1
        self._now = f"{self._prefix}{self._n_items:04d}"
        self._begin_s, self._segments, self._has_text, self._is_committed = at_s, [], False, False

    def _told(self, event: Event) -> Iterator[Message]:
        if isinstance(event, Speech) and self._has_turns:
            self._begin(event.start)
            yield {"type": f"{_BUFFER}.speech_started", "item_id": self._now, "audio_start_ms": self._ms(event.start)}
        elif isinstance(event, Stable):
            if delta := event.text if self._has_text else event.text.lstrip():
                self._has_text = True
                yield {"type": f"{_TEXT}.delta", **self._named(), "delta": delta}
        elif isinstance(event, Partial):
            if PARTIAL in self._include:
                yield {"type": f"{_TEXT}.partial", **self._named(), "text": event.text.strip()}
        elif isinstance(event, Final):
            self._segments.append(event.segment)
        elif isinstance(event, Silence):
            if self._has_turns:
                yield from self._ended(event.start)
        elif isinstance(event, End):
            yield from self._ended(event.duration)

    def _ended(self, at_s: float) -> Iterator[Message]:
        if self._now is None:
            return
        if self._has_turns:
            yield {"type": f"{_BUFFER}.speech_stopped", "item_id": self._now, "audio_end_ms": self._ms(at_s)}
        yield from self.committed()
        yield self._completed(at_s)
        self._end()

    def _end(self) -> None:
        self._previous, self._now = self._now, None
        self.n_ended += 1

    def _completed(self, at_s: float) -> Message:
        found: dict[str, Any] = {
            "type": f"{_TEXT}.completed",
            **self._named(),
            "transcript": "".join(segment.text for segment in self._segments).strip(),
            "usage": {"type": "duration", "seconds": round(at_s - self._begin_s, 3)},
        }
        if LOGPROBS in self._include:
            found["logprobs"] = logprobs(self._segments)
        if SEGMENTS in self._include:
            found["segments"] = [self._segment(segment) for segment in self._segments]
        return found

    def _segment(self, segment: Segment) -> Message:
        whole = segment_json(segment)
        words = words_json(segment.words)
        for timed in (whole, *words):
            timed["start"] = round(timed["start"] + self._offset_s, 3)
            timed["end"] = round(timed["end"] + self._offset_s, 3)
        return {name: whole[name] for name in ("start", "end", "text")} | {"words": words}

    def _named(self) -> Message:
        return {"item_id": self._now, "content_index": 0}

    def _ms(self, seconds: float) -> int:
        return round(1000 * (self._offset_s + seconds))
