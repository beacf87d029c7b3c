"""Making a model of a checkpoint after a recipe: compression, calibration, rounding, recovery."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from edge.progress import Progress, silent
from edge.whisper.file.dims import tensor_shapes
from edge.whisper.file.landmarks import Tail
from edge.whisper.file.positions import POSITIONS, are_sinusoids
from edge.whisper.file.roles import Precision, Role, role_of

from .calibrate import calibrate
from .calibrate.known import Known, known_calibration
from .calibrate.moments import Calibration
from .calibrate.recordings import Recording
from .calibrate.sensitivity import AtInt4, costliest_groups, hear_clips, measure_int4
from .checkpoint.types import Checkpoint
from .landmarks import find_tail
from .quantize.model import Recover, equalized, groups_of, quantize_checkpoint
from .quantize.policy import Quantized
from .recipe import CALIBRATED, REDUCTIONS, Recipe, Variety
from .tools.packages import require
from .tools.spool import Keep, in_memory
from .writers.gguf import write_model_file

if TYPE_CHECKING:
    from .compress.checkpoints import Checkpoints
    from .compress.search import Search
    from .compress.speech import Speech


@dataclass(frozen=True, slots=True)
class MadeModel:
    """Checkpoint after a recipe, all but written."""

    recipe: Recipe
    checkpoint: Checkpoint
    """Checkpoint that was rounded; its encoder is smaller than the source's where the recipe takes weights away."""
    quantized: Mapping[str, Quantized]
    """Tensors as the file will hold them, by name."""
    tail: Tail
    """Landmarks of the model's padding."""
    heard: tuple[str, ...] = ()
    """SHA-256 of each recording that was listened to: who measures the model must use others."""

    def write(self, path: Path, report: str | None = None) -> None:
        """Write the model file, with a report in it."""
        write_model_file(
            self.checkpoint, path, self.recipe.precision, self.quantized, self.tail, heard=self.heard, report=report
        )


def make_plain(
    checkpoint: Checkpoint, precision: Precision, progress: Progress = silent, keep: Keep = in_memory
) -> MadeModel:
    """Round a checkpoint by itself: nothing is listened to, and nothing is taken away."""
    quantized = quantize_checkpoint(checkpoint, precision, keep=keep, progress=progress)
    return _finish(Recipe(precision), checkpoint, quantized, (), progress)


def _finish(
    recipe: Recipe,
    checkpoint: Checkpoint,
    quantized: Mapping[str, Quantized],
    heard: tuple[str, ...],
    progress: Progress,
) -> MadeModel:
    progress("looking at the padding", 0, 0)
    tail = find_tail(checkpoint.name, checkpoint.dims, quantized)
    return MadeModel(recipe, checkpoint, quantized, tail, heard)


