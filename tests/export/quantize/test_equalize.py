"""Equalisation changes numbers, not the function."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from export.calibrate.forward import Forward
from export.calibrate.moments import MomentSum
from export.checkpoint.types import Checkpoint
from export.quantize.equalize import equalize

MadeCheckpoint = Callable[..., Checkpoint]


def unevenness(moments: Mapping[str, NDArray[np.float32]]) -> float:
    return float(np.log(np.diagonal(moments["enc.blocks.0.attn.in"])).std())


def test_the_same_states_from_channels_that_are_more_alike(make_checkpoint: MadeCheckpoint) -> None:
    checkpoint = make_checkpoint("base", "float32")
    dims = checkpoint.dims
    tensors = dict(checkpoint.tensors)
    for name in tensors:
        if name.endswith("norm_attn.weight"):  # as trained models have it
            tensors[name] = np.exp(2 * np.random.default_rng(1).standard_normal(64)).astype(np.float32)
    rng = np.random.default_rng(2)
    features = rng.standard_normal((2 * dims.n_audio_ctx, dims.n_mels)).astype(np.float32)

    before = MomentSum()
    states = Forward(dims, tensors, before).encode(features, dims.n_audio_ctx).states
    equal, moments = equalize(dims, tensors, before.mean().matrices)
    after = MomentSum()
    np.testing.assert_allclose(Forward(dims, equal, after).encode(features, dims.n_audio_ctx).states, states, atol=1e-4)

    seen = after.mean().matrices
    for name, matrix in moments.items():
        scale = np.abs(seen[name]).max()
        np.testing.assert_allclose(matrix / scale, seen[name] / scale, atol=2e-3, err_msg=name)
    assert unevenness(seen) < 0.6 * unevenness(before.mean().matrices)
    assert equal.keys() == tensors.keys()
    assert all(equal[name] is tensors[name] for name in tensors if name.startswith("dec."))
