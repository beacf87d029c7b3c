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

from edge.format.whisper import LayerShape, WhisperDims
from edge.progress import Progress

from ..costs import encoder_weights
from .damage import damage, moments_of, watch
from .factors import Moments
from .network import encode, to_torch
from .shapes import Part, reshape, smaller, with_layer
from .speech import Batch

_FRESH = 0.04
"""Moments are gathered again when this share of the encoder has gone since."""


@dataclass(frozen=True, slots=True)
class _Step:
    shape: LayerShape
    """Of the layer afterwards."""
    tensors: Mapping[str, torch.Tensor]
    """Those that change."""
    moments: Mapping[str, Moments]
    """Likewise."""
    damage: float
    """Of the model afterwards: divergence a token from the whole one, in nats."""
    cost: float
    """Damage that it adds, for each weight that it saves."""
    age: int
    """Steps taken when it was measured."""


class Search:
    """Takes weights away from an encoder: as far as it is asked to, and further when it is asked again."""

    def __init__(
        self,
        whole: Mapping[str, NDArray[Any]],
        dims: WhisperDims,
        measured: Sequence[Batch],
        listened: Sequence[Batch],
        parts: tuple[Part, ...] = ("keys", "hidden", "out", "fc1", "fc2"),
    ) -> None:
        """`measured` are the clips that damage is measured on, `listened` those that moments come from."""
        self.dims = dims
        self.tensors = to_torch(whole)
        self.damage = 0.0
        """Divergence a token from the whole model, in nats."""
        self._whole_weights = encoder_weights(dims)
        self._watched = watch(self.tensors, dims, measured)
        self._listened = listened
        self._parts = parts
        self._inputs: list[list[torch.Tensor]] = []  # of each watched batch: what goes into each layer
        self._moments: dict[str, Moments] = {}

    @property
    def reduction(self) -> float:
        """Share of the encoder's weights that have gone."""
        return 1 - encoder_weights(self.dims) / self._whole_weights

    def replace(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Go on from other numbers in the same shapes: after recovery."""
        self.tensors = dict(tensors)

    def shrink(self, reduction: float, progress: Progress) -> None:
        """Go on until that share of the encoder's weights has gone, or nothing more can."""
        self._listen()
        heard_at = self.reduction
        places = [(layer, part) for layer in range(self.dims.n_audio_layer) for part in self._parts]
        known = {}
        for done, place in enumerate(places):
            progress("measuring what the encoder can spare", done, len(places))
            known[place] = self._measured(place, 0)
        age = 0
        while self.reduction < reduction:
            open_steps = {place: step for place, step in known.items() if step is not None}
            if not open_steps:
                return
            progress("compressing (‰ of the encoder)", round(1000 * self.reduction), round(1000 * reduction))
            place, step = min(open_steps.items(), key=lambda item: item[1].cost)
            if step.age == age:
                self._take(place[0], step)
                age += 1
                if self.reduction - heard_at > _FRESH:
                    self._listen()
                    heard_at = self.reduction
            known[place] = self._measured(place, age)

    def _listen(self) -> None:
        self._moments = moments_of(self.tensors, self.dims, self._listened)
        self._look()

    def _look(self) -> None:
        with torch.no_grad():
            self._inputs = [encode(self.tensors, self.dims, item.stem)[:-2] for item in self._watched]

    def _take(self, layer: int, step: _Step) -> None:
        self.tensors.update(step.tensors)
        self._moments.update(step.moments)
        self.dims = with_layer(self.dims, layer, step.shape)
        self.damage = step.damage
        self._look()

    def _measured(self, place: tuple[int, Part], age: int) -> _Step | None:
        layer, part = place
        shape = smaller(self.dims.layer_shape(layer), part, self.dims)
        if shape is None:
            return None
        numbers = {
            name: tensor.numpy() for name, tensor in self.tensors.items() if name.startswith(f"enc.blocks.{layer}.")
        }
        arrays, moments = reshape(numbers, self._moments, layer, part, shape)
        changed = to_torch(arrays)
        dims = with_layer(self.dims, layer, shape)
        inputs = [states[layer] for states in self._inputs]
        found = damage({**self.tensors, **changed}, dims, self._watched, inputs, layer)
        saved = encoder_weights(self.dims) - encoder_weights(dims)
        return _Step(shape, changed, moments, found, (found - self.damage) / saved, age)
