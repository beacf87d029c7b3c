"""Pieces of sound that a session listens to: samples, gaps between them, and what gives both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias, runtime_checkable

from ..arrays import FloatArray
from ..gaps import Gap


@runtime_checkable
class SoundSource(Protocol):
    """A source of live sound, such as a microphone."""

    def sound(self) -> Iterator[FloatArray | Gap]:
        """Yield samples (n_samples,), mono at 16 kHz, and what is missing between them."""
        ...


SoundPieces: TypeAlias = "Iterable[FloatArray | Gap] | SoundSource"
"""Sound in pieces, or a source of them."""


def pieces_of(sound: SoundPieces) -> Iterable[FloatArray | Gap]:
    """Give the pieces of sound."""
    return sound.sound() if isinstance(sound, SoundSource) else sound