@dataclass
class Maker:
    """Maker of models of one checkpoint; what recipes share is made once."""

    checkpoint: Checkpoint
    recordings: Sequence[Recording]
    """Recordings of speech that recipes may listen to."""
    keep_in: Path | None
    """Folder for moments, and for checkpoints of trainings, from which an interrupted export goes on."""
    progress: Progress
    variety: Variety = field(default_factory=Variety)
    """Variety of the speech that is compressed and trained with."""
    _speech: Speech | None = None
    _checkpoints: Checkpoints | None = None
    _search: Search | None = None
    _smaller: dict[tuple[float, float], Checkpoint] = field(default_factory=dict)
    _known: Calibration | None = None
    _costs: list[AtInt4] | None = None

    @property
    def speech(self) -> Speech:
        """Clips of the recordings, with the checkpoint's own words."""
        if self._speech is None:
            require("export", "torch")
            from .compress.speech import hear

            self._speech = hear(self.checkpoint, self.recordings, self.variety, self.progress)
        return self._speech

    def make(self, recipe: Recipe, keep: Keep = in_memory) -> MadeModel:
        """Follow a recipe that makes sense (`Recipe.check`); `keep` can put away what is rounded (export.tools.spool).

        Raises:
            CalibrationError: nothing in the recordings is long enough.
            AudioError: a recording cannot be read.
            EdgeError: torch is needed and not installed.
        """
        checkpoint = self.shrunk(recipe.reduction, recipe.recover_s)
        known = self._calibration(checkpoint, recipe.precision)
        raised = self._first_to_raise(recipe) if recipe.precision == "int4" and known is not None else frozenset[str]()
        measured = self._costs if self._costs and checkpoint is self.checkpoint else []
        quantized = quantize_checkpoint(
            checkpoint,
            recipe.precision,
            calibration=known,
            raised=raised,
            rounded={name: rows for group in measured for name, rows in group.rows.items()},
            recover=self._recover(checkpoint, recipe),
            keep=keep,
            progress=self.progress,
        )
        heard = tuple(recording.sha256 for recording in self.recordings) if recipe.reduction else ()
        return _finish(recipe, checkpoint, quantized, heard if known is None else known.recordings, self.progress)

    def tidy(self) -> None:
        """Remove the checkpoints of trainings: what they led to is written, and nobody will go on with them."""
        if self._checkpoints is not None:
            self._checkpoints.clear()

    def shrunk(self, reduction: float, recover_s: float) -> Checkpoint:
        """Give the checkpoint a smaller encoder; all sizes lie on one way down, which is searched once."""
        if not reduction:
            return self.checkpoint
        speech = self.speech
        key = reduction, recover_s
        if key not in self._smaller:
            from .compress.encoder import search_sizes, shrink_encoder

            if self._search is None or not self._search.reaches(reduction):
                self._search = search_sizes(self.checkpoint, speech, REDUCTIONS)
            trainings = self._kept_trainings()
            self._smaller[key] = shrink_encoder(
                self.checkpoint, self._search, speech, reduction, recover_s, self.progress, trainings
            ).checkpoint
        return self._smaller[key]

    @cached_property
    def shipped(self) -> Known | None:
        """Knowledge of the checkpoint that comes with edgewise, where no recordings are given to gain it from."""
        return None if self.recordings else known_calibration(self.checkpoint.source_sha256)

    def _calibration(self, checkpoint: Checkpoint, precision: Precision) -> Calibration | None:
        if self.recordings and precision in CALIBRATED:
            return self._calibrated(checkpoint)
        return self.shipped.calibration if self.shipped is not None and precision == "int4" else None

    def _calibrated(self, checkpoint: Checkpoint) -> Calibration:
        if checkpoint is not self.checkpoint:  # a smaller encoder, which is made once
            return calibrate(checkpoint, self.recordings, None, self.progress)
        if self._known is None:
            self._known = calibrate(checkpoint, self.recordings, self.keep_in, self.progress)
        return self._known

    def _first_to_raise(self, recipe: Recipe) -> frozenset[str]:
        """Choose the linears that stay INT8, the costliest first."""
        room = _room(self.checkpoint)
        if not (recipe.raised or room):
            return frozenset()
        shapes = tensor_shapes(self.checkpoint.dims)
        groups = [(group, sum(math.prod(shapes[name]) for name in group)) for group in self._costliest_groups()]
        wanted = recipe.raised * sum(n_weights for _, n_weights in groups)
        names: list[str] = []
        raised = 0
        for group, n_weights in groups:
            if raised < wanted or raised + n_weights <= room:
                names += group
                raised += n_weights
        return frozenset(names)

    def _costliest_groups(self) -> Sequence[tuple[str, ...]]:
        """Rank the groups of linears: the first is where INT4 hurts most for each byte that INT8 would cost more."""
        if self.shipped is not None:
            return self.shipped.costliest
        self._costs = self._costs or self._measure_costs()
        return costliest_groups(self._costs)

    def _measure_costs(self) -> list[AtInt4]:
        whole = equalized(self.checkpoint, self._calibrated(self.checkpoint))
        heard, tail = hear_clips(self.checkpoint, self.recordings, self.progress)
        return measure_int4(self.checkpoint, whole, groups_of(self.checkpoint.tensors), heard, tail, self.progress)

    def _recover(self, checkpoint: Checkpoint, recipe: Recipe) -> Recover | None:
        if recipe.precision != "int4" or not recipe.recover_s:
            return None
        from .compress.rounding import recover_q4_0

        return lambda tensors, moments: recover_q4_0(
            self.checkpoint,
            checkpoint.dims,
            tensors,
            moments,
            self.speech,
            recipe.recover_s,
            self.progress,
            self._kept_trainings(),
        )

    def _kept_trainings(self) -> Checkpoints | None:
        if self._checkpoints is None and self.keep_in is not None:
            from .compress.checkpoints import Checkpoints

            self._checkpoints = Checkpoints(self.keep_in)
        return self._checkpoints


def _room(checkpoint: Checkpoint) -> int:
    """Count the weights that can be INT8 in an INT4 model in the bytes that positions and convolutions free."""
    positions = checkpoint.tensors[POSITIONS]
    free = 2 * positions.size if are_sinusoids(positions) else 0
    shapes = tensor_shapes(checkpoint.dims)
    free += sum(math.prod(shape) for name, shape in shapes.items() if role_of(name) is Role.CONVOLUTION)
    return round(free / (1 - 18 / 32))  # bytes of an INT8 weight less those of one in a block of Q4_0
