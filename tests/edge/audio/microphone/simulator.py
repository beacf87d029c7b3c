"""A device that is simulated, whose every sample carries its own number, and whose clock does as it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from edge.arrays import FloatArray
from edge.audio.microphone.clock import Block, Clock, Heard
from edge.audio.microphone.pieces import Captured
from edge.audio.microphone.tape import Tape
from edge.gaps import Gap

RATE_HZ = 16000
_SCALE = np.float32(2**23)  # numbers up to here are exact as float32


@dataclass(slots=True)
class Simulated:
    """A device at 16 kHz; each sample that it makes is its number, divided by the scale."""

    block: int = 320
    speed: float = 1.0
    """Speed of the device's clock beside ours."""
    now: float = 1000.0
    heard: list[Heard] = field(default_factory=list)
    clock: Clock = field(default_factory=lambda: Clock(1000.0))
    _n_made: int = 0
    _waiting: list[FloatArray] = field(default_factory=list)

    def record(self, seconds: float, late: Iterable[float] = ()) -> None:
        """Sound comes as it should, but for each block as late as `late` says."""
        delays = iter(late)
        for _ in range(round(seconds * RATE_HZ / self.block)):
            self._make()
            self._deliver(next(delays, 0.0))

    def hold_up(self, seconds: float) -> None:
        """Sound is made, and waits in the system; then all of it comes at once."""
        for _ in range(round(seconds * RATE_HZ / self.block)):
            self._make()
        self._deliver()

    def lose(self, seconds: float, *, is_flagged: bool = False) -> None:
        """Sound is made, and nobody gets it."""
        n = round(seconds * RATE_HZ)
        self._n_made += n
        self.now += n / RATE_HZ / self.speed
        self._make()
        self._deliver(overflowed=is_flagged)

    def drop(self, n_blocks: int) -> None:
        """The ring is full for some blocks."""
        for _ in range(n_blocks):
            self._make()
        self._waiting = []
        self._make()
        self._deliver(n_dropped=n_blocks * self.block)

    def reopen(self, seconds: float) -> None:
        """The device goes for a time, and is opened anew."""
        self.heard += self.clock.begin("gone")
        self.lose(seconds)

    def end(self) -> list[Captured | Gap]:
        """The whole recording."""
        self.heard += self.clock.finish(self.now, "gone for good")
        tape = Tape()
        pieces = [piece for each in self.heard for piece in tape.feed(each)]
        return [*pieces, *tape.cut()]

    def _make(self) -> None:
        self._waiting.append(np.arange(self._n_made, self._n_made + self.block, dtype=np.float32)[:, None] / _SCALE)
        self._n_made += self.block
        self.now += self.block / RATE_HZ / self.speed

    def _deliver(self, late: float = 0.0, *, overflowed: bool = False, n_dropped: int = 0) -> None:
        for samples in self._waiting:
            self.heard += self.clock.feed(Block(samples, RATE_HZ, self.now + late, overflowed, n_dropped))
            overflowed, n_dropped = False, 0
        self._waiting = []


def check_balance(pieces: Iterable[Captured | Gap]) -> list[Gap]:
    """Check that pieces follow each other without a hole and that no sample is missing but in gaps; gives those."""
    gaps: list[Gap] = []
    end, following = 0, None
    for piece in pieces:
        if isinstance(piece, Gap):
            assert round(piece.start * RATE_HZ) == end
            end, following = round(piece.end * RATE_HZ), None
            gaps.append(piece)
        else:
            numbers = np.rint(piece.samples * _SCALE)
            assert piece.start == end
            assert following is None or numbers[0] == following
            assert (np.diff(numbers) == 1).all()
            end, following = piece.end, numbers[-1] + 1
    return gaps


def worst_place(pieces: Iterable[Captured | Gap]) -> int:
    """By how many samples a sample's index differs from its number, at worst."""
    return max(abs(round(float(p.samples[0] * _SCALE)) - p.start) for p in pieces if isinstance(p, Captured))
