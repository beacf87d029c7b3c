"""Where to take weights away: one budget for the whole encoder, spent where the words suffer least.

Every step makes one part of one layer one size smaller. The step with the least damage for each weight that it saves is
taken, until the budget is met. What a step would do is measured, not guessed from energy: layers differ a hundredfold
in what their error means. A measurement is kept until the step comes first in the queue, and is made again then, since
the steps taken meanwhile have changed the model (the lazy greedy method, Minoux 1978); the moments are gathered anew
now and then for the same reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray

from edge.progress import Progress
from edge.whisper.file.dims import LayerShape, WhisperDims

from .damage import damage, moments_of, watch
from .factors import Moments
from .network import encode, to_torch
from .shapes import Part, reshape, smaller, with_layer
from .speech import Batch

_FRESH = 0.04
"""Share of the encoder's weights after whose removal moments are gathered again."""


@dataclass(frozen=True, slots=True)
class _Step:
    shape: LayerShape
    """Shape of the layer afterwards."""
    tensors: Mapping[str, torch.Tensor]
    """Tensors that change."""
    moments: Mapping[str, Moments]
    """Moments that change."""
    damage: float
    """Divergence a token of the model afterwards from the whole one, in nats."""
    cost: float
    """Damage that the step adds, for each weight that it saves."""
    age: int
    """Number of steps that were taken when it was measured."""


@dataclass(frozen=True, slots=True)
class Size:
    """Model on the way down."""

    dims: WhisperDims
    tensors: Mapping[str, torch.Tensor]
    """Tensors of the whole model; those that no step has changed are shared between sizes."""
    damage: float
    """Divergence a token from the whole model, in nats."""
    reduction: float
    """Share of the encoder's weights that has gone."""


class Search:
    """Search that takes weights away from an encoder, and remembers the sizes that it was to."""

    def __init__(
        self,
        whole: Mapping[str, NDArray[Any]],
        dims: WhisperDims,
        measured: Sequence[Batch],
        listened: Sequence[Batch],
        parts: tuple[Part, ...] = ("keys", "hidden", "out", "fc1", "fc2"),
        remembers: Sequence[float] = (),
    ) -> None:
        """Begin at the whole model; damage is measured on the clips `measured`, moments come from the clips `listened`.

        `remembers` are reductions that may be asked for after a larger one: all sizes would fill the memory.
        """
        self._dims = dims
        self._tensors = to_torch(whole)
        self._damage = 0.0
        self._to_remember = sorted(remembers)
        self._remembered: dict[float, Size] = {}
        self._age = 0  # steps taken
        self._heard_at = 0.0  # reduction when moments were gathered
        self._known: dict[tuple[int, Part], _Step | None] = {}
        self._whole_weights = dims.encoder_weights
        self._watched = watch(self._tensors, dims, measured)
        self._listened = listened
        self._parts = parts
        self._inputs: list[list[torch.Tensor]] = []  # of each watched batch: what goes into each layer
        self._moments: dict[str, Moments] = {}

    def reaches(self, reduction: float) -> bool:
        """Whether a size is remembered, or lies ahead."""
        return reduction in self._remembered or self._reduction < reduction

    def at(self, reduction: float, progress: Progress) -> Size:
        """Give the first size with that share of the encoder's weights gone, or the last one if nothing more can go.

        Raises:
            ValueError: it lies behind, and was not to be remembered.
        """
        if not self.reaches(reduction):
            raise ValueError(f"a reduction of {reduction} after one of {self._reduction}")
        if reduction not in self._remembered:
            self._shrink(reduction, progress)
            self._remembered[reduction] = self._size()
        return self._remembered[reduction]

    @property
    def _reduction(self) -> float:
        return 1 - self._dims.encoder_weights / self._whole_weights

    def _size(self) -> Size:
        return Size(self._dims, dict(self._tensors), self._damage, self._reduction)

    def _shrink(self, reduction: float, progress: Progress) -> None:
        if not self._known:
            self._listen()
            places = [(layer, part) for layer in range(self._dims.n_audio_layer) for part in self._parts]
            for done, place in enumerate(places):
                progress("measuring what the encoder can spare", done, len(places))
                self._known[place] = self._measured(place, 0)
        while self._reduction < reduction:
            open_steps = {place: step for place, step in self._known.items() if step is not None}
            if not open_steps:
                return
            progress("compressing (‰ of the encoder)", round(1000 * self._reduction), round(1000 * reduction))
            place, step = min(open_steps.items(), key=lambda item: item[1].cost)
            if step.age == self._age:
                self._take(place[0], step)
                if self._reduction - self._heard_at > _FRESH:
                    self._listen()
            self._known[place] = self._measured(place, self._age)

    def _listen(self) -> None:
        self._moments = moments_of(self._tensors, self._dims, self._listened)
        self._heard_at = self._reduction
        self._look()

    def _look(self) -> None:
        with torch.no_grad():
            self._inputs = [encode(self._tensors, self._dims, item.stem)[:-2] for item in self._watched]

    def _take(self, layer: int, step: _Step) -> None:
        self._tensors.update(step.tensors)
        self._moments.update(step.moments)
        self._dims = with_layer(self._dims, layer, step.shape)
        self._damage = step.damage
        self._age += 1
        while self._to_remember and self._to_remember[0] <= self._reduction:
            self._remembered[self._to_remember.pop(0)] = self._size()
        self._look()

    def _measured(self, place: tuple[int, Part], age: int) -> _Step | None:
        layer, part = place
        shape = smaller(self._dims.layer_shape(layer), part, self._dims)
        if shape is None:
            return None
        numbers = {
            name: tensor.numpy() for name, tensor in self._tensors.items() if name.startswith(f"enc.blocks.{layer}.")
        }
        arrays, moments = reshape(numbers, self._moments, layer, part, shape)
        changed = to_torch(arrays)
        dims = with_layer(self._dims, layer, shape)
        inputs = [states[layer] for states in self._inputs]
        found = damage({**self._tensors, **changed}, dims, self._watched, inputs, layer)
        saved = self._dims.encoder_weights - dims.encoder_weights
        return _Step(shape, changed, moments, found, (found - self._damage) / saved, age)
