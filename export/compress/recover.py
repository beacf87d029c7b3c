"""Recovery: a model that was made smaller learns from the one it came from, on speech without transcripts.

The student's encoder states, after each layer and at the end, are drawn towards the teacher's (as DistilBERT's and
Distil-Whisper's students are), and so are the probabilities of the next token that its decoder gives for the teacher's
own transcripts: an error that changes no word costs less than one that does. Weights that will be rounded to INT4 are
rounded in every step, and the gradient goes through as if they were not (Bengio et al. 2013); the scales of their
groups learn too (LSQ, Esser et al. 2020). Every batch pulls the weights its own way, so what is kept is their running
mean over the steps (Polyak and Juditsky 1992). Clips kept aside say which mean to keep, and when to go back to it at
half the rate, or to stop.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch.nn import functional

from edge.progress import Progress
from edge.quant import GROUP
from edge.whisper.file.dims import WhisperDims

from .checkpoints import CheckpointFile, Checkpoints, State, Table, fingerprint
from .damage import divergence
from .network import Tensors, convolve, decode, encode
from .speech import Batch, Speech

_WARM_UP = 50
"""Number of steps until the learning rate is what it should be."""

_WORDS = 1.0
"""Weight of the words' divergence (nats a token) against the states' error (a share of their variance)."""

_AVERAGED = 100
"""Number of steps over which the mean of the weights runs."""

_PADDING = 0.05
"""Weight of a position of padding against one of the clip."""

_LOOKS = 16
"""Number of looks at the kept clips, in the time that there is."""

_LEAST_GAIN = 0.002
_PATIENCE = 3
"""Number of looks without that gain before training goes back to the best and halves its rate: a lower one gains
where a higher one only moves. One is enough at the beginning, where too high a rate undoes what is right."""

_MOST_HALVED = 3
"""Number of times that the rate is halved; when the last has gained nothing either, training stops."""

_SCALE = ":scale"
"""Ending of the name of a weight's scales among what learns."""


@dataclass(frozen=True, slots=True)
class Network:
    """Model in torch."""

    tensors: Tensors
    dims: WhisperDims


