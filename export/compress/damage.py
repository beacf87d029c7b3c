"""What compression does to the words: how far the probabilities of the next token move, on clips kept for that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

from edge.whisper.file.dims import WhisperDims

from .factors import Moments
from .network import Tensors, convolve, decode, encode
from .speech import Batch


@dataclass(frozen=True, slots=True)
class Watched:
    """Batch, and what the whole model makes of it."""

    batch: Batch
    stem: torch.Tensor
    """Input of the first layer."""
    logprobs: torch.Tensor
    """Log-probabilities at the tokens that count, (n, n_vocab), float16."""


def watch(whole: Tensors, dims: WhisperDims, batches: Sequence[Batch]) -> list[Watched]:
    """Let the whole model hear the batches that damage is measured on."""
    watched = []
    with torch.no_grad():
        for batch in batches:
            stem = convolve(whole, batch.features)
            states = encode(whole, dims, stem)[-1]
            watched.append(Watched(batch, stem, _logprobs(whole, dims, batch, states).half()))
    return watched


def damage(
    tensors: Tensors, dims: WhisperDims, watched: Sequence[Watched], inputs: Sequence[torch.Tensor], first: int
) -> float:
    """Measure the mean Kullback-Leibler divergence a token, in nats; `inputs` go into layer `first`, one a batch."""
    total, n = 0.0, 0
    with torch.no_grad():
        for item, x in zip(watched, inputs, strict=True):
            found = _logprobs(tensors, dims, item.batch, encode(tensors, dims, x, first)[-1])
            total += float(divergence(found, item.logprobs.float()))
            n += len(found)
    return total / n


def divergence(found: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
    """Sum KL(expected || found) over rows of log-probabilities (n, n_vocab)."""
    return functional.kl_div(found, expected, log_target=True, reduction="sum")


def _logprobs(tensors: Tensors, dims: WhisperDims, batch: Batch, states: torch.Tensor) -> torch.Tensor:
    rows = decode(tensors, dims, batch.tokens, states)[batch.predicts > 0]
    return functional.log_softmax(rows @ tensors["dec.token_embd.weight"].T, dim=-1)


def moments_of(tensors: Tensors, dims: WhisperDims, batches: Sequence[Batch]) -> dict[str, Moments]:
    """Gather moments of what goes into each linear of the encoder, over the clips' own positions."""
    sums: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    n = 0.0
    for batch in batches:
        counts = batch.counts > 0
        n += float(batch.counts.sum())

        def observe(stem: str, x: torch.Tensor, counts: torch.Tensor = counts) -> None:
            rows = x[counts]
            second, first = sums.get(stem, (torch.zeros(()), torch.zeros(())))
            sums[stem] = second + (rows.T @ rows).double(), first + rows.sum(dim=0).double()

        with torch.no_grad():
            encode(tensors, dims, convolve(tensors, batch.features), observe=observe)
    return {stem: Moments((second / n).numpy(), (first / n).numpy()) for stem, (second, first) in sums.items()}
