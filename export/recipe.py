"""What to make of a checkpoint."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from edge.whisper.file.roles import PRECISIONS, Precision

from .errors import CalibrationError

CALIBRATED: tuple[Precision, ...] = ("int8", "int4")
"""Precisions that lose less where the moments of a model's inputs are known."""

REDUCTIONS = (0.4, 0.25, 0.15)
"""Shares of the encoder's weights that are tried, where there is speech to recover with."""


@dataclass(frozen=True, slots=True)
class Variety:
    """Way in which what is compressed and trained hears recordings again, each time otherwise."""

    times: int = 0
    """Number of times after the first, at other speeds and levels."""
    rooms: tuple[Path, ...] = ()
    """Recordings of rooms' impulse responses, in which a part of the speech is heard then."""
    noises: tuple[Path, ...] = ()
    """Recordings of noise without words, in which a part is heard."""

    def check(self, *, trains: bool) -> None:
        """Refuse what has no use: nothing is varied unless a model is compressed or trained, and again.

        Raises:
            CalibrationError: that is so.
        """
        if self.times and not trains:
            raise CalibrationError("varied speech is for --compress and --recover; leave --vary out")
        if (self.rooms or self.noises) and not self.times:
            raise CalibrationError("rooms and noise are for speech that is heard again; say how often with --vary")


@dataclass(frozen=True, slots=True)
class Learning:
    """Means of making a model file smaller at the same words, by what recordings of speech tell of it."""

    recordings: tuple[Path, ...] = ()
    """Files, folders and manifests (`find_recordings`) to listen to, so that int8 and int4 lose less."""
    reduction: float = 0.0
    """Share of the encoder's weights to take away (`export.compress`)."""
    recover_s: float = 0.0
    """Seconds to train what is left, and INT4."""
    keep_in: Path | None = None
    """Folder for what recordings tell of a checkpoint, and for states of trainings: the same export goes on from these
    after an interruption, and removes them when the model is written."""
    variety: Variety = Variety()
    """Variety of the speech that is compressed and trained with."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Recipe for a model: how small, and by what means."""

    precision: Precision
    reduction: float = 0.0
    """Share of the encoder's weights to take away."""
    recover_s: float = 0.0
    """Seconds to train for: once after taking weights away, once more for INT4."""
    raised: float = 0.0
    """Share of an INT4 model's linear weights that stay INT8, those where INT4 hurts most first; at the least as many
    as there is room for (`export.maker`)."""

    @property
    def label(self) -> str:
        """Description of the recipe for people."""
        parts: list[str] = [self.precision]
        if self.raised:
            parts.append(f"{self.raised:.0%} of weights at int8")
        if self.reduction:
            parts.append(f"encoder -{self.reduction:.0%}")
        if self.recover_s and (self.reduction or self.precision == "int4"):
            parts.append("recovered")
        return ", ".join(parts)

    def is_no_smaller(self, other: Recipe) -> bool:
        """Whether the file is at least as large as the other's, by what is asked for alone."""
        bits, others = (PRECISIONS.index(recipe.precision) for recipe in (self, other))
        if self.precision == other.precision:
            return self.raised >= other.raised and self.reduction <= other.reduction
        return bits < others and not other.raised and self.reduction <= other.reduction  # listed largest first

    def check(self, recordings: Collection[object]) -> None:
        """Refuse what needs recordings where there are none, and what gains nothing from them.

        Raises:
            CalibrationError: that is so.
        """
        if not recordings and (self.reduction or self.recover_s):
            raise CalibrationError("compressing and recovering need to hear speech; name some with --calibration")
        if recordings and self.precision not in CALIBRATED and not self.reduction:
            raise CalibrationError(
                f"calibration is for gguf files at {' or '.join(CALIBRATED)}, or for --compress; "
                f"{self.precision} has nothing to gain from it"
            )
        if self.recover_s and not self.reduction and self.precision != "int4":
            raise CalibrationError(
                f"{self.precision} loses nothing that training would bring back; --recover is for int4 and --compress"
            )
