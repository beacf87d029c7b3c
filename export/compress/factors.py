"""Smaller linears for an encoder layer, found from what goes through it; nothing is trained here.

Three ways, each with the least squared error of what it gives, over the inputs that the moments describe:

- Two factors for one matrix: the best of rank r for whitened inputs. With the outputs' principal axes alone (LiteASR,
  Kamahori et al. 2025) inputs that never occur count as much as others.
- Narrower queries and keys: a head's scores x^T Q^T K y are a bilinear form of rank 64; the best of rank r for whitened
  x and y costs nothing at run time, where two factors would cost a second product. A constant added to all keys does
  not change softmax, so keys count from their mean.
- A narrower feed-forward layer: hidden units go one after the other, each time those whose loss the others make up for
  best (optimal brain surgeon, Hassibi and Stork 1993, for whole columns), and the others take over what they can.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge.arrays import DoubleArray

_DAMPING = 1e-4
"""Addition to the moments' diagonal, as a share of its mean: directions that calibration hardly knows stay bounded."""

_UNITS = 8
"""Number of hidden units taken away at once: one at a time gives the same within rounding, in eight times the time."""


@dataclass(frozen=True)
class Moments:
    """Moments of the rows that go into a linear. The roots are slow to find, and kept: a search asks often."""

    second: DoubleArray
    """Mean of x x^T, (k, k)."""
    mean: DoubleArray
    """Mean of x, (k,)."""

    @property
    def covariance(self) -> DoubleArray:
        """Covariance around the mean, (k, k)."""
        return self.second - np.outer(self.mean, self.mean)

    @cached_property
    def roots(self) -> tuple[DoubleArray, DoubleArray]:
        """Symmetric square root of the covariance (k, k), and its inverse."""
        return _roots(self.covariance)

    @cached_property
    def extended_roots(self) -> tuple[DoubleArray, DoubleArray]:
        """Roots like `roots`, for the second moments of the rows with a 1 behind them, (k + 1, k + 1)."""
        return _roots(np.block([[self.second, self.mean[:, None]], [self.mean[None], np.ones((1, 1))]]))


def two_factors(
    weight: DoubleArray, bias: DoubleArray, inputs: Moments, rank: int
) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
    """Split weights (n, k) with a bias (n,) into (rank, k), (n, rank) and a bias (n,) with the same mean output."""
    root, inverse = inputs.roots
    u, s, v = np.linalg.svd(weight @ root, full_matrices=False)
    up, down = u[:, :rank] * np.sqrt(s[:rank]), (np.sqrt(s[:rank, None]) * v[:rank]) @ inverse
    return down, up, bias + (weight - up @ down) @ inputs.mean


def narrow_keys(
    q: DoubleArray, q_bias: DoubleArray, k: DoubleArray, inputs: Moments, n_heads: int, width: int
) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
    """Narrow queries (n, d) with bias (n,) and keys (n, d) of `n_heads` to n = n_heads * width."""
    d = q.shape[1]
    x_root, x_inverse = inputs.extended_roots
    y_root, y_inverse = inputs.roots
    with_bias = np.concatenate([q, q_bias[:, None]], axis=1)
    queries, keys = [], []
    for q_head, k_head in zip(np.split(with_bias, n_heads), np.split(k, n_heads), strict=True):
        # Of (x_root Q^T)(K y_root), narrow in the middle, by two QRs and a small SVD.
        left, a = np.linalg.qr(x_root @ q_head.T)
        right, b = np.linalg.qr(y_root @ k_head.T)
        u, s, v = np.linalg.svd(a @ b.T)
        share = np.sqrt(s[:width])
        queries.append((x_inverse @ left @ u[:, :width] * share).T)
        keys.append((y_inverse @ right @ v[:width].T * share).T)
    narrow = np.concatenate(queries)
    return narrow[:, :d], narrow[:, d], np.concatenate(keys)


def narrow_hidden(fc2: DoubleArray, hidden: Moments, width: int) -> tuple[NDArray[np.intp], DoubleArray, DoubleArray]:
    """Choose `width` of the hidden units: those, in order, the weights (n, width) that read them, the bias's gain."""
    left = fc2.copy()
    covariance = hidden.covariance
    inverse = np.linalg.inv(covariance + _DAMPING * np.diagonal(covariance).mean() * np.eye(len(covariance)))
    stays = np.ones(len(inverse), bool)
    while (n_more := int(stays.sum()) - width) > 0:
        loss = np.where(stays, (left**2).sum(axis=0) / np.diagonal(inverse), np.inf)
        for unit in np.argsort(loss)[: min(_UNITS, n_more)]:
            pivot = inverse[unit] / inverse[unit, unit]
            left -= np.outer(left[:, unit], pivot)
            inverse -= np.outer(inverse[:, unit], pivot)
            inverse[unit, unit] = 1.0  # its row and column are zero: it takes part in nothing any more
            left[:, unit] = 0.0
            stays[unit] = False
    kept = np.flatnonzero(stays)
    return kept, left[:, kept], (fc2 - left) @ hidden.mean


def _roots(moments: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Find the symmetric square root of damped moments (k, k), and its inverse."""
    values, vectors = np.linalg.eigh(moments + _DAMPING * np.diagonal(moments).mean() * np.eye(len(moments)))
    values = np.maximum(values, values[-1] * 1e-12)
    return (vectors * np.sqrt(values)) @ vectors.T, (vectors / np.sqrt(values)) @ vectors.T
