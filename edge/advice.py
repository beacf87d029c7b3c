"""Which model suits a machine: a simple rule, by cores and memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .machine import describe_machine
from .threads import default_threads
from .whisper.file.cost import memory_bytes, n_weights
from .whisper.file.dims import WhisperDims

WEIGHTS_PER_CORE = 125_000_000
"""Weights for each physical core at which words come soon after they are spoken, on the processors of today."""

MEMORY_SHARE = 4
"""Part of the memory, as one in so many, that a model may take while it runs at INT8."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Models that suit a machine, and why. As text, one line."""

    english: str
    """Name of the model for English."""
    other: str
    """Name of the model for other languages."""
    cores: int
    memory_gb: float

    def __str__(self) -> str:
        names = self.other if self.english == self.other else f"{self.english} for English, {self.other} for others"
        return (
            f"recommended here (*): {names}; {self.cores} cores at {WEIGHTS_PER_CORE / 1e6:.0f} million weights, "
            f"1/{MEMORY_SHARE} of {self.memory_gb:g} GB"
        )


def recommend(
    models: Sequence[tuple[str, WhisperDims]], cores: int | None = None, memory_gb: float | None = None
) -> Advice | None:
    """Choose among models by name and sizes, for this machine unless another is described; None without any.

    Where nothing fits, it is the smallest. Of models with the same sizes the last counts, which is the newest.
    """
    cores = cores or default_threads()
    memory_gb = memory_gb or describe_machine().memory_gb
    known = dict(models)
    several = sorted((name for name in known if known[name].is_multilingual), key=lambda name: n_weights(known[name]))
    if not several:
        return None

    def fits(name: str) -> bool:
        dims = known[name]
        is_quick = n_weights(dims) <= WEIGHTS_PER_CORE * cores
        return is_quick and memory_bytes(dims, "int8") * MEMORY_SHARE <= memory_gb * 1e9

    other = [name for name in several if fits(name)][-1:] or several[:1]
    english = f"{other[0]}.en"
    return Advice(english if english in known else other[0], other[0], cores, memory_gb)
