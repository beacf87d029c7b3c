"""Options of how a recording is read."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import AudioError, OptionError
from ..values import optional, real


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options of how to read one recording."""

    track: int | None = None
    """Audio track to read, counted from 1; None takes the one marked as the default, else the first."""
    raw: bool = False
    """Whether the bytes are raw 16 kHz s16le PCM, whatever they look like."""
    block_s: float | None = None
    """Seconds of a block, at most, where sound is wanted as it comes; None reads long blocks, which costs less."""

    def __post_init__(self) -> None:
        """Refuse what cannot be the number of a track, or the length of a block."""
        optional(real, "block_s", self.block_s, 0.001, 60.0, "seconds, 0.001 to 60, or None")
        if self.track is not None and (type(self.track) is not int or self.track < 1):
            raise OptionError(f"track is {self.track!r}; expected a whole number from 1 on, or None for the default")

    def check_only_track(self, name: str) -> None:
        """Refuse a recording that has a single track where another than the first is wanted."""
        if self.track not in (None, 1):
            raise AudioError(f"{name} has no audio track {self.track}: it has a single track; leave --track out")


AS_IT_COMES = ReadOptions()
"""Options that leave it to the first bytes of the recording to show what it is."""
