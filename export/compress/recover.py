"""Recovery: a model that was made smaller learns from the one it came from, on speech without transcripts.

The student's encoder states, after each layer and at the end, are drawn towards the teacher's (as DistilBERT's and
Distil-Whisper's students are), and so are the probabilities of the next token that its decoder gives for the teacher's
own transcripts: an error that changes no word costs less than one that does. Weights that will be rounded to INT4 are
rounded in every step, and the gradient goes through as if they were not (Bengio et al. 2013); the scales of their
groups learn too (LSQ, Esser et al. 2020). Clips kept aside say when to stop, and which step to keep.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from edge.format.whisper import WhisperDims
from edge.progress import Progress
from edge.quant import GROUP

from .damage import divergence
from .network import Tensors, convolve, decode, encode
from .speech import Batch

_WARM_UP = 50
"""Steps until the learning rate is what it should be."""

_WORDS = 1.0
"""Weight of the words' divergence (nats a token) beside the states' error (a share of their variance)."""

_PADDING = 0.05
"""Weight of a position of padding beside one of the clip."""

_LEAST_GAIN = 0.002
_PATIENCE = 5
"""Looks at the kept clips without a gain of that share before it stops."""

_LOOKS = 16
"""At the kept clips, in the time that there is."""


@dataclass(frozen=True, slots=True)
class Network:
    """A model in torch."""

    tensors: Tensors
    dims: WhisperDims


@dataclass(frozen=True, slots=True)
class Lesson:
    """What to learn from, for how long, and how fast."""

    epoch: Callable[[np.random.Generator], Iterable[Batch]]
    """All clips, in a new order each time."""
    kept: Sequence[Batch]
    seconds: float
    learning_rate: float
    most_steps: int | None = None
    """Batches to learn from at most; None where time alone counts."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A model after recovery."""

    tensors: dict[str, torch.Tensor]
    """Not rounded: `scales` says how to."""
    scales: dict[str, torch.Tensor]
    before: float
    """Loss on the kept clips."""
    after: float
    n_steps: int


def recover(
    teacher: Network,
    student: Network,
    learns: Iterable[str],
    scales: Mapping[str, torch.Tensor],
    lesson: Lesson,
    progress: Progress,
) -> Recovered:
    """Train the student's tensors named `learns`; those in `scales`, (n, k / 32) each, as INT4."""
    learning = {name: student.tensors[name].clone().requires_grad_() for name in learns}
    steps = {name: scale.clone().requires_grad_() for name, scale in scales.items()}
    groups = [
        {"params": list(learning.values()), "share": 1.0},
        {"params": list(steps.values()), "share": 0.1},  # a scale moves 32 weights
    ]
    optimizer = torch.optim.AdamW(groups, lr=lesson.learning_rate, weight_decay=0.0, betas=(0.9, 0.98))

    def look() -> float:
        with torch.no_grad():
            rounded = Network(_rounded({**student.tensors, **learning}, steps), student.dims)
            return float(np.mean([float(_loss(teacher, rounded, batch)) for batch in lesson.kept]))

    def found(n_steps: int) -> Recovered:
        tensors = {name: tensor.detach().clone() for name, tensor in {**student.tensors, **learning}.items()}
        return Recovered(tensors, {name: step.detach().clone() for name, step in steps.items()}, before, best, n_steps)

    before = best = look()
    kept, worse = found(0), 0
    began = looked = time.monotonic()
    for n_steps, batch in enumerate(_endless(lesson.epoch)):
        now = time.monotonic()
        share = max((now - began) / lesson.seconds, n_steps / (lesson.most_steps or math.inf))
        if share >= 1 or now - looked >= lesson.seconds / _LOOKS:
            loss = look()
            looked = time.monotonic()
            worse = 0 if loss < best * (1 - _LEAST_GAIN) else worse + 1
            if loss < best:
                best = loss
                kept = found(n_steps)
            if share >= 1 or worse >= _PATIENCE:
                break
        rate = lesson.learning_rate * min(1.0, (n_steps + 1) / _WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * share))
        for group in optimizer.param_groups:
            group["lr"] = rate * group["share"]
        optimizer.zero_grad()
        loss_now = _loss(teacher, Network(_rounded({**student.tensors, **learning}, steps), student.dims), batch)
        torch.autograd.backward(loss_now)
        torch.nn.utils.clip_grad_norm_([*learning.values(), *steps.values()], 1.0)
        optimizer.step()
        what = f"recovering (seconds; divergence {best:.4f}, {before:.4f} at first)"
        progress(what, round(share * lesson.seconds), round(lesson.seconds))
    return kept


def _endless(epoch: Callable[[np.random.Generator], Iterable[Batch]]) -> Iterable[Batch]:
    rng = np.random.default_rng(0)
    while True:
        yield from epoch(rng)


def _rounded(tensors: Tensors, scales: Tensors) -> Tensors:
    """The weights that the kernels will see, with gradients to what they were made from."""
    return {**tensors, **{name: _round_q4_0(tensors[name], scale) for name, scale in scales.items()}}


def _round_q4_0(weights: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    half = scales + (scales.half().float() - scales).detach()
    ratio = weights.view(*scales.shape, GROUP) / torch.where(half == 0, torch.ones_like(half), half)[..., None]
    codes = torch.clamp(ratio + (ratio.round() - ratio).detach(), -8, 7)
    return (codes * half[..., None]).flatten(-2)


def _loss(teacher: Network, student: Network, batch: Batch) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16):  # products only; twice as fast where the processor has them
        return _loss_of(teacher, student, batch)


def _loss_of(teacher: Network, student: Network, batch: Batch) -> torch.Tensor:
    counts = batch.counts + _PADDING * (1 - batch.counts)
    with torch.no_grad():
        stem = convolve(teacher.tensors, batch.features)
        wanted = encode(teacher.tensors, teacher.dims, stem)[1:]
        words = _logprobs(teacher, batch, wanted[-1])
    found = encode(student.tensors, student.dims, stem)[1:]
    errors = torch.stack([_error(one.float(), other.float(), counts) for one, other in zip(found, wanted, strict=True)])
    states = errors[:-1].mean() + errors[-1]
    return states + _WORDS * divergence(_logprobs(student, batch, found[-1]), words) / len(words)


def _logprobs(network: Network, batch: Batch, states: torch.Tensor) -> torch.Tensor:
    rows = decode(network.tensors, network.dims, batch.tokens, states)[batch.predicts > 0]
    return functional.log_softmax((rows @ network.tensors["dec.token_embd.weight"].T).float(), dim=-1)


def _error(found: torch.Tensor, wanted: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Mean squared error as a share of the variance, each channel by itself: a few are far larger than the others."""
    weights = counts[..., None] / counts.sum()
    mean = (wanted * weights).sum(dim=(0, 1))
    variance = ((wanted - mean) ** 2 * weights).sum(dim=(0, 1))
    return ((found - wanted) ** 2 * weights / (variance + 1e-3 * variance.mean())).sum(dim=(0, 1)).mean()