@dataclass(frozen=True, slots=True)
class Lesson:
    """Lesson of one training: what to learn from, for how long, and how fast."""

    speech: Speech
    seconds: float
    learning_rate: float
    most_steps: int | None = None
    """Largest number of batches to learn from; None where time alone counts."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """Model after recovery."""

    tensors: dict[str, torch.Tensor]
    """Tensors that are not rounded yet; `scales` says how to."""
    scales: dict[str, torch.Tensor]
    before: float
    """Loss on the kept clips."""
    after: float
    n_steps: int


def recover(
    teacher: Network,
    student: Network,
    learns: Iterable[str],
    scales: Tensors,
    lesson: Lesson,
    progress: Progress,
    checkpoints: Checkpoints | None = None,
) -> Recovered:
    """Train the student's tensors named `learns`; those in `scales`, (n, k / 32) each, as INT4.

    With `checkpoints`, what an interrupted run of the same lesson has left is taken up, and left again.
    """
    values = {name: student.tensors[name].clone() for name in learns}
    values |= {f"{name}{_SCALE}": scale.clone() for name, scale in scales.items()}
    state, file, taken_up = State(values, values, values), None, False
    if checkpoints is not None:
        file = checkpoints.file(_fingerprint(teacher, student, values, lesson))
        left = file.load(state)
        state, taken_up = left or state, left is not None
    if not taken_up:
        state.best, state.average = _copy(values), _copy(values)
        state.before = state.least = _look(teacher, student, values, lesson)
    if state.ended:
        progress("recovered already, before an interruption", 0, 0)
    else:
        _train(teacher, student, state, lesson, file, progress)
    return Recovered(*_parts(student, state.best), state.before, state.least, state.n_best)


def _train(
    teacher: Network, student: Network, state: State, lesson: Lesson, file: CheckpointFile | None, progress: Progress
) -> None:
    optimizer = _optimizer(state)
    gone_on = f"; gone on after {state.seconds:.0f} s" if state.n_steps else ""
    now = time.monotonic()
    for batch in _batches(lesson.speech, state):
        now = _count_time(state, now)
        share = max(state.seconds / lesson.seconds, state.n_steps / (lesson.most_steps or math.inf))
        looks = share >= 1 or share - state.looked >= 1 / _LOOKS
        if looks:
            _compare(state, _look(teacher, student, state.average, lesson))
            now = _count_time(state, now)
            state.looked = share
            if share >= 1 or state.n_halved > _MOST_HALVED:
                break
        if file is not None and file.is_due(looked=looks):
            state.first, state.second = _averages(optimizer, state.values)
            file.save(state)
        _step(optimizer, _rate(state, lesson, share), _loss(teacher, _rounded(student, state.values), batch))
        _average(state)
        what = f"recovering (seconds; divergence {state.least:.4f}, {state.before:.4f} at first{gone_on})"
        progress(what, round(share * lesson.seconds), round(lesson.seconds))
    state.values, state.average, state.first, state.second, state.ended = {}, {}, {}, {}, True
    if file is not None:
        file.save(state)


def _rate(state: State, lesson: Lesson, share: float) -> float:
    """Choose the learning rate: it warms up, falls to 0 with the `share` that is over, and is halved without a gain."""
    warmth = min(1.0, (state.n_steps + 1) / _WARM_UP)
    return lesson.learning_rate * warmth * 0.5**state.n_halved * (0.5 + 0.5 * math.cos(math.pi * share))


def _count_time(state: State, since: float) -> float:
    now = time.monotonic()
    state.seconds += now - since
    return now


def _batches(speech: Speech, state: State) -> Iterator[Batch]:
    """Give all clips again and again, from where the state is; a batch counts when the next one is asked for."""
    while True:
        for batch in islice(speech.epoch(np.random.default_rng(state.epoch)), state.n_of_epoch, None):
            yield batch
            state.n_steps += 1
            state.n_of_epoch += 1
        state.epoch, state.n_of_epoch = state.epoch + 1, 0


def _average(state: State) -> None:
    share = max(1 / _AVERAGED, 1 / (state.n_steps + 1))
    with torch.no_grad():
        for name, value in state.values.items():
            state.average[name].lerp_(value, share)


def _compare(state: State, loss: float) -> None:
    state.n_worse = 0 if loss < state.least * (1 - _LEAST_GAIN) else state.n_worse + 1
    if loss < state.least:
        state.best, state.least, state.n_best = _copy(state.average), loss, state.n_steps
    if state.n_worse >= (_PATIENCE if state.n_best else 1):
        state.n_halved, state.n_worse = state.n_halved + 1, 0
        with torch.no_grad():
            for name, value in state.values.items():
                value.copy_(state.best[name])
                state.average[name].copy_(value)


def _look(teacher: Network, student: Network, values: Tensors, lesson: Lesson) -> float:
    """Measure the loss on the kept clips."""
    with torch.no_grad():
        rounded = _rounded(student, values)
        return float(np.mean([float(_loss(teacher, rounded, batch)) for batch in lesson.speech.kept]))


def _optimizer(state: State) -> torch.optim.Optimizer:
    """Make Adam, with what it knew where training goes on."""
    weights = [value.requires_grad_() for name, value in state.values.items() if not name.endswith(_SCALE)]
    scales = [value.requires_grad_() for name, value in state.values.items() if name.endswith(_SCALE)]
    groups = [{"params": weights, "share": 1.0}, {"params": scales, "share": 0.1}]  # a scale moves 32 weights
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0, betas=(0.9, 0.98))
    for name, first in state.first.items():
        step = torch.tensor(float(state.n_steps))
        optimizer.state[state.values[name]] = {"step": step, "exp_avg": first, "exp_avg_sq": state.second[name]}
    return optimizer


def _averages(optimizer: torch.optim.Optimizer, values: Tensors) -> tuple[Table, Table]:
    """Give the averages of the gradients and of their squares, by the values' names."""
    known = {name: optimizer.state[value] for name, value in values.items() if value in optimizer.state}
    return {name: own["exp_avg"] for name, own in known.items()}, {n: own["exp_avg_sq"] for n, own in known.items()}


def _step(optimizer: torch.optim.Optimizer, rate: float, loss: torch.Tensor) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate * group["share"]
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_([value for group in optimizer.param_groups for value in group["params"]], 1.0)
    optimizer.step()


def _fingerprint(teacher: Network, student: Network, values: Tensors, lesson: Lesson) -> str:
    """Hash all that the result of a training depends on."""
    settings = lesson.seconds, lesson.learning_rate, lesson.most_steps
    networks = teacher.dims, teacher.tensors, student.dims, student.tensors
    return fingerprint(*networks, values, lesson.speech.fingerprint, settings)


def _copy(values: Tensors) -> Table:
    return {name: value.detach().clone() for name, value in values.items()}


def _parts(student: Network, values: Tensors) -> tuple[Table, Table]:
    """Give all tensors of the student with these values, and the scales among the values."""
    scales = {name.removesuffix(_SCALE): value for name, value in values.items() if name.endswith(_SCALE)}
    weights = {name: value for name, value in values.items() if not name.endswith(_SCALE)}
    return {**student.tensors, **weights}, scales


def _rounded(student: Network, values: Tensors) -> Network:
    """Round weights to what the kernels will see; gradients reach what they were made from."""
    tensors, scales = _parts(student, values)
    rounded = {name: _round_q4_0(tensors[name], scale) for name, scale in scales.items()}
    return Network({**tensors, **rounded}, student.dims)


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
    """Measure the mean squared error as a share of the variance, by channel: a few are far larger than the others."""
    weights = counts[..., None] / counts.sum()
    mean = (wanted * weights).sum(dim=(0, 1))
    variance = ((wanted - mean) ** 2 * weights).sum(dim=(0, 1))
    return ((found - wanted) ** 2 * weights / (variance + 1e-3 * variance.mean())).sum(dim=(0, 1)).mean()
