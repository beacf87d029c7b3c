"""Push to talk: of all sound, what is said between two presses of a key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ...arrays import FloatArray
from ...audio.mono import SAMPLE_RATE_HZ
from ...gaps import Gap
from ...transcript.events import Event, Silence

_UNHEARD = "nobody pressed the key"


def talked(
    pieces: Iterable[FloatArray | Gap], n_pressed: Callable[[], int], on_change: Callable[[bool], object]
) -> Iterator[FloatArray | Gap]:
    """Yield the pieces between two presses; in place of others, and behind an utterance, stand gaps of a kind.

    `n_pressed` counts presses since it was asked last, and `on_change` is told whether somebody talks.
    """
    position = since = 0  # samples
    is_talking = False
    on_change(False)
    for piece in pieces:
        turns = n_pressed() % 2 == 1
        if turns and not is_talking and position > since:
            yield _unheard(since, position)
        if is_talking or turns:
            yield piece
        position += _n_samples(piece)
        if not turns:
            continue
        is_talking, since = not is_talking, position
        if not is_talking:
            yield _unheard(position, position)
        on_change(is_talking)


def as_said(event: Event) -> Event | None:
    """Return an event as it is told: a gap behind an utterance is silence, and others of that kind are nothing."""
    if not isinstance(event, Gap) or event.reason != _UNHEARD:
        return event
    return Silence(event.start) if event.end == event.start else None


def _unheard(start: int, stop: int) -> Gap:
    return Gap(start / SAMPLE_RATE_HZ, stop / SAMPLE_RATE_HZ, _UNHEARD)


def _n_samples(piece: FloatArray | Gap) -> int:
    if isinstance(piece, Gap):
        return max(0, round((piece.end - piece.start) * SAMPLE_RATE_HZ))
    return len(piece)
